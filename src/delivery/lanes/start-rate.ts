/**
 * Keeps the starts of a route's requests as far apart as its `rate` wants: evenly, and so that no window of `perMs`,
 * wherever it begins, holds more than `count`. Timers are a ms or so late, so a start that is late by a little is made up
 * for; the starts of the last window are remembered, so that making up never puts one more into it.
 */
import type { Clock } from '../../clock.ts';

/** So many in so many ms. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** What is late by more than this is not made up for. */
const SLACK_MS = 10;
/** Starts that are remembered; a larger count is kept by spacing alone, and nothing is made up for. */
const MOST_REMEMBERED = 10_000;

export class StartRate {
  readonly #clock: Clock;
  #rate: Rate | undefined;
  #nextAt = Number.NEGATIVE_INFINITY;
  #lastAt = Number.NEGATIVE_INFINITY;
  /** The last starts, as a ring of `count`; the oldest stands at `#oldest`. */
  #starts: number[] = [];
  #oldest = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In force from now on; undefined: as fast as one likes. */
  set(rate: Rate | undefined): this {
    if (rate?.count === this.#rate?.count && rate?.perMs === this.#rate?.perMs) return this;
    const inOrder = [...this.#starts.slice(this.#oldest), ...this.#starts.slice(0, this.#oldest)];
    const remembered = rate === undefined || rate.count > MOST_REMEMBERED ? 0 : rate.count;
    const known = remembered === 0 ? [] : inOrder.slice(-remembered);
    const unknown = Array.from(
      { length: remembered - known.length },
      () => Number.NEGATIVE_INFINITY,
    );
    this.#starts = [...unknown, ...known];
    this.#oldest = 0;
    this.#nextAt = this.#lastAt + apartMs(rate);
    this.#rate = rate;
    return this;
  }

  /** Ms until one more may start. */
  waitMs(): number {
    if (this.#rate === undefined) return 0;
    const oldest = this.#starts[this.#oldest] ?? Number.NEGATIVE_INFINITY;
    return Math.max(0, Math.max(this.#nextAt, oldest + this.#rate.perMs) - this.#clock.monotonic());
  }

  started(): void {
    const now = this.#clock.monotonic();
    this.#lastAt = now; // a rate that is set later counts from here
    if (this.#rate === undefined) return;
    const isMadeUpFor = this.#starts.length > 0 && now - this.#nextAt <= SLACK_MS;
    this.#nextAt = (isMadeUpFor ? this.#nextAt : now) + apartMs(this.#rate);
    if (this.#starts.length === 0) return;
    this.#starts[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#starts.length;
  }
}

function apartMs(rate: Rate | undefined): number {
  return rate === undefined ? 0 : rate.perMs / rate.count;
}

/** One for each route, which outlasts its lane: a reload does not start the count anew. */
export class StartRates {
  readonly #clock: Clock;
  readonly #byRoute = new Map<string, StartRate>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(key: string, rate: Rate | undefined): StartRate {
    const known = this.#byRoute.get(key) ?? new StartRate(this.#clock);
    this.#byRoute.set(key, known);
    return known.set(rate);
  }
}
