/** What time it is at Okta: it takes only what was signed just now, and the clock of a laptop may be minutes off. */
import type { Clock } from '../clock.ts';

/** `Date` holds whole seconds and was written a moment ago: less than this is no difference. */
const TOLD_APART_MS = 1_500;
/** By so much an estimate of Okta's clock may be ahead of it. */
const MARGIN_MS = 1_000;

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

  nowMs(): number {
    const now = this.#clock.now();
    // Nobody minds what was signed a moment ago, but Okta refuses what comes from the future.
    return this.#aheadMs === 0 ? now : now + this.#aheadMs - MARGIN_MS;
  }

  /** To be told with every answer how far Okta is ahead of us. */
  learn(aheadMs: number): void {
    if (Math.abs(aheadMs - this.#aheadMs) < TOLD_APART_MS) return;
    this.#aheadMs = Math.abs(aheadMs) < TOLD_APART_MS ? 0 : aheadMs;
  }
}
