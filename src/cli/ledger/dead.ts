/** Lists, shows, replays and drops dead letters. */
import { isUtf8 } from 'node:buffer';
import { refuse } from '../../config/problems.ts';
import { printable } from '../../printable.ts';
import { type DeadLetter, DeadLetters } from '../../state/beside/dead-letters.ts';
import { allRoutes } from '../../state/beside/named-routes.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { routeNamed } from '../route-named.ts';
import { writeJson, writeRaw } from '../terminal/print.ts';
import { count } from '../words/counts.ts';
import { table } from '../words/table.ts';
import { iso, localTime } from '../words/time.ts';
import type { DeadFlags } from './add-dead.ts';
import { noteNoDaemon, type Opened, withState } from './state-turn.ts';

/** Rows of the table are lined up in groups of so many, so that a long list needs no memory. */
const ROWS_A_TABLE = 1_000;

export async function listDead(given: DeadFlags, io: Io): Promise<number> {
  return withLetters(given, io, async (letters, _, flags) => {
    let listed = 0;
    for (const group of groups(letters.list(flags.route))) {
      listed += group.length;
      if (flags.json === true) for (const letter of group) writeJson(io.stdout, asJson(letter));
      else printTable(group, io);
    }
    io.stderr.write(listed === 0 ? 'no dead letters\n' : `${count(listed, 'dead letter')}\n`);
  });
}

function* groups(letters: Iterable<DeadLetter>): Generator<readonly DeadLetter[]> {
  let group: DeadLetter[] = [];
  for (const letter of letters) {
    group.push(letter);
    if (group.length < ROWS_A_TABLE) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

export async function showDead(id: string, given: DeadFlags, io: Io): Promise<number> {
  return withLetters(given, io, async (letters, _, flags) => {
    const found = letters.find(id, flags.route);
    if (flags.json === true) {
      for (const letter of found) {
        writeJson(io.stdout, { ...asJson(letter), ...bytesOf(letters, letter) });
      }
      return;
    }
    for (const letter of found) {
      io.stderr.write(`${inWords(letter).map(printable).join('\n')}\n`);
    }
    writeRaw(io.stdout, letters.raw(found[0]));
  });
}

export async function replayDead(
  ids: readonly string[],
  given: DeadFlags,
  io: Io,
): Promise<number> {
  return withLetters(given, io, async (letters, { folder, turn }, flags) => {
    const chosen = choose(letters, ids, flags, 'replay');
    const replayed = await letters.replay(chosen, turn);
    io.stdout.write(`${count(replayed, 'dead letter')} owed again\n`);
    const unsendable = [...letters.list(flags.route)].filter(({ unreadable }) => unreadable).length;
    if (flags.all && unsendable > 0) {
      io.stderr.write(
        `${unsendable} left: pieces of unreadable pages are no events, nothing can be sent\n`,
      );
    }
    if (replayed > 0) noteNoDaemon(folder, io, 'they go out when `loghook run` starts');
  });
}

export async function dropDead(ids: readonly string[], given: DeadFlags, io: Io): Promise<number> {
  return withLetters(given, io, async (letters, { turn }, flags) => {
    const chosen = choose(letters, ids, flags, 'drop');
    if (flags.all === true && flags.yes !== true) refuseToDropAll(letters, flags);
    const dropped = await letters.drop(chosen, turn);
    io.stdout.write(`${count(dropped, 'dead letter')} dropped\n`);
  });
}

function withLetters(
  given: DeadFlags,
  io: Io,
  work: (letters: DeadLetters, opened: Opened, flags: DeadFlags) => Promise<void>,
): Promise<number> {
  return withState(given, io, async (opened) => {
    await work(new DeadLetters(opened.beside), opened, withWholeName(given, opened));
    return EXIT.asAsked;
  });
}

/** The start of a route's name stands for all of it. */
function withWholeName(flags: DeadFlags, { beside }: Opened): DeadFlags {
  if (flags.route === undefined) return flags;
  return { ...flags, route: routeNamed(allRoutes(beside), flags.route, '--route').name };
}

/** Looks every id up before anything is changed. */
function choose(
  letters: DeadLetters,
  ids: readonly string[],
  flags: DeadFlags,
  word: string,
): Iterable<DeadLetter> {
  if (flags.all === true && ids.length > 0)
    refuse('--all', 'it was given with ids', 'Leave one of them out.');
  if (flags.all === true) return letters.list(flags.route);
  if (ids.length === 0) {
    refuse(`dead ${word}`, 'no id was given', `Give ids from \`loghook dead list\`, or --all.`);
  }
  const chosen = ids.flatMap((id) => letters.find(id, flags.route));
  if (word === 'replay') for (const letter of chosen) refuseUnreadable(letter);
  return chosen;
}

function refuseUnreadable(letter: DeadLetter): void {
  if (!letter.unreadable) return;
  refuse(
    'dead replay',
    `${letter.event} is a piece of a page that could not be read as an event: no route wants it`,
    'Look at it with `loghook dead show`; drop it with `loghook dead drop`.',
  );
}

function refuseToDropAll(letters: DeadLetters, flags: DeadFlags): never {
  let n = 0;
  for (const _ of letters.list(flags.route)) n += 1;
  return refuse(
    'dead drop --all',
    `this drops ${count(n, 'dead letter')} for good`,
    'Say yes with --yes.',
  );
}

function printTable(group: readonly DeadLetter[], io: Io): void {
  const lines = table([
    ['DIED', 'ROUTE', 'TYPE', 'ATTEMPTS', 'WHY', 'EVENT'],
    ...group.map((letter) => [
      localTime(letter.diedAt),
      letter.route,
      letter.eventType ?? '-',
      String(letter.attempts),
      letter.why,
      letter.event,
    ]),
  ]);
  io.stdout.write(`${lines.join('\n')}\n`);
}

function inWords(letter: DeadLetter): string[] {
  const first =
    letter.firstAttemptAt === undefined ? '' : `, first ${localTime(letter.firstAttemptAt)}`;
  return [
    `event      ${letter.event}`,
    `type       ${letter.eventType ?? '-'}`,
    `published  ${letter.published ?? '-'}`,
    `route      ${letter.route}${letter.retired && !letter.unreadable ? ' (not in force)' : ''}`,
    `died       ${localTime(letter.diedAt)}: ${letter.why}`,
    `attempts   ${letter.attempts}${first}`,
  ];
}

function bytesOf(letters: DeadLetters, letter: DeadLetter) {
  const raw = letters.raw(letter);
  return isUtf8(raw) ? { raw: raw.toString('utf8') } : { rawBase64: raw.toString('base64') };
}

function asJson(letter: DeadLetter) {
  return {
    event: letter.event,
    eventType: letter.eventType ?? null,
    published: letter.published ?? null,
    route: letter.route,
    inForce: !letter.retired,
    diedAt: iso(letter.diedAt),
    why: letter.why,
    status: letter.status ?? null,
    attempts: letter.attempts,
    firstAttemptAt: iso(letter.firstAttemptAt),
  };
}
