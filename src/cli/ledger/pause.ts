/** `loghook pause` and `loghook resume`: what a person wants of routes, and what that means. */
import { refuse } from '../../config/problems.ts';
import { printable } from '../../printable.ts';
import { type NamedRoute, namedRoutes } from '../../state/beside/named-routes.ts';
import { RouteDesk } from '../../state/beside/route-desk.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { routeNamed } from '../route-named.ts';
import { count } from '../words/counts.ts';
import { localTime } from '../words/time.ts';
import type { PauseFlags } from './add-pause.ts';
import { noteNoDaemon, type Opened, withState } from './state-turn.ts';

type Change = (desk: RouteDesk, route: NamedRoute, now: number) => string;

interface Wish {
  readonly word: 'pause' | 'resume';
  /** What `--all` means. */
  readonly isMeant: (route: NamedRoute) => boolean;
  readonly change: Change;
}

const PAUSE: Wish = { word: 'pause', isMeant: ({ retired }) => !retired, change: pause };
const RESUME: Wish = {
  word: 'resume',
  isMeant: ({ pausedAt }) => pausedAt !== undefined,
  change: resume,
};

/** @throws ConfigError StateError */
export function pauseRoutes(names: readonly string[], flags: PauseFlags, io: Io): Promise<number> {
  return changeRoutes(PAUSE, { names, flags }, io);
}

/** @throws ConfigError StateError */
export function resumeRoutes(names: readonly string[], flags: PauseFlags, io: Io): Promise<number> {
  return changeRoutes(RESUME, { names, flags }, io);
}

/** Each does it, and says what that means; also asked for over HTTP. */
export const CHANGES = { pause, resume } as const;

function changeRoutes(
  { word, isMeant, change }: Wish,
  { names, flags }: { readonly names: readonly string[]; readonly flags: PauseFlags },
  io: Io,
): Promise<number> {
  return withState(flags, io, async (opened) => {
    const routes = namedRoutes(opened.beside);
    const isAll = flags.all === true;
    const chosen = isAll ? all(names, word, routes.filter(isMeant)) : named(names, word, routes);
    return changeEach(chosen, change, opened, io);
  });
}

function pause(desk: RouteDesk, route: NamedRoute, now: number): string {
  const { name, pausedAt } = route;
  if (pausedAt !== undefined) return `${name} was paused already, ${localTime(pausedAt)}`;
  desk.pause(route, now);
  const { queued } = desk.stock(route);
  const means = route.retired
    ? 'it is not in force, and will be paused if it comes back'
    : 'new ones are still owed, and kept';
  return `${name} is paused: ${waiting(queued)}; ${means}`;
}

function resume(desk: RouteDesk, route: NamedRoute, now: number): string {
  const { name, pausedAt, state } = route;
  const isHeld = state.kind === 'held';
  if (pausedAt === undefined && !isHeld) {
    const goesOn = state.kind === 'slowed' ? 'it is slowed, and goes on by itself' : 'it flows';
    return `${name} is neither paused nor held: ${route.retired ? 'it is not in force' : goesOn}`;
  }
  desk.resume(route, now);
  const { queued } = desk.stock(route);
  const tried = isHeld ? `; it was held (${state.why}) and is tried at once` : '';
  return `${name} goes on: ${waiting(queued)}${tried}`;
}

function waiting(queued: number): string {
  return `${count(queued, 'event')} ${queued === 1 ? 'waits' : 'wait'}`;
}

function changeEach(
  routes: readonly NamedRoute[],
  change: Change,
  { beside, folder, turn }: Opened,
  io: Io,
): number {
  const desk = new RouteDesk(beside);
  for (const route of routes) {
    io.stdout.write(`${printable(change(desk, route, turn.now))}\n`);
  }
  noteNoDaemon(folder, io, 'it will keep to it when it starts');
  return EXIT.asAsked;
}

/** Looks every name up before anything is changed. */
function named(
  names: readonly string[],
  word: string,
  routes: readonly NamedRoute[],
): readonly NamedRoute[] {
  if (names.length === 0) refuse(word, 'no route was given', 'Name some, or say --all.');
  return names.map((name) => routeNamed(routes, name, word));
}

function all(
  names: readonly string[],
  word: string,
  routes: readonly NamedRoute[],
): readonly NamedRoute[] {
  if (names.length > 0) {
    refuse(word, '--all was given with names', 'Leave one of them out.');
  }
  if (routes.length === 0)
    refuse(word, `there is no route to ${word}`, 'See `loghook route list`.');
  return routes;
}
