/**
 * What becomes of what is owed: delivered and dropped ones shrink to a ledger line and let go of the body, dead ones
 * keep it, postponed ones wait. Nothing here opens a transaction; the callers say what belongs in one.
 */
import { UNPLACED, UNREADABLE } from '../database/schema.ts';
import { asNumber, type Database, type Statement } from '../database/sqlite.ts';
import type { Bundles } from '../intake/bundles.ts';
import type { Delivery, Settlement } from '../outbox.ts';
import { Attempts, traceColumns } from './attempts.ts';
import { digestOf } from './digest.ts';
import { type Freed, OwedLanes } from './owed-lanes.ts';
import { OwedTable } from './owed-table.ts';

type Of<K extends Settlement['kind']> = Settlement & { readonly kind: K };

interface Death {
  readonly at: number;
  readonly why: string;
  readonly attempts: number;
  readonly status?: number;
  readonly firstAt?: number;
}

/**
 * What became of the wish to send something again: it is owed again; it is owed already; its bytes are no longer kept;
 * or nothing is known of it.
 */
export type Replayed = 'replayed' | 'owed' | 'gone' | 'unknown';

export class Settlements {
  readonly #sql: (text: string) => Statement;
  readonly #bundles: Bundles;
  readonly #lanes: OwedLanes;
  readonly #attempts: Attempts;
  /** How many deliveries of each bundle the group at hand is done with. */
  readonly #done = new Map<number, number>();

  constructor(database: Database, bundles: Bundles) {
    this.#sql = (text) => database.prepare(text);
    this.#bundles = bundles;
    this.#attempts = new Attempts(database);
    this.#lanes = new OwedLanes(database, new OwedTable(database, bundles));
  }

  /** Settles them all. Returns those of their lanes whose turn it is now. */
  settleAll(
    all: Iterable<readonly [route: number, Delivery, Settlement]>,
    now: number,
  ): readonly Freed[] {
    this.#done.clear();
    const freed: Freed[] = [];
    for (const [route, delivery, settlement] of all) {
      const next = this.#settle(route, delivery, settlement, now);
      if (next !== undefined) freed.push(next);
    }
    for (const [bundle, count] of this.#done) this.#bundles.release(bundle, count);
    return freed;
  }

  /** Of a delivery that is owed no more, nothing changes: its body is let go of once only. */
  #settle(
    route: number,
    delivery: Delivery,
    settlement: Settlement,
    now: number,
  ): Freed | undefined {
    if (!this.#forgetOwed(route, delivery)) return undefined;
    const { seq, lane } = delivery;
    if (settlement.kind === 'postponed') {
      const dueAt = this.#postpone(route, delivery, settlement);
      return lane === undefined
        ? undefined
        : this.#lanes.yieldToEarlier(route, lane, { seq, dueAt }, now);
    }
    if (settlement.kind === 'delivered') this.#deliver(route, delivery, settlement);
    else this.#die(route, delivery, settlement);
    return lane === undefined ? undefined : this.#lanes.freeNext(route, lane, now);
  }

  addDead(route: number, seq: number, death: Death): void {
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

  /**
   * Owes again what is dead, or was delivered or dropped and whose bytes are still kept, with all its tries before it: as
   * if it had never been tried, since what went before says nothing of the receiver as it is now.
   * The daemon finds its lane, if its route has an order. What stood in the ledger does so no more: it is owed.
   */
  replay(route: number, seq: number, now: number): Replayed {
    if (route === UNREADABLE) return 'unknown';
    const dueAt = this.#dueOnReplay(route, now);
    this.#attempts.takeFromDead(route, seq);
    this.#sql(
      `INSERT INTO owed (route, due_at, seq, attempts, tries, first_at, last_status, last_why, replay)
       SELECT route, ?, seq, attempts, 0, first_at, status, why, 1 FROM dead WHERE route = ? AND seq = ?`,
    ).run(dueAt, route, seq);
    if (this.#forgetDead(route, seq)) return this.#countReplay(route, seq);
    const line = this.#sql('SELECT result, attempts FROM ledger WHERE seq = ? AND route = ?').get(
      seq,
      route,
    );
    if (line === undefined) return this.#isOwed(route, seq) ? 'owed' : 'unknown';
    if (!this.#retain(seq)) return 'gone';
    this.#sql(
      `INSERT INTO owed (route, due_at, seq, attempts, tries, first_at, last_status, replay)
       SELECT route, ?, seq, attempts, 0, first_at, status, 1 FROM ledger WHERE seq = ? AND route = ?`,
    ).run(dueAt, seq, route);
    // The last attempt of one that was dropped stands there already.
    if (line.result === 'delivered') {
      this.#attempts.takeFromLedger(route, seq, asNumber(line.attempts));
    }
    this.#sql('DELETE FROM ledger WHERE seq = ? AND route = ?').run(seq, route);
    return this.#countReplay(route, seq);
  }

  /** So that a second delivery has a cause that can be shown. */
  #countReplay(route: number, seq: number): 'replayed' {
    this.#sql(
      `INSERT INTO replays (seq, route, times) VALUES (?, ?, 1)
       ON CONFLICT (seq, route) DO UPDATE SET times = times + 1`,
    ).run(seq, route);
    return 'replayed';
  }

  /** A dead letter is given up by a person. False when it is no dead letter (any more). */
  drop(route: number, seq: number, now: number): boolean {
    if (route !== UNREADABLE) this.#attempts.takeFromDead(route, seq);
    this.#sql(
      `INSERT OR REPLACE INTO ledger (seq, route, result, at, first_at, status, attempts)
       SELECT seq, route, 'dropped', ?, first_at, status, attempts FROM dead WHERE route = ? AND seq = ?`,
    ).run(now, route, seq);
    if (!this.#forgetDead(route, seq)) return false;
    const row = this.#sql('SELECT bundle FROM events WHERE seq = ?').get(seq);
    this.#bundles.release(asNumber(row?.bundle));
    return true;
  }

  #isOwed(route: number, seq: number): boolean {
    const row = this.#sql('SELECT 1 FROM owed WHERE route = ? AND seq = ?').get(route, seq);
    return row !== undefined;
  }

  /** Whether the event's bytes are still kept; then they are for as long as it is owed. */
  #retain(seq: number): boolean {
    const row = this.#sql('SELECT bundle FROM events WHERE seq = ?').get(seq);
    return typeof row?.bundle === 'number' && this.#bundles.retain(row.bundle);
  }

  #dueOnReplay(route: number, now: number): number {
    const row = this.#sql('SELECT ordered_by FROM routes WHERE id = ?').get(route);
    return row?.ordered_by === null ? now : UNPLACED;
  }

  #deliver(route: number, delivery: Delivery, settlement: Of<'delivered'>): void {
    if (!this.#addLine(route, delivery, settlement)) {
      // It was settled before and nobody asked for it again: that must stay to be seen.
      this.#attempts.keepLine(route, delivery.seq);
      this.#sql('DELETE FROM ledger WHERE seq = ? AND route = ?').run(delivery.seq, route);
      this.#addLine(route, delivery, settlement);
    }
    this.#done.set(delivery.bundle, (this.#done.get(delivery.bundle) ?? 0) + 1);
  }

  /** False when there is one. */
  #addLine(route: number, delivery: Delivery, settlement: Of<'delivered'>): boolean {
    const { changes } = this.#sql(
      `INSERT OR IGNORE INTO ledger
         (seq, route, result, at, first_at, status, attempts, ms, dns_ms, connect_ms, tls_ms, first_byte_ms, answer, digest)
       VALUES (?, ?, 'delivered', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      delivery.seq,
      route,
      settlement.at,
      delivery.firstAttemptAt ?? settlement.at,
      settlement.status,
      delivery.attempts + 1,
      Math.round(settlement.ms),
      ...traceColumns(settlement.trace),
      digestOf(delivery.event.raw),
    );
    return changes > 0;
  }

  /** Returns its due time. */
  #postpone(route: number, delivery: Delivery, settlement: Of<'postponed'>): number {
    // 0 would make it a fresh one.
    const dueAt = Math.max(1, Math.round(settlement.dueAt));
    this.#sql(
      `INSERT INTO owed (route, due_at, seq, attempts, tries, first_at, last_at, last_status, last_why, lane, replay)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      route,
      dueAt,
      delivery.seq,
      delivery.attempts + 1,
      delivery.tries + (settlement.charged ? 1 : 0),
      delivery.firstAttemptAt ?? settlement.at,
      settlement.at,
      settlement.status ?? null,
      settlement.why,
      delivery.lane ?? null,
      delivery.replay ? 1 : 0,
    );
    this.#attempts.add(route, delivery, settlement);
    return dueAt;
  }

  #die(route: number, delivery: Delivery, settlement: Of<'dead' | 'expired'>): void {
    const wasTried = settlement.kind === 'dead';
    const firstAt = delivery.firstAttemptAt ?? (wasTried ? settlement.at : undefined);
    const status = wasTried ? settlement.status : undefined;
    this.addDead(route, delivery.seq, {
      at: settlement.at,
      why: settlement.why,
      attempts: delivery.attempts + (wasTried ? 1 : 0),
      ...(firstAt === undefined ? {} : { firstAt }),
      ...(status === undefined ? {} : { status }),
    });
    if (settlement.kind === 'dead') this.#attempts.add(route, delivery, settlement);
  }

  #forgetOwed(route: number, { dueAt, seq }: Delivery): boolean {
    const { changes } = this.#sql(
      'DELETE FROM owed WHERE route = ? AND due_at = ? AND seq = ?',
    ).run(route, dueAt, seq);
    if (changes > 0 || dueAt === 0) return changes > 0;
    // Its due time was moved while it was out, because the clock was set back.
    const moved = this.#sql('DELETE FROM owed WHERE route = ? AND due_at <> 0 AND seq = ?');
    return moved.run(route, seq).changes > 0;
  }

  #forgetDead(route: number, seq: number): boolean {
    return this.#sql('DELETE FROM dead WHERE route = ? AND seq = ?').run(route, seq).changes > 0;
  }
}
