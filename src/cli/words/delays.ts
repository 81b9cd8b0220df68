/** How long deliveries took, and whose doing it was, in words for people. */
import type { RecentDelays } from '../../state/beside/recent-delays.ts';
import type { DelayParts } from '../../state/delay.ts';
import { number } from './counts.ts';
import { duration } from './time.ts';

/** Of one delivery: `delay 2.4 s = okta 0.8 s + poll 0.9 s + queue 12 ms + send 0.7 s`. */
export function delayLine(parts: DelayParts, backfilled: boolean): string {
  const { oktaMs, pollMs, queueMs, sendMs } = parts;
  const known = oktaMs === undefined || pollMs === undefined ? [] : [oktaMs, pollMs];
  const whole = [...known, queueMs, sendMs].reduce((sum, ms) => sum + ms, 0);
  const since = backfilled ? ' since it was backfilled' : ' since it was read';
  return `delay${known.length > 0 ? '' : since} ${shortSpan(whole)} = ${partWords(parts).join(' + ')}`;
}

/** Of a route's last deliveries; the second line stands in the columns of the first. */
export function recentDelayLines({ count, median, p95 }: RecentDelays): string[] {
  const head = `last ${number(count)} took`;
  const [half, most] = [shortSpan(median.wholeMs), shortSpan(p95.wholeMs)];
  const width = Math.max(half.length, most.length);
  return [
    `${head}  median ${half.padStart(width)}: ${partWords(median).join(', ')}`,
    `${' '.repeat(head.length)}     95 % ${most.padStart(width)}: ${partWords(p95).join(', ')}`,
  ];
}

/** In ms; a part that is not known is null. */
export function delayAsJson({ oktaMs, pollMs, queueMs, sendMs }: DelayParts) {
  return { okta: oktaMs ?? null, poll: pollMs ?? null, queue: queueMs, send: sendMs };
}

function partWords({ oktaMs, pollMs, queueMs, sendMs }: DelayParts): string[] {
  const parts = { okta: oktaMs, poll: pollMs, queue: queueMs, send: sendMs };
  return Object.entries(parts).flatMap(([name, ms]) =>
    ms === undefined ? [] : [`${name} ${shortSpan(ms)}`],
  );
}

/** Tenths of a second matter here, hundredths only where there is nothing else. */
function shortSpan(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  return ms < 9_950 ? `${(ms / 1_000).toFixed(1)} s` : duration(ms);
}
