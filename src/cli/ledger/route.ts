/** `loghook route list|drop|move`. What changes anything says first what it would do. */
import { SystemClock } from '../../clock.ts';
import { refuse } from '../../config/problems.ts';
import { type NamedRoute, namedRoutes } from '../../state/beside/named-routes.ts';
import { type MovePlan, RouteDesk, type RouteStock } from '../../state/beside/route-desk.ts';
import { type RouteStanding, readStanding } from '../../state/beside/standing.ts';
import { holderOf } from '../../state/database/folder.ts';
import { ALERTS_KEY } from '../../status/telling/telling.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { findOrgState } from '../org-state.ts';
import { routeNamed } from '../route-named.ts';
import { stateOf } from '../status/report.ts';
import { writeJson, writeLines } from '../terminal/print.ts';
import { agreed, type Question } from '../terminal/question.ts';
import { count, number } from '../words/counts.ts';
import { fittedTable } from '../words/fitted-table.ts';
import { iso, when } from '../words/time.ts';
import type { RouteFlags } from './add-route.ts';
import { noteNoDaemon, withState } from './state-turn.ts';

/** @throws ConfigError StateError */
export async function listRoutes(flags: RouteFlags, io: Io): Promise<number> {
  const now = new SystemClock().now();
  const { folder } = await findOrgState(io, flags);
  const { routes } = await readStanding(folder);
  const real = routes.filter(({ unreadable }) => !unreadable);
  if (flags.json === true) for (const route of real) writeJson(io.stdout, asJson(route));
  else if (real.length > 0) {
    const heading = ['ROUTE', 'STATE', 'QUEUED', 'DEAD', 'LAST DELIVERED'];
    const rows = real.map((route) => [
      route.name,
      stateOf(route),
      number(route.queued),
      number(route.dead),
      when(route.lastDeliveredAt, now),
    ]);
    io.stdout.write(`${fittedTable([heading, ...rows], io.stdout, [0]).join('\n')}\n`);
  }
  io.stderr.write(`${real.length === 0 ? 'no routes yet' : count(real.length, 'route')}\n`);
  return EXIT.asAsked;
}

/** @throws ConfigError StateError */
export function dropRoute(name: string, flags: RouteFlags, io: Io): Promise<number> {
  return withState(flags, io, async ({ beside, folder, turn }) => {
    const route = routeNamed(gone(namedRoutes(beside), name), name, 'route drop');
    if (!route.retired && flags.queue !== true) refuseDrop(route);
    const desk = new RouteDesk(beside);
    const stock = desk.stock(route);
    const mustAsk = flags.dryRun === true || stock.queued + (route.retired ? stock.dead : 0) > 0;
    writeLines(io.stderr, dropPlan(route, stock, holderOf(folder) !== undefined));
    const asked = { where: 'route drop', would: 'this drops them for good' };
    if (mustAsk && !(await isWanted('Drop them?', asked, flags, io))) return EXIT.asAsked;
    const queued = await desk.dropQueue(route, turn);
    const dead = route.retired ? await desk.dropDead(route, turn) : 0;
    desk.forget(route);
    io.stdout.write(`${count(queued + dead, 'event')} dropped\n`);
    return EXIT.asAsked;
  });
}

/** @throws ConfigError StateError */
export function moveRoute(
  fromName: string,
  toName: string,
  flags: RouteFlags,
  io: Io,
): Promise<number> {
  return withState(flags, io, async ({ beside, folder, turn }) => {
    const routes = namedRoutes(beside);
    const from = routeNamed(gone(routes, fromName), fromName, 'route move');
    const to = routeNamed(routes, toName, 'route move');
    refuseMove(from, to);
    const desk = new RouteDesk(beside);
    const plan = desk.movePlan(from, to);
    writeLines(io.stderr, movePlan(from, to, plan));
    const asked = { where: 'route move', would: 'this sends them to another receiver' };
    const mustAsk = flags.dryRun === true || plan.queued + plan.dead > 0;
    if (mustAsk && !(await isWanted('Move them?', asked, flags, io))) return EXIT.asAsked;
    const { moved, dropped } = await desk.move(from, to, turn);
    io.stdout.write(`${count(moved, 'event')} moved, ${dropped} dropped\n`);
    if (moved > 0) noteNoDaemon(folder, io, 'they go out when `loghook run` starts');
    return EXIT.asAsked;
  });
}

/** False for a dry run, and where a person says no. @throws ConfigError where nobody can be asked */
async function isWanted(
  question: string,
  asked: Pick<Question, 'where' | 'would'>,
  { dryRun, yes }: RouteFlags,
  io: Io,
): Promise<boolean> {
  if (dryRun === true) return false;
  if (await agreed(question, { ...asked, yes }, io)) return true;
  io.stderr.write('nothing was changed\n');
  return false;
}

/** With those first that are not in force: they are the ones that can be meant. */
function gone(routes: readonly NamedRoute[], name: string): readonly NamedRoute[] {
  const namesakes = routes.filter((route) => route.retired && route.name === name);
  return namesakes.length > 0 ? namesakes : routes;
}

function refuseMove(from: NamedRoute, to: NamedRoute): void {
  if (from.id === to.id) refuse('route move', 'both are the same route', 'Name two.');
  if ((from.key === ALERTS_KEY) !== (to.key === ALERTS_KEY)) {
    refuse('route move', "alerts takes loghook's own news and nothing else", 'Name another route.');
  }
  if (from.retired) return;
  refuse(
    'route move',
    `${from.name} is in force: what it is owed goes out there`,
    'Take it out of the routes file first, and reload.',
  );
}

function dropPlan(route: NamedRoute, { queued, dead }: RouteStock, isRunning: boolean): string[] {
  if (route.retired) {
    return [
      `${route.name} is not in force: ${count(queued, 'event')} owed and ${count(dead, 'dead letter')} are given up`,
    ];
  }
  const inMemory = '  the running daemon may still send what it takes up within the next second';
  return [
    `${route.name}: ${count(queued, 'event')} owed ${queued === 1 ? 'is' : 'are'} given up; its dead letters stay`,
    ...(isRunning && queued > 0 ? [inMemory] : []),
  ];
}

function movePlan(from: NamedRoute, to: NamedRoute, { queued, dead, known }: MovePlan): string[] {
  const had = `  ${count(known, 'event')} of these ${to.name} has had already: dropped, not sent twice`;
  return [
    `${from.name} → ${to.name}: ${count(queued, 'event')} owed and ${count(dead, 'dead letter')}`,
    ...(known > 0 ? [had] : []),
    ...(to.retired ? [`  ${to.name} is not in force either: they wait until it is`] : []),
  ];
}

function refuseDrop({ name }: NamedRoute): never {
  return refuse(
    'route drop',
    `${name} is in force`,
    'Take it out of the routes file first; or give up only what waits, with --queue.',
  );
}

function asJson(route: RouteStanding) {
  return {
    name: route.name,
    inForce: !route.retired,
    enabled: route.enabled,
    state: route.state.kind,
    pausedAt: iso(route.pausedAt),
    queued: route.queued,
    dead: route.dead,
    lastDeliveredAt: iso(route.lastDeliveredAt),
  };
}
