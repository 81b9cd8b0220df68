/** What `loghook replay` was asked for, from its words: one event, dead letters, or what a route took. */
import { refuse } from '../../config/problems.ts';
import type { Beside } from '../../state/beside/beside.ts';
import { type NamedRoute, namedRoutes } from '../../state/beside/named-routes.ts';
import type { ReplayWish } from '../../state/beside/replay-desk.ts';
import { type RouteTimeline, timelineOf } from '../../state/beside/timeline.ts';
import { instantFlag, refuseReversed } from '../instant-flag.ts';
import { routeNamed } from '../route-named.ts';
import type { ReplayFlags } from './add-replay.ts';

interface Choice {
  readonly wishes: readonly ReplayWish[];
  /** One event, named by its id: done without a question. */
  readonly isOne: boolean;
  /** What else a person should know. */
  readonly notes: readonly string[];
}

const WAYS = 'Give an id, or --dead, or --route and --since.';

/** @throws ConfigError */
export function chooseReplay(
  id: string | undefined,
  flags: ReplayFlags,
  { beside, now }: { readonly beside: Beside; readonly now: number },
): Choice {
  const since = instantFlag('--since', flags.since, now);
  const until = instantFlag('--until', flags.until, now);
  const routes = namedRoutes(beside);
  const route = flags.route === undefined ? undefined : routeNamed(routes, flags.route, '--route');
  if (id !== undefined) {
    refuseBeside(id, flags);
    return ofEvent(beside, id, route, now);
  }
  if (flags.dead === true) {
    if (until !== undefined) refuse('--until', 'it was given with --dead', 'Leave it out.');
    const chosen = route === undefined ? routes : [route];
    const wishes = chosen.map((one) => ({ kind: 'dead', route: one, since: since ?? 0 }) as const);
    return { wishes, isOne: false, notes: [] };
  }
  if (route === undefined) return refuse('replay', 'nothing was named', WAYS);
  if (since === undefined) {
    return refuse('replay --route', 'it needs --since', 'Say since when, such as --since 2h.');
  }
  return sentSince(route, since, until ?? now);
}

function sentSince(route: NamedRoute, since: number, until: number): Choice {
  refuseReversed(since, until);
  return { wishes: [{ kind: 'sent', route, since, until }], isOne: false, notes: [] };
}

function refuseBeside(id: string, { dead, since, until }: ReplayFlags): void {
  if (dead === true || since !== undefined || until !== undefined) {
    refuse(
      'replay',
      `an id was given (${id.length} characters) with --dead, --since or --until`,
      WAYS,
    );
  }
}

/** Where it is dead, if it is dead anywhere; else wherever it was delivered. `route` narrows it down. */
function ofEvent(beside: Beside, id: string, route: NamedRoute | undefined, now: number): Choice {
  const { event, routes } = timelineOf(beside, id, now);
  const real = routes.filter((one) => one.route.id > 0);
  const chosen =
    route === undefined ? mostLikely(real) : real.filter((one) => one.route.id === route.id);
  if (chosen.length === 0) {
    const where = route === undefined ? 'no route' : `${route.name} never`;
    refuse('replay', `${where} wanted this event`, 'See what became of it: loghook show ID');
  }
  const others = real.filter((one) => one.status === 'delivered' && !chosen.includes(one));
  return {
    wishes: chosen.map((one) => ({ kind: 'event', route: one.route, seq: event.seq }) as const),
    isOne: true,
    notes: others.map(
      ({ route: { name } }) =>
        `${name} took it, and is not sent it again (unless: --route ${name})`,
    ),
  };
}

function mostLikely(routes: readonly RouteTimeline[]): readonly RouteTimeline[] {
  const dead = routes.filter(({ status }) => status === 'dead');
  if (dead.length > 0) return dead;
  const over = routes.filter(({ status }) => status === 'delivered' || status === 'dropped');
  return over.length > 0 ? over : routes;
}
