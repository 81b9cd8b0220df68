/** What one route would have sent. Bounded, however many events there are. */
import type { LogEvent } from '../../event.ts';
import type { Route } from '../../routing/route.ts';
import { Backlog } from './backlog.ts';
import { Samples } from './samples.ts';

const MINUTE_MS = 60_000;
/** More keys of an order than this are not told apart. */
export const MOST_KEYS = 10_000;

interface BusiestMinute {
  readonly events: number;
  /** When it began, ms since 1970. */
  readonly at: number;
}

export class RouteTally {
  readonly route: Route;
  readonly samples = new Samples();
  readonly backlog: Backlog | undefined;
  readonly #keys = new Set<string>();
  #count = 0;
  #minute: BusiestMinute | undefined;
  #busiest: BusiestMinute | undefined;

  constructor(route: Route) {
    this.route = route;
    this.backlog = route.rate && new Backlog(route.rate, route.maxAgeMs);
  }

  get count(): number {
    return this.#count;
  }

  get busiest(): BusiestMinute | undefined {
    return this.#busiest;
  }

  /** How many lanes its order has parted the events into, up to MOST_KEYS; undefined where it has no order. */
  get keys(): number | undefined {
    return this.route.order && this.#keys.size;
  }

  /** Oldest first. `at`: when it was published, ms since 1970, if that is known. */
  take(event: LogEvent, at: number | undefined): void {
    this.#count += 1;
    this.samples.take(event);
    if (at !== undefined) this.#timed(at);
    if (this.route.order === undefined || this.#keys.size >= MOST_KEYS) return;
    const key = this.route.order.laneOf(event);
    if (key !== undefined) this.#keys.add(key);
  }

  #timed(at: number): void {
    this.backlog?.came(at);
    const began = at - (at % MINUTE_MS);
    const isSame = this.#minute?.at === began;
    this.#minute = { at: began, events: (isSame ? (this.#minute?.events ?? 0) : 0) + 1 };
    if (this.#minute.events > (this.#busiest?.events ?? 0)) this.#busiest = this.#minute;
  }
}
