/** `loghook replay`: the plan first, on stderr; then the question; then what came of it, on stdout. */
import { loadRoutesAlone } from '../../config/reload.ts';
import { ConfigError, RoutesError } from '../../errors.ts';
import type { Route } from '../../routing/route.ts';
import { ReplayDesk, type ReplayPlan, type ReplayWish } from '../../state/beside/replay-desk.ts';
import type { Replayed } from '../../state/owed/settlements.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeLines } from '../terminal/print.ts';
import { agreed } from '../terminal/question.ts';
import { count } from '../words/counts.ts';
import { iso } from '../words/time.ts';
import type { ReplayFlags } from './add-replay.ts';
import { chooseReplay } from './replay-choice.ts';
import { planLines, sendable } from './replay-plan.ts';
import { noteNoDaemon, type Opened, withState } from './state-turn.ts';

/** @throws ConfigError StateError */
export function replay(id: string | undefined, flags: ReplayFlags, io: Io): Promise<number> {
  return withState(flags, io, async (opened) => {
    const { now } = opened.turn;
    const { wishes, isOne, notes } = chooseReplay(id, flags, { beside: opened.beside, now });
    const desk = new ReplayDesk(opened.beside);
    const known = await routesInFile(flags, io);
    const plans = wishes
      .map((wish) => desk.plan(wish, oldestWelcome(wish, known, now)))
      .filter(({ wanted, alreadyOwed }) => wanted + alreadyOwed > 0);
    const total = plans.reduce((sum, plan) => sum + sendable(plan), 0);
    writeLines(io.stderr, [
      ...plans.flatMap((plan) => planLines(plan, known, now)),
      ...notes,
      ...totalLine(plans, total),
    ]);
    if (total === 0) return isOne ? EXIT.usage : EXIT.asAsked;
    if (flags.dryRun === true) return EXIT.asAsked;
    if (!isOne) {
      writeLines(io.stderr, again(wishes));
      const would = `this sends ${count(total, 'event')} again`;
      if (!(await agreed('Send them again?', { yes: flags.yes, where: 'replay', would }, io))) {
        writeLines(io.stderr, ['nothing was changed']);
        return EXIT.asAsked;
      }
    }
    await oweAgain(desk, wishes, opened, io);
    return EXIT.asAsked;
  });
}

/** What the routes file says, where it can be read without any credentials. */
async function routesInFile(flags: ReplayFlags, io: Io): Promise<ReadonlyMap<string, Route>> {
  try {
    const { routes } = await loadRoutesAlone({
      flags: { config: flags.config, org: flags.org },
      env: io.env,
      cwd: io.cwd,
    });
    return new Map([...routes.all, ...routes.disabled].map((route) => [route.key, route]));
  } catch (error) {
    if (flags.config !== undefined) throw error;
    if (error instanceof ConfigError || error instanceof RoutesError) return new Map();
    throw error;
  }
}

function oldestWelcome(
  { route }: ReplayWish,
  known: ReadonlyMap<string, Route>,
  now: number,
): string {
  const maxAgeMs = known.get(route.key)?.maxAgeMs;
  return maxAgeMs === undefined ? '' : (iso(now - maxAgeMs) ?? '');
}

function totalLine(plans: readonly ReplayPlan[], total: number): string[] {
  if (total === 0) return ['there is nothing that can be sent again'];
  const routes = plans.filter((plan) => sendable(plan) > 0).length;
  return routes === 1 ? [] : [`${count(total, 'event')} to ${count(routes, 'route')}`];
}

/** What was delivered again meanwhile lies after `until`: said the same way again, it goes on. */
function again(wishes: readonly ReplayWish[]): string[] {
  const [wish] = wishes;
  if (wish?.kind !== 'sent') return [];
  const { route, since, until } = wish;
  return [
    `if it is cut off, this goes on: loghook replay --route ${route.name} --since ${iso(since)} --until ${iso(until)}`,
  ];
}

async function oweAgain(
  desk: ReplayDesk,
  wishes: readonly ReplayWish[],
  { folder, turn }: Opened,
  io: Io,
): Promise<void> {
  const came = new Map<Replayed, number>();
  for (const wish of wishes) {
    for (const [to, n] of await desk.replay(wish, turn)) came.set(to, (came.get(to) ?? 0) + n);
  }
  const owed = came.get('replayed') ?? 0;
  io.stdout.write(`${count(owed, 'event')} owed again\n`);
  for (const [to, n] of came) {
    if (to !== 'replayed') writeLines(io.stderr, [`${count(n, 'event')}: ${IN_WORDS[to] ?? to}`]);
  }
  if (owed > 0) noteNoDaemon(folder, io, 'they go out when `loghook run` starts');
}

const IN_WORDS: Readonly<Record<string, string>> = {
  owed: 'owed already, not owed twice',
  gone: 'their bytes are not kept any more',
  unknown: 'not there any more',
};
