/**
 * Okta's rate bucket: so many requests in a 60 s window that is not aligned with the wall clock's minutes.
 * Facts: https://developer.okta.com/docs/reference/rate-limits/ and https://developer.okta.com/docs/reference/rl2-monitor/
 */

const WINDOW_MS = 60_000;
/** Where in the minute a window begins; anything but 0, so that nobody comes to rely on whole minutes. */
const PHASE_MS = 17_000;

export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  /** When the window ends, epoch seconds. */
  readonly reset: number;
}

export class RateBucket {
  readonly #limit: number;
  #window = Number.NaN;
  #used = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes one request at `now`; false when the window has none left (nothing is taken then). */
  take(now: number): boolean {
    this.#turn(now);
    if (this.#used >= this.#limit) return false;
    this.#used += 1;
    return true;
  }

  /** What the headers say at `now`. */
  state(now: number): RateState {
    this.#turn(now);
    return {
      limit: this.#limit,
      remaining: this.#limit - this.#used,
      reset: ((this.#window + 1) * WINDOW_MS + PHASE_MS) / 1000,
    };
  }

  #turn(now: number): void {
    const window = Math.floor((now - PHASE_MS) / WINDOW_MS);
    if (window === this.#window) return;
    this.#window = window;
    this.#used = 0;
  }
}
