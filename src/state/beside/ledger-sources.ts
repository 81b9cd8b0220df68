/** Where the list of what became of events comes from: the tables, a stretch of each read as entries of one kind. */
import { numbers, texts } from '../database/optional.ts';
import { PARKED, UNPLACED } from '../database/schema.ts';
import { asNumber, asOptionalNumber, asText, type Row } from '../database/sqlite.ts';
import type { Beside } from './beside.ts';
import { type DeliveryStatus, type NamedRoute, owedStatus } from './named-routes.ts';

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

export interface Stretch extends LedgerQuestion {
  /** Rows of events before this place. */
  readonly below: number;
  /** How many to begin with. */
  readonly rows: number;
}

export interface Source {
  /** It has no row of the stretch above this place. */
  readonly top: number;
  /** Its rows of the stretch, highest seq first. */
  readonly read: (limit: number) => LedgerEntry[];
}

/** Those that may have entries of the stretch that are asked for. */
export function* sources(
  beside: Beside,
  routes: readonly NamedRoute[],
  stretch: Stretch,
): Generator<Source> {
  if (isWanted(stretch, 'delivered') || isWanted(stretch, 'dropped')) {
    yield settledSource(beside, routes, stretch);
  }
  for (const route of routes) {
    if (stretch.routeId === undefined || route.id === stretch.routeId) {
      yield* sourcesOf(beside, route, stretch);
    }
  }
}

function isWanted({ status }: LedgerQuestion, one: DeliveryStatus): boolean {
  return status === undefined || status === one;
}

function* sourcesOf(beside: Beside, route: NamedRoute, stretch: Stretch): Generator<Source> {
  if (isWanted(stretch, 'dead')) yield deadSource(beside, { ...stretch, route });
  for (const range of dueRanges(stretch.now)) {
    const status = owedStatus(route, range.dueFrom, stretch.now);
    const part = { ...stretch, ...range, route };
    if (isWanted(stretch, status)) yield owedSource(beside, part, status);
  }
}

function settledSource(beside: Beside, routes: readonly NamedRoute[], stretch: Stretch): Source {
  const byId = new Map(routes.map((route) => [route.id, route]));
  return {
    top: topOf(beside, 'ledger WHERE seq < ?', stretch.below),
    read: (limit) => settledRows(beside, stretch, limit).map((row) => toSettled(row, byId)),
  };
}

function deadSource(beside: Beside, part: RouteStretch): Source {
  const { below, route } = part;
  return {
    top: topOf(beside, 'dead WHERE seq < ? AND route = ?', below, route.id),
    read: (limit) => deadRows(beside, part, limit).map((row) => toDead(row, route)),
  };
}

function owedSource(beside: Beside, part: OwedStretch, status: DeliveryStatus): Source {
  return {
    top: topOfOwed(beside, part),
    read: (limit) => owedRows(beside, part, limit).map((row) => toOwed(row, part.route, status)),
  };
}

function topOfOwed(beside: Beside, part: OwedStretch): number {
  const { below, route, dueFrom } = part;
  if (!isOneTime(part)) return below;
  return topOf(beside, 'owed WHERE seq < ? AND route = ? AND due_at = ?', below, route.id, dueFrom);
}

function topOf(beside: Beside, rows: string, ...values: readonly number[]): number {
  const row = beside.sql(`SELECT max(seq) AS top FROM ${rows}`).get(...values);
  return asOptionalNumber(row?.top) ?? -1;
}

/** Then its rows lie in the order of their places; else they have to be sorted. */
function isOneTime({ dueFrom, dueTo }: DueRange): boolean {
  return dueFrom === dueTo;
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

interface DueRange {
  readonly dueFrom: number;
  readonly dueTo: number;
}

interface RouteStretch extends Stretch {
  readonly route: NamedRoute;
}

interface OwedStretch extends RouteStretch, DueRange {}

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

function deadRows(beside: Beside, { route, below, since }: RouteStretch, limit: number): Row[] {
  return beside
    .sql(
      `SELECT dead.*, ${isReplay('dead')}, ${EVENT} FROM dead CROSS JOIN events ON events.seq = dead.seq
       WHERE dead.route = ? AND dead.seq < ? AND dead.died_at >= ?
       ORDER BY dead.seq DESC LIMIT ?`,
    )
    .all(route.id, below, since ?? 0, limit);
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
