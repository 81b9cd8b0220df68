/**
 * What is forgotten, in small steps between other work: ledger lines after 30 days or beyond 1 GB, event ids
 * that nothing refers to once they are older than a day and not among the newest 10,000, gaps after 90 days, and
 * history as history.ts says. Dead letters are never pruned. An unwanted event that was held against other routes than
 * those in force when it was published is kept as long as the ledger: an audit could not judge it without its row.
 *
 * Rows lie in log order, so what is too old is mostly at the start. A step looks there, and at one more stretch of a
 * walk over the whole table: what is kept at the start (dead letters, late deliveries) hides nothing behind it.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import {
  asNumber,
  type Database,
  inTransaction,
  type Row,
  type Statement,
} from '../database/sqlite.ts';
import { Attempts } from '../owed/attempts.ts';
import type { History } from './history.ts';
import { Horizons, isJudgedByTime } from './horizons.ts';

const LEDGER_DAYS = 30;
/** As long as Okta keeps what was missed. */
const GAP_DAYS = 90;
/** Longer than Okta keeps what was published under them. */
const CONFIG_DAYS = 90;
const DAY_MS = 86_400_000;
/** Of lines with their attempts and their events' ids: four million, where receivers answer with nothing to keep. */
const LEDGER_BYTES = 1_000_000_000;
const DEDUPE_MS = DAY_MS;
const DEDUPE_IDS = 10_000;
/** Ids of events that no route wanted, beyond which the oldest go even within a day. */
const DEDUPE_IDS_CAP = 4_000_000;
const STEP_ROWS = 500;
/** Beyond its size the ledger must shrink faster than a busy org makes it grow. */
const CAP_STEP_ROWS = 2_000;
const FREE_PAGES_KEPT = 2_000;
const FREE_PAGES_A_STEP = 500;
const REST_MS = 60_000;
/** Counting millions of lines takes a moment, so it is done seldom. */
const COUNT_EVERY_MS = 600_000;

interface PruningParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly history: History;
  /** How large the ledger may be; 1 GB unless it says otherwise. */
  readonly ledgerBytes?: number;
}

export class Pruning {
  readonly #database: Database;
  readonly #sql: (text: string) => Statement;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #attempts: Attempts;
  readonly #history: History;
  readonly #horizons: Horizons;
  readonly #ledgerBytes: number;
  #ledgerWalkedTo = 0;
  #eventsWalkedTo = 0;
  #excessLines = 0;
  #countAt = 0;
  #saidCap = false;
  #saidIdsCap = false;
  #nextStepAt = 0;

  constructor({ database, clock, log, history, ledgerBytes = LEDGER_BYTES }: PruningParts) {
    this.#ledgerBytes = ledgerBytes;
    this.#history = history;
    this.#database = database;
    this.#sql = (text) => database.prepare(text);
    this.#clock = clock;
    this.#log = log;
    this.#attempts = new Attempts(database);
    this.#horizons = new Horizons(database);
  }

  /** Does at most a few milliseconds of work, and none for a minute once all is tidy. Throws as any write would. */
  step(): void {
    const now = this.#clock.monotonic();
    if (now < this.#nextStepAt) return;
    const didSomething = [
      this.#history.prune(),
      this.#capLedger(now),
      this.#pruneLedger(),
      this.#pruneEvents(),
      this.#pruneGaps(),
      this.#pruneConfigs(),
      this.#giveBackPages(),
    ];
    if (!didSomething.includes(true)) this.#nextStepAt = now + REST_MS;
  }

  #capLedger(now: number): boolean {
    if (now >= this.#countAt) {
      this.#countAt = now + COUNT_EVERY_MS;
      this.#excessLines = this.#countExcess();
    }
    if (this.#excessLines === 0) return false;
    if (!this.#saidCap) {
      this.#saidCap = true;
      const bytes = this.#ledgerBytes;
      this.#log.warn({ bytes }, 'ledger is at its size limit, the oldest lines go');
    }
    const oldest = this.#ledgerAfter(0, Math.min(this.#excessLines, CAP_STEP_ROWS));
    this.#excessLines -= oldest.length;
    this.#removeLines(oldest);
    return true;
  }

  /** So many of the lines as the ledger is too large by: they differ in what receivers answered. */
  #countExcess(): number {
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count');
    const usedBytes = pages * this.#pragma('page_size');
    // History goes first.
    if (usedBytes < this.#ledgerBytes || !this.#history.isEmpty) return 0;
    const needed = this.#sql('SELECT ifnull(sum(bytes), 0) AS n FROM bundle_refs').get()?.n;
    const share = this.#ledgerBytes / (usedBytes - asNumber(needed));
    if (share >= 1) return 0;
    const lines = asNumber(this.#sql('SELECT count(*) AS n FROM ledger').get()?.n);
    return Math.ceil(lines * (1 - share));
  }

  #pruneLedger(): boolean {
    const oldestKept = this.#clock.now() - LEDGER_DAYS * DAY_MS;
    const stretch = this.#ledgerAfter(this.#ledgerWalkedTo);
    const old = [...this.#ledgerAfter(0), ...stretch].filter(
      (row) => asNumber(row.at) < oldestKept,
    );
    this.#ledgerWalkedTo = endOf(stretch);
    this.#removeLines(old);
    return old.length > 0 || this.#ledgerWalkedTo > 0;
  }

  #ledgerAfter(seq: number, limit = STEP_ROWS): Row[] {
    return this.#sql(
      'SELECT seq, route, at FROM ledger WHERE seq > ? ORDER BY seq, route LIMIT ?',
    ).all(seq, limit);
  }

  #removeLines(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    const remove = this.#sql('DELETE FROM ledger WHERE seq = ? AND route = ?');
    inTransaction(this.#database, () => {
      for (const row of rows) {
        remove.run(asNumber(row.seq), asNumber(row.route));
        this.#attempts.forget(asNumber(row.route), asNumber(row.seq));
      }
      this.#horizons.forgetLines(rows.flatMap((row) => this.#eventOf(asNumber(row.seq))));
    });
  }

  #eventOf(seq: number): Row[] {
    return this.#sql('SELECT published, read_at FROM events WHERE seq = ?').all(seq);
  }

  #pruneEvents(): boolean {
    const newest = asNumber(this.#sql('SELECT ifnull(max(seq), 0) AS seq FROM events').get()?.seq);
    const oldestKept = this.#clock.now() - DEDUPE_MS;
    const mayGo = this.#mayGo(newest);
    const stretch = this.#eventsBetween(this.#eventsWalkedTo, newest - DEDUPE_IDS);
    const forgotten = [...this.#eventsBetween(0, newest - DEDUPE_IDS), ...stretch].filter(
      (row) => row.needed === 0 && mayGo(row),
    );
    this.#eventsWalkedTo = endOf(stretch);
    if (!this.#saidIdsCap && forgotten.some((row) => asNumber(row.read_at) >= oldestKept)) {
      this.#saidIdsCap = true;
      this.#log.warn({ ids: DEDUPE_IDS_CAP }, 'event ids are at their limit, the oldest go');
    }
    this.#removeEvents(forgotten);
    return forgotten.length > 0 || this.#eventsWalkedTo > 0;
  }

  /** Beyond a day, and beyond 30 days where its row is needed to judge it; any beyond the cap. */
  #mayGo(newest: number): (row: Row) => boolean {
    const now = this.#clock.now();
    const times = this.#horizons.times();
    return (row) => {
      if (asNumber(row.seq) < newest - DEDUPE_IDS_CAP) return true;
      const days = isJudgedByTime(row, times) ? 1 : LEDGER_DAYS;
      return asNumber(row.read_at) < now - days * DAY_MS;
    };
  }

  #pruneConfigs(): boolean {
    const before = this.#clock.now() - CONFIG_DAYS * DAY_MS;
    // Looked at first: a transaction takes the lock for writing though nothing is old.
    if (!this.#horizons.hasOldConfigs(before)) return false;
    inTransaction(this.#database, () => this.#horizons.pruneConfigs(before));
    return true;
  }

  #pruneGaps(): boolean {
    const oldestKept = this.#clock.now() - GAP_DAYS * DAY_MS;
    // Looked at first: a DELETE takes the lock for writing though nothing is old.
    if (this.#sql('SELECT 1 FROM gaps WHERE at < ?').get(oldestKept) === undefined) return false;
    this.#sql('DELETE FROM gaps WHERE at < ?').run(oldestKept);
    return true;
  }

  #eventsBetween(after: number, last: number): Row[] {
    return this.#sql(
      `SELECT seq, read_at, published, source, config, EXISTS (SELECT 1 FROM ledger WHERE ledger.seq = events.seq)
                         OR EXISTS (SELECT 1 FROM bundles WHERE bundles.id = events.bundle) AS needed
       FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
    ).all(after, last, STEP_ROWS);
  }

  #removeEvents(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    // Unless a backfill beside us needs it again by now.
    const remove = this.#sql(
      'DELETE FROM events WHERE seq = ? AND NOT EXISTS (SELECT 1 FROM bundles WHERE bundles.id = events.bundle)',
    );
    const removeMoves = this.#sql('DELETE FROM moves WHERE seq = ?');
    const times = this.#horizons.times();
    inTransaction(this.#database, () => {
      for (const row of rows) {
        if (remove.run(asNumber(row.seq)).changes > 0) removeMoves.run(asNumber(row.seq));
      }
      this.#horizons.forgetEvents(rows.filter((row) => !isJudgedByTime(row, times)));
    });
  }

  /** Gives space that a drained backlog left behind back to the disk. */
  #giveBackPages(): boolean {
    if (this.#pragma('freelist_count') <= FREE_PAGES_KEPT) return false;
    this.#database.exec(`PRAGMA incremental_vacuum(${FREE_PAGES_A_STEP})`);
    return true;
  }

  #pragma(name: string): number {
    return asNumber(this.#sql(`PRAGMA ${name}`).get()?.[name]);
  }
}

/** Where the walk goes on after this stretch: at the start again when it was the last. */
function endOf(stretch: readonly Row[]): number {
  const last = stretch.at(-1);
  return last === undefined || stretch.length < STEP_ROWS ? 0 : asNumber(last.seq);
}
