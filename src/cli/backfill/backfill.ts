/**
 * `loghook backfill`: the org's past events, and what the ledger lacks of them owed to the routes. The cursor is the
 * daemon's alone; which window is read and how it is said stands here, the reading in perform.ts.
 */
import { SystemClock } from '../../clock.ts';
import { loadOne } from '../../config/config.ts';
import { refuse } from '../../config/problems.ts';
import { Backfills, owedIn } from '../../state/beside/backfills.ts';
import { Beside } from '../../state/beside/beside.ts';
import { reachOf } from '../../state/beside/reach.ts';
import { readersBeside } from '../../state/beside/readers.ts';
import { EXIT } from '../exit.ts';
import { instantFlag } from '../instant-flag.ts';
import { type Io, surroundings } from '../io.ts';
import { noteNoDaemon } from '../ledger/state-turn.ts';
import { findOrgState } from '../org-state.ts';
import { writeJson, writeLines, writeProse } from '../terminal/print.ts';
import { iso } from '../words/time.ts';
import type { BackfillFlags } from './add-backfill.ts';
import { perform, readerName } from './perform.ts';
import {
  askedFor,
  type Chosen,
  chooseRoutes,
  isStillMeant,
  leftWords,
  restWords,
  resumeWords,
  type WindowWish,
  windowOf,
} from './plan.ts';
import { reportDocument, reportLines } from './report.ts';
import type { Order, Sources } from './sources.ts';

/** @throws ConfigError OktaError StateError */
export async function backfill(flags: BackfillFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const now = clock.now();
  const input = { ...surroundings(io, now, io.stderr), flags };
  const { settings, file, more } = await loadOne(input, () => ({
    until: () => ({ at: instantFlag('--until', flags.until, now) }),
    since: () => flags.since ?? refuse('--since', 'it is missing', 'Say from when on: --since 7d'),
  }));
  const { folder } = await findOrgState(io, flags);
  const beside = new Beside(folder, { readOnly: flags.dryRun === true });
  try {
    const reach = reachOf(beside) ?? refuseNoDaemon();
    const chosen = chooseRoutes(file, flags.route, beside);
    const sources = { settings, notes: file.notes, beside, folder, reach, chosen, clock, io };
    const wish = { since: settings.since ?? now, until: more.until.at, now };
    return await fill(sources, openOrder(sources, flags, wish), flags);
  } finally {
    beside.close();
  }
}

function refuseNoDaemon(): never {
  return refuse(
    'backfill',
    'no daemon of this version has run with this state folder yet, so nobody knows its routes',
    'Start `loghook run` first, or start it anew.',
  );
}

/** The one that was cut off, or another. */
function openOrder(
  { beside, reach, chosen, io }: Sources,
  flags: BackfillFlags,
  wish: WindowWish,
): Order {
  const backfills = new Backfills(beside);
  const asked = askedFor(flags, chosen, reach);
  const { now } = wish;
  const left = flags.dryRun ? undefined : backfills.unfinished(asked);
  if (left !== undefined) refuseTwice(beside, left.id, now);
  if (left !== undefined && isStillMeant(left, wish)) {
    say(io, [resumeWords(left)]);
    const rest = restWords(left, wish, reach);
    return { kind: 'backfill', backfills, backfill: left, wasResumed: true, rest };
  }
  if (left !== undefined) say(io, [leftWords(left)]);
  const { notes, ...range } = windowOf(wish, reach, chosen);
  say(io, notes);
  if (flags.dryRun === true) return { kind: 'rehearsal', range };
  const backfill = backfills.begin(asked, range, now);
  return { kind: 'backfill', backfills, backfill, wasResumed: false };
}

/** Two would read the same pages. */
function refuseTwice(beside: Beside, id: number, now: number): void {
  const other = readersBeside(beside, now).find(
    ({ what, isAlive, pid }) => isAlive && what === readerName(id) && pid !== process.pid,
  );
  if (other === undefined) return;
  refuse(
    'backfill',
    `the same one is running already (pid ${other.pid})`,
    'Wait for it, or stop it.',
  );
}

async function fill(sources: Sources, order: Order, flags: BackfillFlags): Promise<number> {
  const { io, chosen, settings, folder } = sources;
  const { came, isPartial } = await perform(sources, order).catch((error: unknown) => {
    say(io, keptWords(order));
    throw error;
  });
  const { since, until } = order.kind === 'rehearsal' ? order.range : order.backfill;
  const story = {
    org: settings.org.url.host,
    since,
    until,
    came,
    routes: [...chosen.rows.values()],
    isDry: order.kind === 'rehearsal',
    wasResumed: order.kind === 'backfill' && order.wasResumed,
    isPartial,
  };
  if (flags.json === true) writeJson(io.stdout, reportDocument(story), 2);
  else writeProse(io.stdout, reportLines(story));
  if (isPartial) say(io, [goOnWords(order)]);
  if (order.kind === 'backfill') {
    if (!isPartial && order.rest !== undefined) say(io, [order.rest]);
    say(io, pausedWords(chosen));
    if (owedIn(came.routes) > 0) noteNoDaemon(folder, io, '`loghook run` will send them');
  }
  return EXIT.asAsked;
}

function keptWords(order: Order): string[] {
  if (order.kind === 'rehearsal') return [];
  const { readTo } = order.backfills.of(order.backfill.id);
  if (readTo === undefined) return [];
  return [`what is owed up to ${iso(readTo)} stays owed: the same command goes on from there`];
}

function goOnWords(order: Order): string {
  return order.kind === 'rehearsal'
    ? 'stopped before all events were read'
    : 'stopped before all events were read: the same command goes on from here';
}

function pausedWords({ rows }: Chosen): string[] {
  return [...rows.values()]
    .filter(({ pausedAt }) => pausedAt !== undefined)
    .map(({ name }) => `${name} is paused: its events wait until \`loghook resume ${name}\``);
}

function say(io: Io, lines: readonly string[]): void {
  writeLines(io.stderr, lines);
}
