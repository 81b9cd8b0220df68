/**
 * What time Okta has, as its answers show it. `Date` counts whole seconds and an answer takes its time, so each tells
 * only between which bounds Okta's clock is ahead of ours; together they tell it to some ms. Our own clock is believed
 * as far as these bounds allow. Pure: it is told the time.
 */

/** Clocks that nobody corrects drift by less than this part of the time that passes. */
const DRIFT = 1e-4;
const SECOND_MS = 1_000;
/** `Date` holds whole seconds and was written a moment ago: less than this is no difference. */
const TOLD_APART_MS = 1_500;
/** What was signed two seconds ago is taken, what comes from the future is not: more than an estimate is wrong by. */
const EARLY_MS = 2_000;

export class OktaTime {
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;
  #seenAt = 0;

  /** How far Okta's clock is ahead of ours, ms; negative: behind. */
  get aheadMs(): number {
    return Math.min(Math.max(0, this.#least), this.#most);
  }

  /** To be told of each answer: its `Date`, and when it was asked for and began to come, by our clock. */
  answered(dateMs: number, askedAt: number, answeredAt: number): void {
    const least = dateMs - answeredAt;
    const most = dateMs + SECOND_MS - askedAt;
    if (least > most) return; // our clock was set meanwhile
    const drift = Math.abs(answeredAt - this.#seenAt) * DRIFT;
    const bounds = [Math.max(least, this.#least - drift), Math.min(most, this.#most + drift)];
    // One of the clocks was set: what was known before holds no more.
    const [low = least, high = most] = bounds;
    [this.#least, this.#most] = low <= high ? [low, high] : [least, most];
    this.#seenAt = answeredAt;
  }

  /** Our clock was set, as far as anybody knows. */
  forget(): void {
    this.#least = Number.NEGATIVE_INFINITY;
    this.#most = Number.POSITIVE_INFINITY;
  }
}

/** What to sign with at `now` by our clock: a moment ago, so that it is never later than Okta's own time. */
export function signingTime(now: number, aheadMs: number): number {
  return now + aheadMs - EARLY_MS;
}

/** Whether what was signed with the one may be taken when it was refused with the other. */
export function isOtherTime(aheadMs: number, before: number): boolean {
  return Math.abs(aheadMs - before) >= TOLD_APART_MS;
}
