/** What is owed: statements over the `owed` rows, prepared once. */
import type { LogEvent } from '../../event.ts';
import { numbers } from '../database/optional.ts';
import { UNPLACED } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  type Row,
  type Statement,
} from '../database/sqlite.ts';
import { type Bundles, toPlace } from '../intake/bundles.ts';
import type { Delivery, LeftBehind } from '../outbox.ts';
import type { OwedRows, Which } from './due-queue.ts';

/** Nothing is planned further ahead than a Retry-After of 24 h; a due time beyond it comes from a clock that was wrong. */
export const FURTHEST_DUE_MS = 25 * 3_600_000;

/** So many rows to a statement: each call costs as much as some rows do. */
const MANY = 32;
const OWE = 'INSERT INTO owed (route, seq, due_at) VALUES (?, ?, 0)';
const OWE_MANY = `${OWE}${', (?, ?, 0)'.repeat(MANY - 1)}`;

const DELIVERY_COLUMNS = `
  owed.seq, owed.due_at, owed.attempts, owed.tries, owed.first_at, owed.last_at, owed.lane, owed.replay,
  events.read_at, events.okta_ms, events.poll_ms,
  events.id, events.type, events.published, events.bundle, events.at, events.size
  FROM owed JOIN events ON events.seq = owed.seq`;

export class OwedTable {
  readonly #sql: (text: string) => Statement;
  readonly #bundles: Bundles;

  constructor(database: Database, bundles: Bundles) {
    this.#sql = (text) => database.prepare(text);
    this.#bundles = bundles;
  }

  /** Owes the events at `seqs`, which are in log order; they wait for nobody. */
  oweAll(route: number, seqs: readonly number[]): void {
    const [many, single] = [this.#sql(OWE_MANY), this.#sql(OWE)];
    let at = 0;
    for (; at + MANY <= seqs.length; at += MANY) {
      many.run(...seqs.slice(at, at + MANY).flatMap((seq) => [route, seq]));
    }
    for (const seq of seqs.slice(at)) single.run(route, seq);
  }

  /** One route's rows, for its due window. */
  rowsOf(route: number): OwedRows {
    return {
      fresh: (afterSeq, limit) => this.#fresh(route, afterSeq, limit),
      late: (now, limit, which) => this.#late(route, { now, limit, which }),
      nextDueAt: (now) => this.#nextDueAt(route, now),
      one: (seq) => this.#one(route, seq),
      has: (delivery) => this.#has(route, delivery),
    };
  }

  /** A route's rows by due time and seq, after this one. */
  after(
    route: number,
    { dueAt, seq }: { readonly dueAt: number; readonly seq: number },
    limit: number,
  ): Delivery[] {
    return this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND (owed.due_at, owed.seq) > (?, ?)
       ORDER BY owed.due_at, owed.seq LIMIT ?`,
    )
      .all(route, dueAt, seq, limit)
      .map((row) => this.#delivery(row));
  }

  /** What another process owes again and has no lane yet, in log order. */
  unplaced(route: number, limit: number): Delivery[] {
    return this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND owed.due_at = ${UNPLACED}
       ORDER BY owed.seq LIMIT ?`,
    )
      .all(route, limit)
      .map((row) => this.#delivery(row));
  }

  #one(route: number, seq: number): Delivery | undefined {
    const row = this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND owed.due_at = 0 AND owed.seq = ?`,
    ).get(route, seq);
    return row && this.#delivery(row);
  }

  #has(route: number, { dueAt, seq }: Delivery): boolean {
    const place = this.#sql('SELECT 1 FROM owed WHERE route = ? AND due_at = ? AND seq = ?');
    if (place.get(route, dueAt, seq) !== undefined) return true;
    if (dueAt === 0) return false;
    // Its due time was moved, because the clock was set back.
    const moved = this.#sql('SELECT 1 FROM owed WHERE route = ? AND due_at > 0 AND seq = ?');
    return moved.get(route, seq) !== undefined;
  }

  #fresh(route: number, afterSeq: number, limit: number): Delivery[] {
    return this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND owed.due_at = 0 AND owed.seq > ?
       ORDER BY owed.seq LIMIT ?`,
    )
      .all(route, afterSeq, limit)
      .map((row) => this.#delivery(row));
  }

  #late(
    route: number,
    { now, limit, which }: { readonly now: number; readonly limit: number; readonly which: Which },
  ): Delivery[] {
    const order = which === 'longest' ? 'ASC' : 'DESC';
    return this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND owed.due_at BETWEEN 1 AND ?
       ORDER BY owed.due_at ${order}, owed.seq ${order} LIMIT ?`,
    )
      .all(route, now, limit)
      .map((row) => this.#delivery(row));
  }

  #nextDueAt(route: number, now: number): number | undefined {
    const row = this.#sql('SELECT min(due_at) AS at FROM owed WHERE route = ? AND due_at > ?').get(
      route,
      now,
    );
    return asOptionalNumber(row?.at);
  }

  /** To routes in force, or to routes that were removed. */
  count(routes: 'in force' | 'removed'): number {
    const row = this.#sql(
      'SELECT count(*) AS n FROM owed WHERE route IN (SELECT id FROM routes WHERE retired = ?)',
    ).get(routes === 'removed' ? 1 : 0);
    return asNumber(row?.n);
  }

  /** By name, what is owed to routes that were removed and not only switched off. */
  leftBehind(): LeftBehind[] {
    return this.#sql(
      `SELECT routes.name AS name, count(*) AS n FROM owed JOIN routes ON routes.id = owed.route
       WHERE routes.retired = 1 AND routes.disabled = 0 GROUP BY routes.id ORDER BY routes.name`,
    )
      .all()
      .map((row) => ({ name: asText(row.name), owed: asNumber(row.n) }));
  }

  /** Nothing may wait for ever because the clock was set back, which `readAt` (of the last page) and `now` tell. */
  mendDue(readAt: number | undefined, now: number): void {
    if (readAt !== undefined && readAt > now) this.shiftDue(now - readAt);
    // Looked at before it is written: a file that proves to be damaged must be left as it is.
    const isTooFar = this.#sql('SELECT 1 FROM owed WHERE due_at > ? LIMIT 1').get(
      now + FURTHEST_DUE_MS,
    );
    if (isTooFar !== undefined) this.#clampDue(now);
  }

  /** Due times further ahead than any plan reaches are due now. */
  #clampDue(now: number): void {
    this.#sql('UPDATE owed SET due_at = ? WHERE due_at > ?').run(now, now + FURTHEST_DUE_MS);
  }

  /** The clock was set back: what waits for a retry keeps its distance. */
  shiftDue(byMs: number): void {
    this.#sql('UPDATE owed SET due_at = max(1, due_at + ?) WHERE due_at > 0').run(byMs);
  }

  #delivery(row: Row): Delivery {
    const place = toPlace(row);
    return toDelivery(row, place.bundle, this.#bundles.bytesAt(place));
  }
}

function toDelivery(row: Row, bundle: number, raw: Buffer): Delivery {
  const firstAttemptAt = asOptionalNumber(row.first_at);
  const lastAttemptAt = asOptionalNumber(row.last_at);
  const lane = asOptionalText(row.lane);
  return {
    seq: asNumber(row.seq),
    bundle,
    event: toEvent(row, raw),
    dueAt: asNumber(row.due_at),
    attempts: asNumber(row.attempts),
    tries: asNumber(row.tries),
    readAt: asNumber(row.read_at),
    replay: row.replay === 1,
    ...numbers({ oktaMs: row.okta_ms, pollMs: row.poll_ms }),
    ...(lane === undefined ? {} : { lane }),
    ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
    ...(lastAttemptAt === undefined ? {} : { lastAttemptAt }),
  };
}

function toEvent(row: Row, raw: Buffer): LogEvent {
  const eventType = asOptionalText(row.type);
  const published = asOptionalText(row.published);
  return {
    id: asText(row.id),
    raw,
    ...(eventType === undefined ? {} : { eventType }),
    ...(published === undefined ? {} : { published }),
  };
}
