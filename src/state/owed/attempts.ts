/**
 * What each attempt was like, for `loghook show`: the failed ones, and those before a replay. The attempt that delivered
 * stands in the ledger, so an event that is delivered at once has no row here. They go with their ledger line.
 * What a person asks for again after it died of age keeps that end: row 0 when it was never tried, else in its last row.
 */
import type { Database, SqlValue, Statement } from '../database/sqlite.ts';
import type { AttemptTrace, Delivery, Settlement } from '../outbox.ts';

/** Of one event on one route; a longer past is cut at its start. */
const KEPT = 50;
const ANSWER_BYTES = 200;

type Failed = Settlement & { readonly kind: 'postponed' | 'dead' };

export class Attempts {
  readonly #sql: (text: string) => Statement;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
  }

  add(route: number, delivery: Delivery, settlement: Failed): void {
    const n = delivery.attempts + 1;
    this.#sql(
      `INSERT OR REPLACE INTO attempts
         (seq, route, n, at, result, status, why, next_at, dns_ms, connect_ms, tls_ms, first_byte_ms, answer)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      delivery.seq,
      route,
      n,
      settlement.at,
      settlement.kind,
      settlement.status ?? null,
      settlement.why,
      settlement.kind === 'postponed' ? Math.round(settlement.dueAt) : null,
      ...traceColumns(settlement.trace),
    );
    this.#cut(route, delivery.seq, n);
  }

  /** The attempt that a ledger line tells of becomes one of many: the event is sent again. */
  takeFromLedger(route: number, seq: number, n: number): void {
    this.#sql(
      `INSERT OR REPLACE INTO attempts
         (seq, route, n, at, result, status, dns_ms, connect_ms, tls_ms, first_byte_ms, answer)
       SELECT seq, route, attempts, at, 'delivered', status, dns_ms, connect_ms, tls_ms, first_byte_ms, answer
       FROM ledger WHERE seq = ? AND route = ?`,
    ).run(seq, route);
    this.#cut(route, seq, n);
  }

  /** A ledger line that another one takes the place of: if it told of a delivery, that stays, after all the others. */
  keepLine(route: number, seq: number): void {
    this.#sql(
      `INSERT INTO attempts
         (seq, route, n, at, result, status, dns_ms, connect_ms, tls_ms, first_byte_ms, answer)
       SELECT seq, route, max(attempts, (SELECT ifnull(max(n), 0) + 1 FROM attempts WHERE seq = ?1 AND route = ?2)),
         at, 'delivered', status, dns_ms, connect_ms, tls_ms, first_byte_ms, answer
       FROM ledger WHERE seq = ?1 AND route = ?2 AND result = 'delivered'`,
    ).run(seq, route);
  }

  /** Call before a dead letter is one no more: one that died of age has no attempt which says so. */
  takeFromDead(route: number, seq: number): void {
    this.#sql(
      `INSERT OR IGNORE INTO attempts (seq, route, n, at, result, why)
       SELECT seq, route, 0, died_at, 'expired', why FROM dead WHERE seq = ? AND route = ? AND attempts = 0`,
    ).run(seq, route);
    this.#sql(
      `UPDATE attempts SET result = 'expired', next_at = NULL WHERE seq = ? AND route = ? AND result = 'postponed'
         AND n = (SELECT attempts FROM dead WHERE dead.seq = attempts.seq AND dead.route = attempts.route)`,
    ).run(seq, route);
  }

  forget(route: number, seq: number): void {
    this.#sql('DELETE FROM attempts WHERE seq = ? AND route = ?').run(seq, route);
    this.#sql('DELETE FROM replays WHERE seq = ? AND route = ?').run(seq, route);
  }

  #cut(route: number, seq: number, newest: number): void {
    if (newest <= KEPT) return;
    this.#sql('DELETE FROM attempts WHERE seq = ? AND route = ? AND n <= ?').run(
      seq,
      route,
      newest - KEPT,
    );
  }
}

/** dns_ms, connect_ms, tls_ms, first_byte_ms, answer: as much of it as has come by now. */
export function traceColumns(
  trace: AttemptTrace | undefined,
): [SqlValue, SqlValue, SqlValue, SqlValue, SqlValue] {
  if (trace === undefined) return [null, null, null, null, null];
  const { dnsMs, connectMs, tlsMs, firstByteMs, answer } = trace;
  const head = answer?.head;
  const kept = head?.length ? head.subarray(0, ANSWER_BYTES) : null;
  return [ms(dnsMs), ms(connectMs), ms(tlsMs), ms(firstByteMs), kept];
}

function ms(value: number | undefined): number | null {
  return value === undefined ? null : Math.round(value);
}
