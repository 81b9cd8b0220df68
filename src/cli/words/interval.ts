/** How often Okta is asked, in words for people. */
import { formatDuration } from '../../duration.ts';
import type { Interval } from '../../okta/poll-interval.ts';

export const AUTO_WORDS =
  'as often as our share of the rate limit allows while events come, slower when none do';

export function intervalWords(interval: Interval): string {
  return interval === 'auto' ? `auto: ${AUTO_WORDS}` : `${interval / 1_000} s`;
}

/** As `--interval` takes it. */
export function formatInterval(interval: Interval): string {
  return interval === 'auto' ? interval : formatDuration(interval);
}
