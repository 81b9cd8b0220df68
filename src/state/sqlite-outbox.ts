/**
 * The outbox contract on SQLite. Order of durable steps: a page's events, what they owe and its cursor are one
 * transaction; an attempt's outcome, the body it frees and the ledger line it becomes are one transaction.
 */
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { daemonShare } from './beside/readers.ts';
import { Configs } from './configs.ts';
import { DeferredWrites } from './database/deferred-writes.ts';
import { DiskGate } from './database/disk-gate.ts';
import { DATABASE_FILE, type FolderLock, lockFolder, makeFolder } from './database/folder.ts';
import { openState } from './database/schema.ts';
import { type Database, stateErrorOf } from './database/sqlite.ts';
import { Bundles } from './intake/bundles.ts';
import { IntakeTables } from './intake/intake.ts';
import { PageCommits } from './intake/page-commits.ts';
import { Tables } from './intake/tables.ts';
import type {
  Committed,
  Delivery,
  Intake,
  LaneGate,
  LeftBehind,
  Outbox,
  Reading,
  RouteRef,
  RouteState,
  RouteWish,
  Settlement,
  TailCursor,
  Wants,
} from './outbox.ts';
import { KnownRoutes } from './owed/known-routes.ts';
import { OwedLanes } from './owed/owed-lanes.ts';
import { OwedTable } from './owed/owed-table.ts';
import { Records } from './owed/records.ts';
import { RouteTable } from './owed/route-table.ts';
import { Settlements } from './owed/settlements.ts';
import { freeBytesAt, History } from './pruning/history.ts';
import { Pruning } from './pruning/pruning.ts';

interface OutboxOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly pid: number;
  /** What is free on the folder's disk; the file system says, unless a test does. */
  readonly freeBytes?: () => number;
}

export class SqliteOutbox implements Outbox {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lock: FolderLock;
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #owed: OwedTable;
  readonly #routeTable: RouteTable;
  readonly #gate: DiskGate;
  readonly #pages: PageCommits;
  readonly #records: Records;
  readonly #pruning: Pruning;
  readonly #routes: KnownRoutes;
  readonly #configs: Configs;
  #stopListening = () => {};
  readonly #deferred = new DeferredWrites();
  /** How far the clock was set back that the due times do not know of yet, ms; negative. */
  #shiftMs = 0;
  /** Whether another process may have left something to find a lane for. */
  #mayBeUnplaced = false;
  #isClosed = false;

  /** Locks and opens the folder. @throws StateError */
  static open(options: OutboxOptions): SqliteOutbox {
    makeFolder(options.folder);
    const lock = lockFolder(options.folder, options.pid);
    let outbox: SqliteOutbox | undefined;
    try {
      outbox = new SqliteOutbox(options, lock, openState(join(options.folder, DATABASE_FILE)));
      lock.check();
      return outbox.#mended();
    } catch (error) {
      if (outbox !== undefined) outbox.#database.close();
      lock.release();
      throw error;
    }
  }

  private constructor(options: OutboxOptions, lock: FolderLock, database: Database) {
    this.#path = join(options.folder, DATABASE_FILE);
    this.#clock = options.clock;
    this.#log = options.log;
    this.#lock = lock;
    this.#database = database;
    const { folder, clock, log, freeBytes = () => freeBytesAt(folder) } = options;
    const history = new History({ database, clock, freeBytes });
    this.#tables = new Tables(database, () => history.makeRoom());
    const bundles = new Bundles(database);
    this.#owed = new OwedTable(database, bundles);
    const lanes = new OwedLanes(database, this.#owed);
    this.#routeTable = new RouteTable(database);
    this.#routes = new KnownRoutes({ clock, table: this.#routeTable, owed: this.#owed, lanes });
    this.#gate = new DiskGate(clock, log);
    const parts = { path: this.#path, clock, gate: this.#gate, tables: this.#tables, lanes };
    const settlements = new Settlements(database, bundles);
    const [routes, routeTable] = [this.#routes, this.#routeTable];
    this.#records = new Records({ ...parts, routes, routeTable, settlements });
    this.#configs = new Configs(database);
    const intake = new IntakeTables(database, bundles, this.#configs);
    this.#pages = new PageCommits({ ...parts, routes, intake, records: this.#records, history });
    this.#pruning = new Pruning({ database, clock, log, history });
  }

  /** False while the disk, or another process, refuses what is to be written. */
  get isWritable(): boolean {
    return this.#gate.isOpen;
  }

  async adopt(routes: readonly RouteRef[], reading?: Reading): Promise<void> {
    this.#records.flush();
    this.#try('adopt the routes in', () => {
      let version: number | undefined;
      this.#routes.adopt(routes, (work) =>
        this.#tables.inTransaction(() => {
          work();
          if (reading === undefined) return;
          version = this.#configs.remember(routes, reading, this.#clock.now());
        }),
      );
      this.#configs.use(version);
      this.#mayBeUnplaced = true;
      this.#deferred.write('lanes', () => {
        while (this.#mayBeUnplaced) this.#place();
      });
    });
  }

  async cursor(): Promise<TailCursor | undefined> {
    return this.#try('read', () => this.#tables.cursor());
  }

  commit(intake: Intake, wants: Wants, signal: AbortSignal): Promise<Committed | undefined> {
    return this.#pages.commit(intake, wants, signal);
  }

  async *due(lane: LaneGate, signal: AbortSignal, asOf?: number): AsyncGenerator<Delivery> {
    const { queue } = this.#routes.of(lane.key);
    while (!signal.aborted) {
      await lane.room(signal);
      if (signal.aborted) return;
      if (!this.#gate.isOpen) {
        await this.#gate.untilOpen(signal);
        continue;
      }
      const delivery = this.#try('read', () => queue.take(asOf ?? this.#clock.now()));
      if (delivery !== undefined) yield delivery;
      else if (asOf !== undefined) return;
      else await queue.untilMore(this.#clock.now(), signal);
    }
  }

  record(
    lane: { readonly key: string },
    delivery: Delivery,
    settlement: Settlement,
  ): Promise<void> {
    return this.#records.add(lane.key, delivery, settlement);
  }

  release(lane: { readonly key: string }, delivery: Delivery): void {
    this.#routes.of(lane.key).queue.giveBack(delivery);
  }

  async owedCount(): Promise<number> {
    return this.#try('read', () => this.#owed.count('in force'));
  }

  async removedCount(): Promise<number> {
    return this.#try('read', () => this.#owed.count('removed'));
  }

  async leftBehind(): Promise<readonly LeftBehind[]> {
    return this.#try('read', () => this.#owed.leftBehind());
  }

  async routeState(key: string): Promise<RouteState> {
    const { id } = this.#routes.of(key);
    return this.#try('read', () => this.#routeTable.routeState(id, this.#clock.now()));
  }

  async saveRouteState(key: string, state: RouteState): Promise<void> {
    const { id } = this.#routes.of(key);
    this.#defer(`state of route ${id}`, () => this.#routeTable.saveRouteState(id, state));
  }

  async saveTrouble(trouble: string | undefined): Promise<void> {
    const now = this.#clock.now();
    this.#defer('trouble', () => this.#tables.saveTrouble(trouble, now));
  }

  async trouble(): Promise<{ readonly what: string; readonly since: number } | undefined> {
    return this.#try('read', () => this.#tables.trouble());
  }

  async saveSilence(key: string, since: number | undefined): Promise<void> {
    const { id } = this.#routes.of(key);
    this.#defer(`silence of route ${id}`, () => this.#routeTable.saveSilence(id, since));
  }

  async silentSince(key: string): Promise<number | undefined> {
    const { id } = this.#routes.of(key);
    return this.#try('read', () => this.#routeTable.silentSince(id));
  }

  async knows(eventId: string): Promise<boolean> {
    return this.#try('read', () => this.#tables.knows(eventId));
  }

  async wishes(): Promise<readonly RouteWish[]> {
    return this.#try('read', () => this.#routeTable.wishes());
  }

  async tidy(): Promise<boolean> {
    this.#lock.check();
    const changed = this.#try('read', () => this.#tables.changedByOthers());
    if (changed) {
      this.#mayBeUnplaced = true;
      this.#routes.reread();
    }
    this.#try('write to', () => {
      this.#deferred.retry();
      if (!this.#gate.isOpen) return;
      this.#deferred.write('lanes', () => this.#place());
      this.#deferred.write('pruning', () => this.#pruning.step());
    });
    return changed;
  }

  async rateShare(): Promise<number> {
    const sql = (text: string) => this.#database.prepare(text);
    return this.#try('read', () => daemonShare(sql, this.#clock.now()));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const deliveries = this.#records.flushAndGiveUp();
    if (deliveries > 0) {
      this.#log.error({ deliveries }, 'outcomes could not be recorded, these may be sent again');
    }
    this.#stopListening();
    this.#tables.checkpoint();
    this.#database.close();
    this.#lock.release();
  }

  #place(): void {
    if (!this.#mayBeUnplaced) return;
    this.#tables.inTransaction(() => {
      this.#mayBeUnplaced = this.#routes.place();
    });
    if (this.#mayBeUnplaced) this.#routes.reread();
  }

  /** What was planned by a clock that was set back while nobody watched is put right. */
  #mended(): this {
    const now = this.#clock.now();
    this.#try('mend the due times in', () =>
      this.#owed.mendDue(this.#tables.cursor()?.readAt, now),
    );
    this.#stopListening = this.#clock.onJump((jumpMs) => this.#clockJumped(jumpMs));
    return this;
  }

  #clockJumped(jumpMs: number): void {
    if (jumpMs < 0) {
      this.#shiftMs += jumpMs;
      this.#defer('due times', () => {
        this.#owed.shiftDue(this.#shiftMs);
        this.#shiftMs = 0;
      });
    }
    this.#routes.reread();
  }

  #defer(what: string, write: () => void): void {
    this.#try('write to', () => this.#deferred.write(what, write));
  }

  #try<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw stateErrorOf(this.#path, doing, error);
    }
  }
}
