/**
 * How long to wait after a page. With `auto`: as often as our share of the rate limit allows while events come, and
 * slower step by step while none do. Pure: it is told of pages and of the pace, and never waits itself.
 *
 * Invariant: with `auto`, requests are never closer than the pace that spreads our share evenly over a window.
 */
import type { Pace } from './rate-limit.ts';

/** The wait after a page that is not full, ms; or `auto`. */
export type Interval = number | 'auto';

const SHORTEST_MS = 100;
/** While nothing happens a tenth of the limit is enough, and an event need not wait longer than this. */
const IDLE_PART = 0.1;
const LONGEST_IDLE_MS = 30_000;
const STEP = 1.5;

/** The longest wait between two requests that nothing holds up, ms. */
export function longestIntervalMs(interval: Interval): number {
  return interval === 'auto' ? LONGEST_IDLE_MS : interval;
}

export class PollInterval {
  readonly #interval: Interval;
  /** From one request to the next. */
  #everyMs = 0;

  constructor(interval: Interval) {
    this.#interval = interval;
  }

  /** To be told of every page: how long to wait at `now`, 0 to go on at once. A full page has more behind it. */
  afterPage(
    { events, full }: { readonly events: readonly unknown[]; readonly full: boolean },
    pace: Pace,
    now: number,
  ): number {
    if (this.#interval !== 'auto') return full ? 0 : this.#interval;
    const busyMs = Math.max(SHORTEST_MS, pace.evenMs);
    const idleMs = Math.max(busyMs, Math.min(LONGEST_IDLE_MS, pace.wholeMs / IDLE_PART));
    this.#everyMs =
      events.length > 0 ? busyMs : Math.min(idleMs, Math.max(busyMs, this.#everyMs * STEP));
    return full ? 0 : Math.max(0, pace.sentAt + this.#everyMs - now);
  }
}
