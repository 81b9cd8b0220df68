/**
 * Keeps the starts of a route's requests as far apart as its `rate` wants: evenly, so that no window of `perMs`, wherever
 * it begins, holds more than `count`. A start that comes late moves the ones behind it; none is made up for.
 */
import type { Clock } from '../clock.ts';

/** So many in so many ms. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

export class StartRate {
  readonly #clock: Clock;
  #apartMs = 0;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In force from now on; undefined: as fast as one likes. */
  set(rate: Rate | undefined): this {
    // Up to the next µs: what is lost in a sum of fractions would let one more into a window.
    this.#apartMs = rate === undefined ? 0 : Math.ceil((rate.perMs * 1_000) / rate.count) / 1_000;
    return this;
  }

  /** Ms until one more may start. */
  waitMs(): number {
    if (this.#apartMs === 0) return 0;
    return Math.max(0, this.#lastAt + this.#apartMs - this.#clock.monotonic());
  }

  started(): void {
    this.#lastAt = this.#clock.monotonic();
  }
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
