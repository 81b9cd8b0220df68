/** How many requests Okta grants, how near the org's other clients are to the limit, and how often we may poll. */
import type { Interval } from '../../../okta/poll-interval.ts';
import type { Rate } from '../../../okta/probe.ts';
import { RESERVE, SHARE } from '../../../okta/rate-limit.ts';
import { duration } from '../../words/time.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

/** From here on Okta warns the org's administrators. */
const CROWDED = 0.6;
const WINDOW_MS = 60_000;

export async function checkRate(scene: Scene): Promise<readonly Finding[]> {
  const { interval } = scene.config;
  const answer = await scene.oktaAnswer();
  if (answer === undefined) return scene.spentWhy === undefined ? [] : [spent(scene.spentWhy)];
  if (answer.trouble?.status === 429)
    return [spent('Okta refused the question over its rate limit')];
  if (answer.rate === undefined) {
    return [finding('rate-unknown', 'Okta did not say how many requests it grants')];
  }
  const isRunning = scene.state.standing?.holderPid !== undefined;
  const ours = 1 + (isRunning ? pollsIn(answer.rate, interval) : 0);
  return [standing(answer.rate, ours), ...intervalFindings(answer.rate, interval)];
}

/** About how often a daemon of this interval has asked in the window so far. */
function pollsIn({ resetMs = 0, limit }: Rate, interval: Interval | undefined): number {
  const everyMs = typeof interval === 'number' ? interval : WINDOW_MS / shareOf(limit);
  return Math.floor(Math.max(0, WINDOW_MS - resetMs) / everyMs);
}

function standing({ limit, remaining }: Rate, ours: number): Finding {
  const others = Math.max(0, limit - remaining - ours);
  const words = `${remaining} of ${limit} requests left in this window; others used ${others}, we take ${shareOf(limit)} at most`;
  if (remaining <= Math.max(1, Math.floor(limit * RESERVE))) return spent(words);
  if (others < limit * CROWDED) return finding('rate-fine', words);
  const fix =
    'look in Okta at Reports > Rate Limits who asks so much; events may come late meanwhile';
  return finding('rate-crowded', words, fix);
}

function spent(words: string): Finding {
  const fix =
    'look in Okta at Reports > Rate Limits who asks so much; nothing is lost, events come late';
  return finding('rate-spent', words, fix);
}

/** Okta gives one token or app half of a limit unless the console says otherwise. */
function shareOf(limit: number): number {
  return Math.max(1, Math.floor(limit * SHARE));
}

/** `auto` keeps to what is granted. */
function intervalFindings({ limit }: Rate, intervalMs: Interval | undefined): Finding[] {
  const leastMs = Math.ceil(WINDOW_MS / shareOf(limit));
  if (typeof intervalMs !== 'number' || intervalMs >= leastMs) return [];
  const found = `polling every ${duration(intervalMs)} needs more than half of the ${limit} requests a minute, which is all that Okta gives one token`;
  const fix = `set --interval to ${duration(leastMs)} or longer, or to auto, or raise the token's share in Okta: Security > API > Tokens`;
  return [finding('rate-interval', found, fix)];
}
