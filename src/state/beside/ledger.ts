/**
 * What became of every event on every route: delivered and dropped ones from the ledger, dead letters, and what is
 * still owed, as one list. Newest event first, walked down in stretches that are each of one instant, so that nothing
 * which a running daemon moves from one table to another is missed or comes twice.
 */

import { numbers, texts } from '../database/optional.ts';
import { PARKED, UNPLACED } from '../database/schema.ts';
import { asNumber, asOptionalNumber, asText, type Row } from '../database/sqlite.ts';
import type { Beside } from './beside.ts';
import { allRoutes, type DeliveryStatus, type NamedRoute, owedStatus } from './named-routes.ts';

/** One event on one route. Instants in ms since 1970. */
export interface LedgerEntry {
  readonly seq: number;
  readonly event: string;
  readonly eventType?: string;
  /** As Okta wrote it. */
  readonly published?: string;
  readonly readAt: number;
  readonly route: NamedRoute;
  readonly status: DeliveryStatus;
  /** When something happened last: the last attempt, or that it was read. */
  readonly at: number;
  /** What the receiver answered last. */
  readonly httpStatus?: number;
  readonly attempts: number;
  readonly firstAttemptAt?: number;
  /** How long the attempt took that delivered it. */
  readonly ms?: number;
  readonly why?: string;
  /** When it is to be tried; PARKED behind another of its lane, UNPLACED in none yet. Of what is owed only. */
  readonly dueAt?: number;
  /** Whether what happened to it last, or is to happen next, does so because a person asked for it again. */
  readonly replay: boolean;
}

export interface LedgerQuestion {
  readonly routeId?: number;
  readonly status?: DeliveryStatus;
  /** Nothing happened to the others since. */
  readonly since?: number;
  readonly now: number;
}

interface Stretch extends LedgerQuestion {
  /** Rows of events before this place. */
  readonly below: number;
  readonly rows: number;
}

const FIRST_ROWS = 64;
const MOST_ROWS = 4_096;

/** Reads on as the caller takes. @throws StateError */
export function* ledgerEntries(beside: Beside, question: LedgerQuestion): Generator<LedgerEntry> {
  let below = Number.MAX_SAFE_INTEGER;
  let rows = FIRST_ROWS;
  for (;;) {
    const { entries, end } = beside.read(() => readStretch(beside, { ...question, below, rows }));
    yield* entries;
    if (end === undefined) return;
    below = end;
    rows = Math.min(rows * 2, MOST_ROWS);
  }
}

/** The entries from `below` down to `end`, or all that are left. */
function readStretch(
  beside: Beside,
  stretch: Stretch,
): { readonly entries: readonly LedgerEntry[]; readonly end?: number } {
  const routes = allRoutes(beside);
  // More than an event can have: a stretch never ends within its first one.
  const limit = stretch.rows + routes.length;
  const found = new Map<string, LedgerEntry>();
  let end = 0;
  for (const { top, read } of byTop(sources(beside, routes, stretch))) {
    if (top < end) continue;
    const entries = read(limit);
    const last = entries.at(-1);
    if (last !== undefined && entries.length === limit) end = Math.max(end, last.seq + 1);
    for (const entry of entries) add(found, entry);
  }
  const entries = [...found.values()]
    .filter(({ seq }) => seq >= end)
    .sort((one, other) => other.seq - one.seq || one.route.id - other.route.id);
  return end === 0 ? { entries } : { entries, end };
}

/** What is owed stands for the ledger line that it had before it was replayed. */
function add(found: Map<string, LedgerEntry>, entry: LedgerEntry): void {
  const key = `${entry.seq}/${entry.route.id}`;
  const known = found.get(key);
  if (known === undefined || known.dueAt === undefined) found.set(key, entry);
}

interface Source {
  /** It has no row of the stretch above this place. */
  readonly top: number;
  /** Its rows of the stretch, highest seq first. */
  readonly read: (limit: number) => LedgerEntry[];
}

/** Those that reach highest first: what ends a stretch is read before what may lie below it altogether. */
function byTop(all: Iterable<Source>): Source[] {
  return [...all].sort((one, other) => other.top - one.top);
}

function* sources(
  beside: Beside,
  routes: readonly NamedRoute[],
  stretch: Stretch,
): Generator<Source> {
  const byId = new Map(routes.map((route) => [route.id, route]));
  if (isWanted(stretch, 'delivered') || isWanted(stretch, 'dropped')) {
    yield {
      top: topOf(beside, 'ledger WHERE seq < ?', stretch.below),
      read: (limit) => settledRows(beside, stretch, limit).map((row) => toSettled(row, byId)),
    };
  }
  for (const route of routes) {
    if (stretch.routeId === undefined || route.id === stretch.routeId) {
      yield* sourcesOf(beside, route, stretch);
    }
  }
}

function* sourcesOf(beside: Beside, route: NamedRoute, stretch: Stretch): Generator<Source> {
  if (isWanted(stretch, 'dead')) {
    yield {
      top: topOf(beside, 'dead WHERE seq < ? AND route = ?', stretch.below, route.id),
      read: (limit) => deadRows(beside, route, stretch, limit).map((row) => toDead(row, route)),
    };
  }
  for (const range of dueRanges(stretch.now)) {
    const status = owedStatus(route, range.dueFrom, stretch.now);
    if (!isWanted(stretch, status)) continue;
    const part = { ...stretch, ...range, route };
    yield {
      top: isOneTime(range)
        ? topOf(
            beside,
            'owed WHERE seq < ? AND route = ? AND due_at = ?',
            stretch.below,
            route.id,
            range.dueFrom,
          )
        : stretch.below,
      read: (limit) => owedRows(beside, part, limit).map((row) => toOwed(row, route, status)),
    };
  }
}

function topOf(beside: Beside, rows: string, ...values: readonly number[]): number {
  const row = beside.sql(`SELECT max(seq) AS top FROM ${rows}`).get(...values);
  return asOptionalNumber(row?.top) ?? -1;
}

/** Then its rows lie in the order of their places; else they have to be sorted. */
function isOneTime({ dueFrom, dueTo }: DueRange): boolean {
  return dueFrom === dueTo;
}

function isWanted({ status }: LedgerQuestion, one: DeliveryStatus): boolean {
  return status === undefined || status === one;
}

/** Never tried, parked, not yet in a lane, due again, due later: within each one, all have the same status. */
function dueRanges(now: number): DueRange[] {
  return [
    { dueFrom: 0, dueTo: 0 },
    { dueFrom: PARKED, dueTo: PARKED },
    { dueFrom: UNPLACED, dueTo: UNPLACED },
    { dueFrom: 1, dueTo: now },
    { dueFrom: now + 1, dueTo: Number.MAX_SAFE_INTEGER },
  ];
}

const EVENT = 'events.id, events.type, events.published, events.read_at';

/** An attempt that ended it is followed by another only when a person asks. */
function isReplay(table: 'ledger' | 'dead'): string {
  return `EXISTS (
    SELECT 1 FROM attempts WHERE attempts.seq = ${table}.seq AND attempts.route = ${table}.route
      AND n < ${table}.attempts AND attempts.result IN ('delivered', 'dead', 'expired')
  ) AS replay`;
}

function settledRows(
  beside: Beside,
  { below, routeId, status, since }: Stretch,
  limit: number,
): Row[] {
  const filters = [
    ...(routeId === undefined ? [] : ['ledger.route = ?']),
    ...(status === undefined ? [] : ['ledger.result = ?']),
    ...(since === undefined ? [] : ['ledger.at >= ?']),
  ];
  const values = [routeId, status, since].filter((value) => value !== undefined);
  return beside
    .sql(
      `SELECT ledger.*, ${isReplay('ledger')}, ${EVENT} FROM ledger CROSS JOIN events ON events.seq = ledger.seq
       WHERE ${['ledger.seq < ?', ...filters].join(' AND ')} ORDER BY ledger.seq DESC LIMIT ?`,
    )
    .all(below, ...values, limit);
}

function deadRows(
  beside: Beside,
  route: NamedRoute,
  { below, since }: Stretch,
  limit: number,
): Row[] {
  return beside
    .sql(
      `SELECT dead.*, ${isReplay('dead')}, ${EVENT} FROM dead CROSS JOIN events ON events.seq = dead.seq
       WHERE dead.route = ? AND dead.seq < ? AND dead.died_at >= ?
       ORDER BY dead.seq DESC LIMIT ?`,
    )
    .all(route.id, below, since ?? 0, limit);
}

interface DueRange {
  readonly dueFrom: number;
  readonly dueTo: number;
}

interface OwedStretch extends Stretch, DueRange {
  readonly route: NamedRoute;
}

function owedRows(beside: Beside, stretch: OwedStretch, limit: number): Row[] {
  const { route, dueFrom, dueTo, below, since } = stretch;
  const hasOneTime = isOneTime(stretch);
  const happened = `coalesce(last_at, (SELECT read_at FROM events WHERE events.seq = owed.seq))`;
  return beside
    .sql(
      `SELECT o.*, ${EVENT} FROM (
         SELECT * FROM owed WHERE route = ? AND ${hasOneTime ? 'due_at = ?' : 'due_at BETWEEN ? AND ?'}
           AND seq < ? ${since === undefined ? '' : `AND ${happened} >= ?`}
         ORDER BY seq DESC LIMIT ?
       ) AS o CROSS JOIN events ON events.seq = o.seq ORDER BY o.seq DESC`,
    )
    .all(
      route.id,
      ...(hasOneTime ? [dueFrom] : [dueFrom, dueTo]),
      below,
      ...(since === undefined ? [] : [since]),
      limit,
    );
}

function toSettled(row: Row, routes: ReadonlyMap<number, NamedRoute>): LedgerEntry {
  const route = routes.get(asNumber(row.route));
  if (route === undefined) throw new TypeError('a ledger line names no route');
  return {
    ...ofEvent(row),
    route,
    status: row.result === 'delivered' ? 'delivered' : 'dropped',
    at: asNumber(row.at),
    ...numbers({ httpStatus: row.status, firstAttemptAt: row.first_at, ms: row.ms }),
  };
}

function toDead(row: Row, route: NamedRoute): LedgerEntry {
  return {
    ...ofEvent(row),
    route,
    status: 'dead',
    at: asNumber(row.died_at),
    ...numbers({ httpStatus: row.status, firstAttemptAt: row.first_at }),
    why: asText(row.why),
  };
}

function toOwed(row: Row, route: NamedRoute, status: DeliveryStatus): LedgerEntry {
  return {
    ...ofEvent(row),
    route,
    status,
    at: asOptionalNumber(row.last_at) ?? asNumber(row.read_at),
    ...numbers({ httpStatus: row.last_status, firstAttemptAt: row.first_at, dueAt: row.due_at }),
    ...texts({ why: row.last_why }),
  };
}

function ofEvent(row: Row) {
  return {
    seq: asNumber(row.seq),
    event: asText(row.id),
    ...texts({ eventType: row.type, published: row.published }),
    readAt: asNumber(row.read_at),
    attempts: asNumber(row.attempts),
    replay: row.replay === 1,
  };
}
