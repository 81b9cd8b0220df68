/** What an owed delivery waits for, as people say it. */
import type { NamedRoute } from '../../state/beside/named-routes.ts';
import { PARKED, UNPLACED } from '../../state/database/schema.ts';
import { localTime } from '../words/time.ts';

interface Owed {
  readonly route: NamedRoute;
  /** PARKED behind another of its lane. */
  readonly dueAt?: number;
  /** The event that it waits for. */
  readonly behind?: string;
}

/** One line: why it is not on its way yet, and what a person can do about it. */
export function standsSo({ route, dueAt = 0, behind }: Owed, now: number): string {
  const trouble = routeTrouble(route, now);
  if (trouble !== undefined) return trouble;
  if (dueAt === PARKED) {
    return `it waits behind ${behind ?? 'another event'}: the route keeps events of one lane in order`;
  }
  if (dueAt === UNPLACED) return 'the daemon finds its lane as soon as it runs';
  return dueAt > now ? `next try ${localTime(dueAt)}` : 'due now';
}

/** Why nothing, or only a probe, is sent to a route; undefined when it flows. */
export function routeTrouble(route: NamedRoute, now: number): string | undefined {
  const { name, pausedAt, state } = route;
  if (route.disabled) return `${name} is disabled in the routes file; its queue is kept`;
  if (route.retired) {
    return `${name} is not in force: put it back into the routes file, or: loghook route move ${name} TO`;
  }
  if (pausedAt !== undefined) {
    return `${name} is paused since ${localTime(pausedAt)}: loghook resume ${name}`;
  }
  if (state.kind !== 'held') return undefined;
  const next =
    state.until === undefined
      ? `it waits for you: loghook resume ${name}`
      : `next probe ${state.until <= now ? 'now' : localTime(state.until)}`;
  return `${name} is held since ${localTime(state.since)}: ${state.why}; ${next}`;
}
