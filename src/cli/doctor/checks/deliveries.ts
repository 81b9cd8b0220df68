/** What is overdue: polling that stopped, routes that send nothing, queues that nobody empties. */
import { type Interval, longestIntervalMs } from '../../../okta/poll-interval.ts';
import type { RouteStanding, Standing } from '../../../state/beside/standing.ts';
import { count } from '../../words/counts.ts';
import { duration, when } from '../../words/time.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

const HOUR_MS = 3_600_000;
/** Okta's rate limit makes a run wait a quarter of an hour at most. */
const LATE_POLL_MS = 20 * 60_000;

export function checkDeliveries({ state, clock, config }: Scene): readonly Finding[] {
  const { standing } = state;
  if (standing === undefined) return [];
  const now = clock.now();
  const found = [
    ...polling(standing, now, config.interval),
    ...standing.routes.flatMap((route) => routeFindings(route, standing, now)),
  ];
  if (found.length > 0) return found;
  const queued = standing.routes.reduce((sum, route) => sum + route.queued, 0);
  return [finding('deliveries-fine', `nothing is overdue, ${queued} queued`)];
}

function polling(
  { holderPid, cursor }: Standing,
  now: number,
  interval: Interval | undefined,
): Finding[] {
  if (holderPid === undefined || cursor === undefined) return [];
  const intervalMs = interval === undefined ? 0 : longestIntervalMs(interval);
  if (now - cursor.readAt <= Math.max(LATE_POLL_MS, 3 * intervalMs)) return [];
  const found = `the daemon runs, but its last good poll was ${when(cursor.readAt, now)}`;
  return [finding('poll-late', found, 'see what is said above of the way to Okta, and its log')];
}

function routeFindings(route: RouteStanding, standing: Standing, now: number): Finding[] {
  const { name, unreadable, retired, enabled, queued, pausedAt, state } = route;
  if (unreadable) return [];
  if (retired && enabled) return queued === 0 ? [] : [leftBehind(name, queued)];
  if (!enabled) return [];
  if (pausedAt !== undefined) {
    const found = `${name} is paused for ${duration(now - pausedAt)}, ${queued} queued`;
    return [finding('route-paused', found, `go on with: loghook resume ${name}`)];
  }
  return [
    ...(state.kind === 'held' ? [held(name, state, now)] : []),
    ...overdue(route, standing, now),
  ];
}

function leftBehind(name: string, queued: number): Finding {
  const found = `${name} is in the routes no more, and ${count(queued, 'event')} of it ${queued === 1 ? 'is' : 'are'} left`;
  const fix = `send them elsewhere (loghook route move ${name} TO) or let go of them (loghook route drop ${name})`;
  return finding('queue-left', found, fix);
}

function held(
  name: string,
  state: Extract<RouteStanding['state'], { kind: 'held' }>,
  now: number,
): Finding {
  const found = `${name} is held for ${duration(now - state.since)}: ${state.why}`;
  const fix =
    state.until === undefined
      ? `it waits for you: put its URL right, then loghook resume ${name}`
      : `see its answer with loghook test ${name}, and mend it: it goes on by itself, and no event is lost`;
  return finding('route-held', found, fix);
}

function overdue(
  { name, oldest, queued }: RouteStanding,
  { holderPid }: Standing,
  now: number,
): Finding[] {
  if (oldest === undefined || now - oldest.readAt <= HOUR_MS) return [];
  const found = `${name}: ${queued} queued, the oldest for ${duration(now - oldest.readAt)}`;
  const fix =
    holderPid === undefined
      ? 'no daemon runs here: start loghook run'
      : `see why: loghook status, and loghook test ${name}`;
  return [finding('delivery-overdue', found, fix)];
}
