/**
 * What is forgotten, in small steps between other work: ledger lines after 30 days or beyond about 1 GB, and event ids
 * that nothing refers to once they are older than a day and not among the newest 10,000. Dead letters are never pruned.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { asNumber, type Database } from './sqlite.ts';

const LEDGER_DAYS = 30;
const DAY_MS = 86_400_000;
/** A ledger line with its event's id takes about 250 bytes on disk: this many are about 1 GB. */
const LEDGER_LINES = 4_000_000;
const DEDUPE_MS = DAY_MS;
const DEDUPE_IDS = 10_000;
/** Ids of events that no route wanted, beyond which the oldest go even within a day. */
const DEDUPE_IDS_CAP = 4_000_000;
const STEP_ROWS = 500;
const FREE_PAGES_KEPT = 2_000;
const FREE_PAGES_A_STEP = 500;
const REST_MS = 60_000;

export class Pruning {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Events up to here were looked at and may stay. */
  #lookedAt = 0;
  #saidCap = false;
  #nextStepAt = 0;

  constructor(database: Database, clock: Clock, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
  }

  /** Does at most a few milliseconds of work, and none for a minute once all is tidy. Throws as any write would. */
  step(): void {
    const now = this.#clock.monotonic();
    if (now < this.#nextStepAt) return;
    const didSomething = [this.#pruneLedger(), this.#pruneEvents(), this.#giveBackPages()];
    if (!didSomething.includes(true)) this.#nextStepAt = now + REST_MS;
  }

  #pruneLedger(): boolean {
    const newest = this.#newestSeq();
    const oldestKept = this.#clock.now() - LEDGER_DAYS * DAY_MS;
    const oldest = this.#database
      .prepare('SELECT seq, route, at FROM ledger ORDER BY seq LIMIT ?')
      .all(STEP_ROWS)
      .filter((row) => asNumber(row.at) < oldestKept || this.#beyondCap(asNumber(row.seq), newest));
    if (oldest.length === 0) return false;
    const remove = this.#database.prepare('DELETE FROM ledger WHERE seq = ? AND route = ?');
    this.#inTransaction(() => {
      for (const row of oldest) remove.run(asNumber(row.seq), asNumber(row.route));
    });
    this.#lookedAt = 0;
    return true;
  }

  #beyondCap(seq: number, newest: number): boolean {
    const beyond = seq < newest - LEDGER_LINES;
    if (beyond && !this.#saidCap) {
      this.#saidCap = true;
      this.#log.warn({ lines: LEDGER_LINES }, 'ledger is at its size limit, the oldest lines go');
    }
    return beyond;
  }

  #pruneEvents(): boolean {
    const newest = this.#newestSeq();
    const rows = this.#database
      .prepare(
        `SELECT seq, read_at, EXISTS (SELECT 1 FROM ledger WHERE ledger.seq = events.seq)
                           OR EXISTS (SELECT 1 FROM bodies WHERE bodies.seq = events.seq) AS needed
         FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
      )
      .all(this.#lookedAt, newest - DEDUPE_IDS, STEP_ROWS);
    const last = rows.at(-1);
    if (last === undefined) return false;
    const oldestKept = this.#clock.now() - DEDUPE_MS;
    const forgotten = rows.filter(
      (row) =>
        row.needed === 0 &&
        (asNumber(row.read_at) < oldestKept || asNumber(row.seq) < newest - DEDUPE_IDS_CAP),
    );
    const remove = this.#database.prepare('DELETE FROM events WHERE seq = ?');
    if (forgotten.length > 0) {
      this.#inTransaction(() => {
        for (const row of forgotten) remove.run(asNumber(row.seq));
      });
    }
    // Rows too young today are looked at again once the walk has come round.
    const roundIsOver = rows.length < STEP_ROWS;
    this.#lookedAt = roundIsOver ? 0 : asNumber(last.seq);
    return !roundIsOver;
  }

  /** Gives space that a drained backlog left behind back to the disk. */
  #giveBackPages(): boolean {
    const free = asNumber(this.#database.prepare('PRAGMA freelist_count').get()?.freelist_count);
    if (free <= FREE_PAGES_KEPT) return false;
    this.#database.exec(`PRAGMA incremental_vacuum(${FREE_PAGES_A_STEP})`);
    return true;
  }

  #newestSeq(): number {
    return Number(this.#database.prepare('SELECT max(seq) AS seq FROM events').get()?.seq ?? 0);
  }

  #inTransaction(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}
