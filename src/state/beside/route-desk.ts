/**
 * What people ask of a route as a whole: to pause, to go on, to be given up, to hand what it is owed to another one. A
 * running daemon sees it within about a second. Everything is done in short transactions, each of them whole.
 */
import { PARKED, UNPLACED } from '../database/schema.ts';
import { asNumber, asOptionalNumber, type Row } from '../database/sqlite.ts';
import { Bundles } from '../intake/bundles.ts';
import { Settlements } from '../owed/settlements.ts';
import { BATCH, type Beside, type Turn } from './beside.ts';
import type { NamedRoute } from './named-routes.ts';

/** How much a route has. */
export interface RouteStock {
  readonly queued: number;
  readonly dead: number;
}

export interface MovePlan extends RouteStock {
  /** Of these, those that the other route has been owed or sent already: they are dropped. */
  readonly known: number;
}

interface Moved {
  readonly moved: number;
  /** The other route had them already. */
  readonly dropped: number;
}

const OWED_ELSEWHERE = `
  EXISTS (SELECT 1 FROM ledger WHERE ledger.seq = gone.seq AND ledger.route = ?2)
  OR EXISTS (SELECT 1 FROM dead WHERE dead.seq = gone.seq AND dead.route = ?2)
  OR gone.seq IN (SELECT seq FROM owed WHERE route = ?2)`;

export class RouteDesk {
  readonly #beside: Beside;
  readonly #bundles: Bundles;
  readonly #settlements: Settlements;

  constructor(beside: Beside) {
    this.#beside = beside;
    this.#bundles = new Bundles(beside.database);
    this.#settlements = new Settlements(beside.database, this.#bundles);
  }

  /** Nothing is sent to it from now on; it is owed to as before. */
  pause({ id }: NamedRoute, now: number): void {
    this.#beside.write(() => {
      this.#beside
        .sql('UPDATE routes SET paused_at = ? WHERE id = ? AND paused_at IS NULL')
        .run(now, id);
    });
  }

  /** It goes on. If it is held it is tried at once: by a daemon that runs, else by the next one when it starts. */
  resume({ id }: NamedRoute, now: number): void {
    this.#beside.write(() => {
      this.#beside
        .sql(
          `UPDATE routes SET paused_at = NULL, resumed_at = ?1,
             until = CASE state WHEN 'held' THEN ?1 ELSE until END WHERE id = ?2`,
        )
        .run(now, id);
    });
  }

  stock({ id }: NamedRoute): RouteStock {
    return this.#beside.read(() => ({
      queued: this.#count('SELECT count(*) AS n FROM owed WHERE route = ?', id),
      dead: this.#count('SELECT count(*) AS n FROM dead WHERE route = ?', id),
    }));
  }

  movePlan(from: NamedRoute, to: NamedRoute): MovePlan {
    return this.#beside.read(() => ({
      queued: this.#count('SELECT count(*) AS n FROM owed WHERE route = ?', from.id),
      dead: this.#count('SELECT count(*) AS n FROM dead WHERE route = ?', from.id),
      known: this.#count(
        `SELECT count(*) AS n FROM (
           SELECT seq FROM owed WHERE route = ?1 UNION ALL SELECT seq FROM dead WHERE route = ?1
         ) AS gone WHERE ${OWED_ELSEWHERE}`,
        from.id,
        to.id,
      ),
    }));
  }

  /** All that the route is owed now becomes a ledger line. Returns how many. */
  async dropQueue(route: NamedRoute, turn: Turn): Promise<number> {
    const last = this.#lastSeq();
    let dropped = 0;
    await this.#beside.writeInBatches(turn, () => {
      // Parked ones first: none is left behind one that is gone.
      const rows = this.#beside
        .sql(
          'SELECT due_at, seq FROM owed WHERE route = ? AND seq <= ? ORDER BY due_at, seq LIMIT ?',
        )
        .all(route.id, last, BATCH);
      for (const row of rows) this.#dropOwed(route.id, row, turn.now);
      this.#freeOrphans(route.id);
      dropped += rows.length;
      return rows.length === BATCH;
    });
    return dropped;
  }

  /** Returns how many there were. */
  async dropDead(route: NamedRoute, turn: Turn): Promise<number> {
    let dropped = 0;
    await this.#beside.writeInBatches(turn, () => {
      const rows = this.#deadOf(route);
      for (const row of rows) this.#settlements.drop(route.id, asNumber(row.seq), turn.now);
      dropped += rows.length;
      return rows.length === BATCH;
    });
    return dropped;
  }

  /** Of a route that is not in force, nobody's wish and nobody's trouble stays. */
  forget({ id }: NamedRoute): void {
    this.#beside.write(() => {
      this.#beside
        .sql(
          `UPDATE routes SET paused_at = NULL, resumed_at = NULL, state = 'flowing', why = NULL, since = NULL,
             until = NULL WHERE id = ? AND retired = 1`,
        )
        .run(id);
    });
  }

  /**
   * What `from`, which is not in force, is owed is owed to `to`, due now and with all tries before it; its dead letters
   * become `to`'s. An event that `to` has had already is dropped.
   */
  async move(from: NamedRoute, to: NamedRoute, turn: Turn): Promise<Moved> {
    let moved = 0;
    let dropped = 0;
    const each = (rows: readonly Row[], kept: (row: Row) => void, known: (row: Row) => void) => {
      const had = this.#hadBy(to, rows, turn.now);
      for (const row of rows) (had.has(asNumber(row.seq)) ? known : kept)(row);
      moved += rows.length - had.size;
      dropped += had.size;
      return rows.length === BATCH;
    };
    await this.#beside.writeInBatches(turn, () =>
      each(
        this.#owedOf(from),
        (row) => this.#moveOwed(from, to, row, turn.now),
        (row) => this.#dropOwed(from.id, row, turn.now),
      ),
    );
    await this.#beside.writeInBatches(turn, () =>
      each(
        this.#deadOf(from),
        (row) => this.#moveDead(from, to, asNumber(row.seq)),
        (row) => void this.#settlements.drop(from.id, asNumber(row.seq), turn.now),
      ),
    );
    return { moved, dropped };
  }

  #owedOf({ id }: NamedRoute): Row[] {
    return this.#beside
      .sql('SELECT due_at, seq FROM owed WHERE route = ? ORDER BY due_at, seq LIMIT ?')
      .all(id, BATCH);
  }

  #deadOf({ id }: NamedRoute): Row[] {
    return this.#beside.sql('SELECT seq FROM dead WHERE route = ? LIMIT ?').all(id, BATCH);
  }

  /** The events of `rows` that `to` was owed or sent before. */
  #hadBy(to: NamedRoute, rows: readonly Row[], now: number): ReadonlySet<number> {
    const seqs = rows.map((row) => asNumber(row.seq));
    if (seqs.length === 0) return new Set();
    // Of one due time they are found by their places; the others, to be tried again, are looked through.
    const had = this.#beside
      .sql(
        `SELECT gone.value AS seq FROM json_each(?1) AS gone WHERE gone.value IN (
           SELECT seq FROM owed WHERE route = ?2 AND due_at IN (0, ${PARKED}, ${UNPLACED}, ?5)
             AND seq BETWEEN ?3 AND ?4
           UNION ALL SELECT seq FROM owed WHERE route = ?2 AND due_at > 0 AND due_at < ?5
             AND seq BETWEEN ?3 AND ?4
           UNION ALL SELECT seq FROM owed WHERE route = ?2 AND due_at > ?5 AND seq BETWEEN ?3 AND ?4
           UNION ALL SELECT seq FROM dead WHERE route = ?2 AND seq BETWEEN ?3 AND ?4
         ) OR EXISTS (SELECT 1 FROM ledger WHERE ledger.seq = gone.value AND ledger.route = ?2)`,
      )
      .all(JSON.stringify(seqs), to.id, Math.min(...seqs), Math.max(...seqs), now);
    return new Set(had.map((row) => asNumber(row.seq)));
  }

  #moveOwed(from: NamedRoute, to: NamedRoute, row: Row, now: number): void {
    // A late one, even if it was never tried: the daemon reads no fresh ones behind the place that it has come to.
    const dueAt = to.orderedBy === undefined ? now : UNPLACED;
    this.#beside
      .sql(
        `UPDATE owed SET route = ?, due_at = ?, lane = NULL, tries = 0
         WHERE route = ? AND due_at = ? AND seq = ?`,
      )
      .run(to.id, dueAt, from.id, asNumber(row.due_at), asNumber(row.seq));
    this.#movePast(from, to, asNumber(row.seq));
  }

  #moveDead(from: NamedRoute, to: NamedRoute, seq: number): void {
    this.#beside
      .sql('UPDATE dead SET route = ? WHERE route = ? AND seq = ?')
      .run(to.id, from.id, seq);
    this.#movePast(from, to, seq);
  }

  /** What was tried and asked for again goes along; what stays says where to. */
  #movePast(from: NamedRoute, to: NamedRoute, seq: number): void {
    for (const table of ['attempts', 'replays']) {
      this.#beside
        .sql(`UPDATE OR REPLACE ${table} SET route = ? WHERE seq = ? AND route = ?`)
        .run(to.id, seq, from.id);
    }
    this.#beside.sql('DELETE FROM moves WHERE seq = ? AND route = ?').run(seq, to.id);
    this.#beside
      .sql('INSERT OR REPLACE INTO moves (seq, route, to_route) VALUES (?, ?, ?)')
      .run(seq, from.id, to.id);
  }

  /** A ledger line that it has already (it was to be sent again) stays as it is. */
  #dropOwed(routeId: number, row: Row, now: number): void {
    const key = [routeId, asNumber(row.due_at), asNumber(row.seq)] as const;
    this.#beside
      .sql(
        `INSERT OR IGNORE INTO ledger (seq, route, result, at, first_at, status, attempts)
         SELECT seq, route, 'dropped', ?, first_at, last_status, attempts FROM owed
         WHERE route = ? AND due_at = ? AND seq = ?`,
      )
      .run(now, ...key);
    this.#beside.sql('DELETE FROM owed WHERE route = ? AND due_at = ? AND seq = ?').run(...key);
    const event = this.#beside.sql('SELECT bundle FROM events WHERE seq = ?').get(key[2]);
    this.#bundles.release(asNumber(event?.bundle));
  }

  /** What came meanwhile and was parked behind one that is dropped now: the daemon gives it its turn. */
  #freeOrphans(routeId: number): void {
    this.#beside
      .sql(
        `UPDATE owed SET due_at = ${UNPLACED}, lane = NULL WHERE route = ?1 AND due_at = ${PARKED} AND NOT EXISTS (
           SELECT 1 FROM owed AS first WHERE first.route = ?1 AND first.lane = owed.lane
             AND first.due_at <> ${PARKED})`,
      )
      .run(routeId);
  }

  #lastSeq(): number {
    return this.#beside.read(() => {
      const row = this.#beside.sql('SELECT max(seq) AS seq FROM events').get();
      return asOptionalNumber(row?.seq) ?? 0;
    });
  }

  #count(sql: string, ...values: readonly number[]): number {
    return asNumber(this.#beside.sql(sql).get(...values)?.n);
  }
}
