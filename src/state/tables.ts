/**
 * Every statement that the outbox runs, prepared once. Nothing here decides anything; the callers say what belongs in
 * one transaction.
 */
import type { LogEvent } from '../event.ts';
import type { Delivery, Settlement, TailCursor } from './outbox.ts';
import {
  asBuffer,
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  type Row,
  type Statement,
  statementsOf,
} from './sqlite.ts';

/** No retry is planned further ahead than this; a due time beyond it comes from a clock that was wrong. */
const FURTHEST_DUE_MS = 8 * 3_600_000;

const DELIVERY_COLUMNS = `
  owed.seq, owed.due_at, owed.attempts, owed.tries, owed.first_at, owed.last_at,
  events.id, events.type, events.published, bodies.raw
  FROM owed JOIN events ON events.seq = owed.seq JOIN bodies ON bodies.seq = owed.seq`;

export class Tables {
  readonly #database: Database;
  readonly #sql: (text: string) => Statement;
  #dataVersion: number;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = statementsOf(database);
    this.#dataVersion = this.#currentDataVersion();
  }

  /** All of `work` or, when it or the commit throws, none of it. */
  inTransaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  // ── intake ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The event's place, or undefined when an event of that id was read before. */
  addEvent(event: LogEvent, now: number): number | undefined {
    const row = this.#sql(
      `INSERT INTO events (id, type, published, read_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO NOTHING RETURNING seq`,
    ).get(event.id, event.eventType ?? null, event.published ?? null, now);
    return row === undefined ? undefined : asNumber(row.seq);
  }

  addBody(seq: number, refs: number, raw: Buffer): void {
    this.#sql('INSERT INTO bodies (seq, refs, raw) VALUES (?, ?, ?)').run(seq, refs, raw);
  }

  owe(route: number, seq: number): void {
    this.#sql('INSERT INTO owed (route, due_at, seq) VALUES (?, 0, ?)').run(route, seq);
  }

  saveCursor(cursor: TailCursor): void {
    this.#sql(
      `INSERT INTO cursor (only, next_url, query, last_published_at, read_at) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (only) DO UPDATE SET next_url = excluded.next_url, query = excluded.query,
         last_published_at = excluded.last_published_at, read_at = excluded.read_at`,
    ).run(cursor.nextUrl, cursor.query, cursor.lastPublishedAt ?? null, cursor.readAt);
  }

  cursor(): TailCursor | undefined {
    const row = this.#sql('SELECT * FROM cursor').get();
    if (row === undefined) return undefined;
    const lastPublishedAt = asOptionalNumber(row.last_published_at);
    return {
      nextUrl: asText(row.next_url),
      query: asText(row.query),
      readAt: asNumber(row.read_at),
      ...(lastPublishedAt === undefined ? {} : { lastPublishedAt }),
    };
  }

  saveTrouble(trouble: string | undefined, now: number): void {
    this.#sql('DELETE FROM trouble').run();
    if (trouble !== undefined)
      this.#sql('INSERT INTO trouble (what, since) VALUES (?, ?)').run(trouble, now);
  }

  // ── what is owed ──────────────────────────────────────────────────────────────────────────────────────────────────

  fresh(route: number, afterSeq: number, limit: number): Delivery[] {
    return this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND owed.due_at = 0 AND owed.seq > ?
       ORDER BY owed.seq LIMIT ?`,
    )
      .all(route, afterSeq, limit)
      .map(toDelivery);
  }

  late(route: number, now: number, limit: number): Delivery[] {
    return this.#sql(
      `SELECT ${DELIVERY_COLUMNS} WHERE owed.route = ? AND owed.due_at BETWEEN 1 AND ?
       ORDER BY owed.due_at, owed.seq LIMIT ?`,
    )
      .all(route, now, limit)
      .map(toDelivery);
  }

  nextDueAt(route: number, now: number): number | undefined {
    const row = this.#sql('SELECT min(due_at) AS at FROM owed WHERE route = ? AND due_at > ?').get(
      route,
      now,
    );
    return asOptionalNumber(row?.at);
  }

  owedCount(): number {
    const row = this.#sql(
      'SELECT count(*) AS n FROM owed WHERE route IN (SELECT id FROM routes WHERE retired = 0)',
    ).get();
    return asNumber(row?.n);
  }

  /** Due times further ahead than any schedule reaches come from a clock that was wrong: they are due now. */
  clampDue(now: number): void {
    this.#sql('UPDATE owed SET due_at = ? WHERE due_at > ?').run(now, now + FURTHEST_DUE_MS);
  }

  /** The clock was set back: what waits for a retry keeps its distance. */
  shiftDue(byMs: number): void {
    this.#sql('UPDATE owed SET due_at = max(1, due_at + ?) WHERE due_at > 0').run(byMs);
  }

  // ── what became of it ─────────────────────────────────────────────────────────────────────────────────────────────

  settle(route: number, delivery: Delivery, settlement: Settlement): void {
    if (settlement.kind === 'postponed') this.#postpone(route, delivery, settlement);
    else if (settlement.kind === 'dead') this.#die(route, delivery, settlement);
    else this.#deliver(route, delivery, settlement);
  }

  addDead(
    route: number,
    seq: number,
    death: {
      readonly at: number;
      readonly why: string;
      readonly attempts: number;
      readonly status?: number;
      readonly firstAt?: number;
    },
  ): void {
    this.#sql(
      `INSERT OR REPLACE INTO dead (route, seq, died_at, why, status, attempts, first_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      route,
      seq,
      death.at,
      death.why,
      death.status ?? null,
      death.attempts,
      death.firstAt ?? null,
    );
  }

  #deliver(
    route: number,
    delivery: Delivery,
    settlement: Settlement & { readonly kind: 'delivered' },
  ): void {
    this.#forgetOwed(route, delivery);
    this.#sql(
      `INSERT OR REPLACE INTO ledger (seq, route, result, at, first_at, status, attempts, ms)
       VALUES (?, ?, 'delivered', ?, ?, ?, ?, ?)`,
    ).run(
      delivery.seq,
      route,
      settlement.at,
      delivery.firstAttemptAt ?? settlement.at,
      settlement.status,
      delivery.attempts + 1,
      Math.round(settlement.ms),
    );
    this.#releaseBody(delivery.seq);
  }

  #postpone(
    route: number,
    delivery: Delivery,
    settlement: Settlement & { readonly kind: 'postponed' },
  ): void {
    this.#sql(
      `UPDATE owed SET due_at = ?, attempts = ?, tries = ?, first_at = ?, last_at = ?, last_status = ?, last_why = ?
       WHERE route = ? AND due_at = ? AND seq = ?`,
    ).run(
      settlement.dueAt,
      delivery.attempts + 1,
      delivery.tries + (settlement.charged ? 1 : 0),
      delivery.firstAttemptAt ?? settlement.at,
      settlement.at,
      settlement.status ?? null,
      settlement.why,
      route,
      delivery.dueAt,
      delivery.seq,
    );
  }

  #die(
    route: number,
    delivery: Delivery,
    settlement: Settlement & { readonly kind: 'dead' },
  ): void {
    this.#forgetOwed(route, delivery);
    this.addDead(route, delivery.seq, {
      at: settlement.at,
      why: settlement.why,
      attempts: delivery.attempts + 1,
      firstAt: delivery.firstAttemptAt ?? settlement.at,
      ...(settlement.status === undefined ? {} : { status: settlement.status }),
    });
  }

  /** One who needed the body is done with it; the last one takes it away. */
  #releaseBody(seq: number): void {
    const { changes } = this.#sql('DELETE FROM bodies WHERE seq = ? AND refs <= 1').run(seq);
    if (changes === 0) this.#sql('UPDATE bodies SET refs = refs - 1 WHERE seq = ?').run(seq);
  }

  #forgetOwed(route: number, delivery: Delivery): void {
    this.#sql('DELETE FROM owed WHERE route = ? AND due_at = ? AND seq = ?').run(
      route,
      delivery.dueAt,
      delivery.seq,
    );
  }

  // ── housekeeping ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether another process committed something since the last call. */
  changedByOthers(): boolean {
    const version = this.#currentDataVersion();
    const changed = version !== this.#dataVersion;
    this.#dataVersion = version;
    return changed;
  }

  /** Writes and takes back a page's worth, to see whether the disk has room. Throws as any write would. */
  probeWrite(): void {
    this.inTransaction(() => {
      this.#database.exec('CREATE TABLE room (filler BLOB)');
      this.#sql('INSERT INTO room VALUES (zeroblob(65536))').run();
      this.#database.exec('DROP TABLE room');
    });
  }

  #currentDataVersion(): number {
    return asNumber(this.#sql('PRAGMA data_version').get()?.data_version);
  }

  #rollback(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // A full disk makes SQLite roll back by itself; there is then nothing left to roll back.
    }
  }
}

function toDelivery(row: Row): Delivery {
  const firstAttemptAt = asOptionalNumber(row.first_at);
  const lastAttemptAt = asOptionalNumber(row.last_at);
  return {
    seq: asNumber(row.seq),
    event: toEvent(row),
    dueAt: asNumber(row.due_at),
    attempts: asNumber(row.attempts),
    tries: asNumber(row.tries),
    ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
    ...(lastAttemptAt === undefined ? {} : { lastAttemptAt }),
  };
}

function toEvent(row: Row): LogEvent {
  const eventType = asOptionalText(row.type);
  const published = asOptionalText(row.published);
  return {
    id: asText(row.id),
    raw: asBuffer(row.raw),
    ...(eventType === undefined ? {} : { eventType }),
    ...(published === undefined ? {} : { published }),
  };
}
