/** What time it is at Okta: it takes only what was signed just now, and the clock of a laptop may be minutes off. */
import type { Clock } from '../clock.ts';

/** `Date` holds whole seconds and was written a moment ago: less than this is no difference. */
const TOLD_APART_MS = 1_500;
/** What was signed two seconds ago is taken, what comes from the future is not: more than two clocks can differ by here. */
const EARLY_MS = 2_000;

export class SigningTime {
  readonly #clock: Clock;
  #aheadMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How far Okta's clock is ahead of ours, as the last answer had it; 0 when they agree. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** A moment ago, so that it is never later than Okta's own time. */
  nowMs(): number {
    return this.#clock.now() + this.#aheadMs - EARLY_MS;
  }

  /** To be told with every answer how far Okta is ahead of us. */
  learn(aheadMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) < TOLD_APART_MS) return;
    this.#aheadMs = Math.abs(aheadMs) < TOLD_APART_MS ? 0 : aheadMs;
  }
}
