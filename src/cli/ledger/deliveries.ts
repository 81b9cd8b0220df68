/** `loghook deliveries`: a line for each event and route, newest event first, printed as they are read. */
import { SystemClock } from '../../clock.ts';
import { didYouMean } from '../../config/did-you-mean.ts';
import { refuse } from '../../config/problems.ts';
import { quote } from '../../config/quote.ts';
import { Beside } from '../../state/beside/beside.ts';
import { shortId } from '../../state/beside/event-finder.ts';
import { type LedgerEntry, type LedgerQuestion, ledgerEntries } from '../../state/beside/ledger.ts';
import {
  allRoutes,
  DELIVERY_STATUSES,
  type DeliveryStatus,
} from '../../state/beside/named-routes.ts';
import { PARKED, UNPLACED } from '../../state/database/schema.ts';
import { EXIT } from '../exit.ts';
import { instantFlag } from '../instant-flag.ts';
import type { Io } from '../io.ts';
import { wholeNumber } from '../numbers.ts';
import { findOrgState } from '../org-state.ts';
import { routeNamed } from '../route-named.ts';
import { jsonLine } from '../terminal/print.ts';
import { written } from '../terminal/written.ts';
import { count, number } from '../words/counts.ts';
import { fittedTable } from '../words/fitted-table.ts';
import { duration, iso, localTime, shortTime } from '../words/time.ts';
import type { DeliveriesFlags } from './add-ledger.ts';

const DEFAULT_LINES = 50;
/** Rows of the table are lined up in groups of so many, so that a long list needs no memory. */
const ROWS_A_TABLE = 1_000;

/** @throws ConfigError StateError */
export async function listDeliveries(flags: DeliveriesFlags, io: Io): Promise<number> {
  const now = new SystemClock().now();
  const status = statusFlag(flags.status);
  const since = instantFlag('--since', flags.since, now);
  const limit = limitOf(flags);
  const { folder } = await findOrgState(io, flags);
  const beside = new Beside(folder, { readOnly: true });
  try {
    const question: LedgerQuestion = {
      now,
      ...(flags.route === undefined
        ? {}
        : { routeId: routeNamed(allRoutes(beside), flags.route, '--route').id }),
      ...(status === undefined ? {} : { status }),
      ...(since === undefined ? {} : { since }),
    };
    await print(
      beside,
      ledgerEntries(beside, question),
      { limit, now, json: flags.json === true },
      io,
    );
    return EXIT.asAsked;
  } finally {
    beside.close();
  }
}

interface Shown {
  readonly limit: number;
  readonly now: number;
  readonly json: boolean;
}

/** Reads on only as fast as somebody takes it. */
async function print(
  beside: Beside,
  entries: Iterable<LedgerEntry>,
  shown: Shown,
  io: Io,
): Promise<void> {
  let group: LedgerEntry[] = [];
  let listed = 0;
  let isMore = false;
  for (const entry of entries) {
    isMore = listed === shown.limit;
    if (isMore) break;
    listed += 1;
    if (group.push(entry) < ROWS_A_TABLE) continue;
    if (!(await written(io.stdout, textOf(beside, group, shown, io)))) return;
    group = [];
  }
  if (group.length > 0) await written(io.stdout, textOf(beside, group, shown, io));
  io.stderr.write(`${closing(listed, isMore)}\n`);
}

function closing(listed: number, isMore: boolean): string {
  if (listed === 0) return 'no deliveries';
  if (!isMore) return count(listed, 'line');
  return `the newest ${number(listed)}; more with --limit, --since or --status, all with --json`;
}

function textOf(
  beside: Beside,
  group: readonly LedgerEntry[],
  { json, now }: Shown,
  { stdout }: Io,
): string {
  if (json) return group.map((entry) => jsonLine(stdout, asJson(entry))).join('');
  const rows = group.map((entry) => [
    stdout.isTTY === true ? shortTime(entry.at, now) : localTime(entry.at),
    shortId(beside, entry.event),
    entry.eventType ?? '-',
    entry.route.name,
    entry.status,
    entry.httpStatus === undefined ? '-' : String(entry.httpStatus),
    String(entry.attempts),
    remark(entry, now),
  ]);
  const heading = ['TIME', 'EVENT', 'TYPE', 'ROUTE', 'STATUS', 'HTTP', 'TRIES', 'MS / WHY'];
  return `${fittedTable([heading, ...rows], stdout, [2, 3, 7]).join('\n')}\n`;
}

/** How long it took, or why it did not work and what comes next. */
function remark(entry: LedgerEntry, now: number): string {
  return [
    ...(entry.replay ? ['replay'] : []),
    ...(entry.ms === undefined ? [] : [`${entry.ms} ms`]),
    ...nextOf(entry, now),
    ...(entry.why === undefined ? [] : [entry.why]),
  ].join('; ');
}

function nextOf({ status, route, dueAt }: LedgerEntry, now: number): string[] {
  if (status !== 'waiting') return [];
  if (route.disabled) return ['its route is disabled'];
  if (route.retired) return ['its route is not in force'];
  if (dueAt === PARKED) return ['behind another of its lane'];
  if (dueAt === UNPLACED) return ['the daemon is to find its lane'];
  return dueAt === undefined ? [] : [`next in ${duration(Math.max(0, dueAt - now))}`];
}

function asJson(entry: LedgerEntry) {
  const { route, dueAt } = entry;
  return {
    event: entry.event,
    eventType: entry.eventType ?? null,
    published: entry.published ?? null,
    readAt: iso(entry.readAt),
    route: route.name,
    inForce: !route.retired,
    status: entry.status,
    at: iso(entry.at),
    httpStatus: entry.httpStatus ?? null,
    attempts: entry.attempts,
    firstAttemptAt: iso(entry.firstAttemptAt),
    ms: entry.ms ?? null,
    why: entry.why ?? null,
    nextAt: dueAt === undefined || dueAt <= 0 ? null : iso(dueAt),
    behindItsLane: dueAt === PARKED,
    replay: entry.replay,
  };
}

function limitOf({ limit, json }: DeliveriesFlags): number {
  const given = wholeNumber('--limit', limit, { least: 1, most: 999_999_999 });
  return given ?? (json === true ? Number.POSITIVE_INFINITY : DEFAULT_LINES);
}

function statusFlag(text: string | undefined): DeliveryStatus | undefined {
  if (text === undefined) return undefined;
  const status = DELIVERY_STATUSES.find((one) => one === text.trim().toLowerCase());
  if (status !== undefined) return status;
  const meant = didYouMean(text, DELIVERY_STATUSES);
  const question = meant === undefined ? '' : `Did you mean ${meant}? `;
  return refuse(
    '--status',
    `${quote(text)} is none`,
    `${question}There are: ${DELIVERY_STATUSES.join(', ')}`,
  );
}
