/** `loghook show`: one event, and on every route each attempt that is remembered. */
import { StringDecoder } from 'node:string_decoder';
import { SystemClock } from '../../clock.ts';
import { refuse } from '../../config/problems.ts';
import { Beside } from '../../state/beside/beside.ts';
import { shortId } from '../../state/beside/event-finder.ts';
import { allRoutes } from '../../state/beside/named-routes.ts';
import {
  bytesOf,
  type PastAttempt,
  type RouteTimeline,
  type Timeline,
  timelineOf,
} from '../../state/beside/timeline.ts';
import { UNREADABLE } from '../../state/database/schema.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { findOrgState } from '../org-state.ts';
import { routeNamed } from '../route-named.ts';
import { writeJson, writeLines, writeRaw } from '../terminal/print.ts';
import { count, number } from '../words/counts.ts';
import { delayAsJson, delayLine } from '../words/delays.ts';
import { fittedTable } from '../words/fitted-table.ts';
import { iso, shortTime, when } from '../words/time.ts';
import type { ShowFlags } from './add-ledger.ts';
import { standsSo } from './route-words.ts';

const UNWANTED = [
  'no route wanted it, or it was so long ago',
  '  → to have it sent: widen a pattern, reload, then loghook backfill --since T',
];

/** @throws ConfigError StateError */
export async function showEvent(id: string, flags: ShowFlags, io: Io): Promise<number> {
  if (flags.raw === true && flags.json === true) {
    refuse('show --raw', '--json stands beside it', 'Leave one of them out.');
  }
  const now = new SystemClock().now();
  const { folder } = await findOrgState(io, flags);
  const beside = new Beside(folder, { readOnly: true });
  try {
    const only =
      flags.route === undefined
        ? undefined
        : routeNamed(allRoutes(beside), flags.route, '--route').id;
    const all = timelineOf(beside, id, now);
    const timeline = {
      ...all,
      routes: all.routes.filter(({ route }) => only === undefined || route.id === only),
    };
    if (flags.raw === true) writeRaw(io.stdout, keptBytes(beside, timeline));
    else if (flags.json === true) writeJson(io.stdout, asJson(timeline), 2);
    else print(timeline, shortId(beside, all.event.event), now, io);
    return EXIT.asAsked;
  } finally {
    beside.close();
  }
}

function keptBytes(beside: Beside, { event }: Timeline): Buffer {
  const raw = bytesOf(beside, event);
  if (raw !== undefined) return raw;
  return refuse(
    'show --raw',
    'the bytes of this event are not kept any more',
    'Okta keeps it for 90 days: look it up there by its uuid.',
  );
}

function print({ event, routes }: Timeline, short: string, now: number, io: Io): void {
  const kept =
    event.place === undefined
      ? 'not kept any more: it cannot be sent again'
      : `${number(event.place.size)} kept: loghook show ${short} --raw`;
  const head = [
    `event      ${event.event}`,
    `type       ${event.eventType ?? '-'}`,
    `published  ${event.published ?? '-'}`,
    `read       ${when(event.readAt, now)}${event.backfilled ? ', by a backfill' : ''}`,
    `bytes      ${kept}`,
  ];
  const { backfilled } = event;
  const bodies = routes.map((one) => routeLines(one, { short, backfilled }, now, io));
  const body = bodies.length === 0 ? [['', ...UNWANTED]] : bodies;
  writeLines(io.stdout, [...head, ...body.flat()]);
}

function routeLines(
  one: RouteTimeline,
  event: { readonly short: string; readonly backfilled: boolean },
  now: number,
  io: Io,
): string[] {
  return [
    '',
    `${one.route.name}: ${statusWords(one, now)}`,
    ...(one.delay === undefined ? [] : [`  ${delayLine(one.delay, event.backfilled)}`]),
    ...attemptLines(one, now, io).map((line) => `  ${line}`),
    ...nextStep(one, event.short, now).map((line) => `  → ${line}`),
  ];
}

function statusWords(one: RouteTimeline, now: number): string {
  const tried = `${count(one.attempts, 'attempt')}`;
  const at = one.at === undefined ? '' : ` ${when(one.at, now)}`;
  if (one.status === 'delivered') return `delivered${at}, ${tried}`;
  if (one.status === 'dropped') return `dropped by a person${at}, ${tried}`;
  if (one.status === 'dead') return `dead since${at}, ${tried}: ${one.why ?? ''}`;
  const asked = one.replay ? ', to be sent again as a person asked' : '';
  return `${one.status}, ${tried} so far${asked}`;
}

/** A line for each attempt; below it the start of what the receiver answered. */
function attemptLines({ remembered, attempts }: RouteTimeline, now: number, io: Io): string[] {
  const forgotten = attempts - remembered.filter(({ n }) => n > 0).length;
  if (remembered.length === 0 && forgotten === 0) return [];
  const rows = remembered.map((attempt) => [
    attempt.n === 0 ? '-' : String(attempt.n),
    shortTime(attempt.at, now),
    `${resultOf(attempt)}${attempt.replay ? ' (replay)' : ''}`,
    ...[attempt.dnsMs, attempt.connectMs, attempt.tlsMs, attempt.firstByteMs, attempt.ms].map(
      (ms) => (ms === undefined ? '-' : number(ms)),
    ),
    attempt.nextAt === undefined ? '-' : shortTime(attempt.nextAt, now),
  ]);
  const heading = ['TRY', 'TIME', 'RESULT', 'DNS', 'CONNECT', 'TLS', 'FIRST BYTE', 'MS', 'NEXT'];
  const columns = io.stdout.columns === undefined ? undefined : io.stdout.columns - 2;
  const [first = '', ...lines] = fittedTable([heading, ...rows], { ...view(io), columns }, [2]);
  return [
    ...(remembered.length === 0 ? [] : [first]),
    ...lines.flatMap((line, index) => [line, ...answerLines(remembered[index])]),
    ...(forgotten > 0 ? [`${count(forgotten, 'attempt')} more, of which no more is known`] : []),
  ];
}

function view({ stdout }: Io) {
  return { write: stdout.write, isTTY: stdout.isTTY };
}

function resultOf({ status, why, result }: PastAttempt): string {
  return why ?? `${status ?? result}`;
}

function answerLines(attempt: PastAttempt | undefined): string[] {
  const text = textOf(attempt?.answer)?.trim() ?? '';
  return text === '' ? [] : [`     answer: ${text}`];
}

function nextStep(one: RouteTimeline, short: string, now: number): string[] {
  const { status, route } = one;
  if (status === 'delivered' || status === 'dropped') return [];
  if (route.id === UNREADABLE)
    return [`no event, but a piece of a page: loghook dead show ${short}`];
  if (status === 'dead') return [`loghook replay ${short} --route ${route.name}`];
  return [standsSo(one, now)];
}

function asJson({ event, routes }: Timeline) {
  return {
    event: event.event,
    eventType: event.eventType ?? null,
    published: event.published ?? null,
    readAt: iso(event.readAt),
    backfilled: event.backfilled,
    bytesKept: event.place?.size ?? null,
    routes: routes.map((one) => ({
      route: one.route.name,
      inForce: !one.route.retired,
      status: one.status,
      at: iso(one.at),
      why: one.why ?? null,
      replay: one.replay,
      nextAt: one.dueAt === undefined || one.dueAt <= 0 ? null : iso(one.dueAt),
      behind: one.behind ?? null,
      delayMs: one.delay === undefined ? null : delayAsJson(one.delay),
      attempts: one.attempts,
      remembered: one.remembered.map(attemptAsJson),
    })),
  };
}

function attemptAsJson(attempt: PastAttempt) {
  return {
    n: attempt.n,
    at: iso(attempt.at),
    result: attempt.result,
    status: attempt.status ?? null,
    why: attempt.why ?? null,
    replay: attempt.replay,
    dnsMs: attempt.dnsMs ?? null,
    connectMs: attempt.connectMs ?? null,
    tlsMs: attempt.tlsMs ?? null,
    firstByteMs: attempt.firstByteMs ?? null,
    ms: attempt.ms ?? null,
    nextAt: iso(attempt.nextAt),
    answer: textOf(attempt.answer) ?? null,
  };
}

/** Of the first bytes of a text, without the half of a character that they may end in. */
function textOf(answer: Buffer | undefined): string | undefined {
  return answer === undefined ? undefined : new StringDecoder('utf8').write(answer);
}
