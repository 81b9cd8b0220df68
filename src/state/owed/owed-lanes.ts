/**
 * Order among what is owed. Invariant: of a lane's rows one is not parked, and only that one can be due. It is the
 * earliest, but while it is out an earlier one may come (a replay): that one is parked, and comes next.
 *
 * Which lane an event belongs to is known only where the routes are: a row that another process made waits unplaced
 * until the daemon finds its lane. Nothing here opens a transaction; the callers say what belongs in one.
 */
import { PARKED, UNPLACED } from '../database/schema.ts';
import { asNumber, type Database, type Statement } from '../database/sqlite.ts';
import type { LaneOrder } from '../outbox.ts';
import type { OwedTable } from './owed-table.ts';

const BATCH = 500;

/** A delivery whose turn has come: `dueAt` is 0 when it was never tried, else now. */
export interface Freed {
  readonly route: number;
  readonly seq: number;
  readonly dueAt: number;
}

/** One row of a lane. */
interface Spot {
  readonly seq: number;
  readonly dueAt: number;
}

/** What was tried, or is sent again, is a late one and not one of the fresh ones in log order. */
const DUE_WHEN_FREED = 'CASE WHEN attempts = 0 AND replay = 0 THEN 0 ELSE ? END';

const HAS_EARLIER = `EXISTS (SELECT 1 FROM owed AS earlier
  WHERE earlier.route = owed.route AND earlier.lane = owed.lane AND earlier.seq < owed.seq)`;

export class OwedLanes {
  readonly #sql: (text: string) => Statement;
  readonly #owed: OwedTable;

  constructor(database: Database, owed: OwedTable) {
    this.#sql = (text) => database.prepare(text);
    this.#owed = owed;
  }

  /** Owes the event at `seq`. Returns whether it may go at once; if not, it is parked behind others. */
  owe(route: number, seq: number, lane: string): boolean {
    const row = this.#sql(
      `INSERT INTO owed (route, seq, lane, due_at) SELECT ?1, ?2, ?3,
         CASE WHEN EXISTS (SELECT 1 FROM owed WHERE route = ?1 AND lane = ?3) THEN ${PARKED} ELSE 0 END
       RETURNING due_at`,
    ).get(route, seq, lane);
    return row?.due_at === 0;
  }

  /** Whether another one of the lane waits for its turn. */
  hasParked(route: number, lane: string): boolean {
    const rows = this.#sql('SELECT seq FROM owed WHERE route = ? AND lane = ? LIMIT 2');
    return rows.all(route, lane).length > 1;
  }

  /** None of the lane is out: the earliest gets its turn. Undefined when it has it already, or none is left. */
  freeNext(route: number, lane: string, now: number): Freed | undefined {
    const first = this.#earliest(route, lane);
    return first?.dueAt === PARKED ? this.#free(route, first.seq, now) : undefined;
  }

  /**
   * The one at `seq` was postponed to `dueAt`. If an earlier one came meanwhile, that one gets its turn and this one
   * is parked.
   */
  yieldToEarlier(
    route: number,
    lane: string,
    { seq, dueAt }: Spot,
    now: number,
  ): Freed | undefined {
    const first = this.#earliest(route, lane);
    if (first === undefined || first.seq === seq) return undefined;
    this.#park(route, { seq, dueAt });
    return first.dueAt === PARKED ? this.#free(route, first.seq, now) : undefined;
  }

  /** All of the route's rows get the lanes of another order. None of the route may be out. */
  remake(route: number, order: LaneOrder | undefined, now: number): void {
    if (order === undefined) {
      this.#sql('UPDATE owed SET lane = NULL WHERE route = ? AND lane IS NOT NULL').run(route);
    } else this.#assignAll(route, order);
    this.#sql(
      `UPDATE owed SET due_at = ${DUE_WHEN_FREED}
       WHERE route = ? AND due_at IN (${PARKED}, ${UNPLACED}) AND NOT ${HAS_EARLIER}`,
    ).run(now, route);
    this.#sql(
      `UPDATE owed SET due_at = ${PARKED}
       WHERE route = ? AND due_at <> ${PARKED} AND lane IS NOT NULL AND ${HAS_EARLIER}`,
    ).run(route);
  }

  /** Finds lanes for what other processes owe again, at most `BATCH` of them. Returns how many it found. */
  place(
    route: number,
    order: LaneOrder | undefined,
    { now, isOut }: { readonly now: number; readonly isOut: (seq: number) => boolean },
  ): number {
    const rows = this.#owed.unplaced(route, BATCH);
    for (const { seq, event } of rows) {
      const lane = order?.laneOf(event);
      const other = lane === undefined ? undefined : this.#unparked(route, lane);
      let dueAt = now;
      if (other !== undefined) {
        const canWait = other.seq > seq && other.dueAt > now && !isOut(other.seq);
        if (canWait) this.#park(route, other);
        else dueAt = PARKED;
      }
      this.#sql(
        `UPDATE owed SET lane = ?, due_at = ? WHERE route = ? AND due_at = ${UNPLACED} AND seq = ?`,
      ).run(lane ?? null, dueAt, route, seq);
    }
    return rows.length;
  }

  #assignAll(route: number, order: LaneOrder): void {
    const assign = this.#sql('UPDATE owed SET lane = ? WHERE route = ? AND due_at = ? AND seq = ?');
    let last: Spot = { dueAt: UNPLACED, seq: 0 };
    for (;;) {
      const batch = this.#owed.after(route, last, BATCH);
      for (const { seq, dueAt, event } of batch) {
        assign.run(order.laneOf(event) ?? null, route, dueAt, seq);
      }
      const end = batch.at(-1);
      if (end === undefined || batch.length < BATCH) return;
      last = end;
    }
  }

  #earliest(route: number, lane: string): Spot | undefined {
    const row = this.#sql(
      'SELECT seq, due_at FROM owed WHERE route = ? AND lane = ? ORDER BY seq LIMIT 1',
    ).get(route, lane);
    return row && { seq: asNumber(row.seq), dueAt: asNumber(row.due_at) };
  }

  #unparked(route: number, lane: string): Spot | undefined {
    const row = this.#sql(
      `SELECT seq, due_at FROM owed WHERE route = ? AND lane = ? AND due_at <> ${PARKED} LIMIT 1`,
    ).get(route, lane);
    return row && { seq: asNumber(row.seq), dueAt: asNumber(row.due_at) };
  }

  #free(route: number, seq: number, now: number): Freed {
    const row = this.#sql(
      `UPDATE owed SET due_at = ${DUE_WHEN_FREED} WHERE route = ? AND due_at = ${PARKED} AND seq = ?
       RETURNING due_at`,
    ).get(now, route, seq);
    return { route, seq, dueAt: asNumber(row?.due_at) };
  }

  #park(route: number, { seq, dueAt }: Spot): void {
    this.#sql(`UPDATE owed SET due_at = ${PARKED} WHERE route = ? AND due_at = ? AND seq = ?`).run(
      route,
      dueAt,
      seq,
    );
  }
}
