/** The routes held against past events: what each would have sent, and what none wants. Sends nothing, keeps nothing. */
import type { LogEvent } from '../../event.ts';
import type { Route } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import { RouteTally } from './route-tally.ts';

/** Okta has about 1,300 event types; the caps only bound what nonsense could fill. */
const MOST_TYPES = 10_000;
const LONGEST_TYPE = 256;

interface Unwanted {
  readonly type: string;
  readonly events: number;
}

export class Rehearsal {
  /** Of the routes that are asked for. */
  readonly tallies: readonly RouteTally[];
  readonly #routes: Routes;
  readonly #byKey: ReadonlyMap<string, RouteTally>;
  readonly #unwanted = new Map<string, number>();
  #events = 0;
  #unwantedEvents = 0;
  #upTo: number | undefined;

  /** Disabled routes are rehearsed too. With `only`, the others count for what no route wants, and for nothing else. */
  constructor(routes: readonly Route[], only?: Route) {
    this.#routes = new Routes(routes.map((route) => ({ ...route, enabled: true })));
    this.tallies = (only === undefined ? routes : [only]).map((route) => new RouteTally(route));
    this.#byKey = new Map(this.tallies.map((tally) => [tally.route.key, tally]));
  }

  get events(): number {
    return this.#events;
  }

  /** How many no route wants. */
  get unwantedEvents(): number {
    return this.#unwantedEvents;
  }

  /** When the newest event was published, ms since 1970. */
  get upTo(): number | undefined {
    return this.#upTo;
  }

  /** One page, oldest first; nothing of its bytes is kept. */
  take(events: readonly LogEvent[]): void {
    for (const event of events) this.#takeOne(event);
    for (const { samples } of this.tallies) samples.letGo();
  }

  /** The types that no route wants, the most frequent first. */
  unwanted(most: number): readonly Unwanted[] {
    return [...this.#unwanted]
      .map(([type, events]) => ({ type, events }))
      .sort((a, b) => b.events - a.events || a.type.localeCompare(b.type))
      .slice(0, most);
  }

  get unwantedTypes(): number {
    return this.#unwanted.size;
  }

  #takeOne(event: LogEvent): void {
    this.#events += 1;
    const at = instantOf(event.published);
    if (at !== undefined) this.#upTo = at;
    const wantedBy = this.#routes.wantedBy(event);
    for (const { key } of wantedBy) this.#byKey.get(key)?.take(event, at);
    if (wantedBy.length === 0) this.#leave(event.eventType ?? '');
  }

  #leave(type: string): void {
    this.#unwantedEvents += 1;
    const known = this.#unwanted.get(type);
    const isNew = known === undefined;
    if (isNew && (this.#unwanted.size >= MOST_TYPES || type.length > LONGEST_TYPE)) return;
    this.#unwanted.set(type, (known ?? 0) + 1);
  }
}

function instantOf(published: string | undefined): number | undefined {
  const at = published === undefined ? Number.NaN : Date.parse(published);
  return Number.isNaN(at) ? undefined : at;
}
