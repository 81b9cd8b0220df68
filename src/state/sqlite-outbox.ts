/**
 * The outbox contract on SQLite. Order of durable steps: a page's events, what they owe and its cursor are one
 * transaction; an attempt's outcome, the body it frees and the ledger line it becomes are one transaction.
 */
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { daemonShare } from './beside/readers.ts';
import { DeferredWrites } from './database/deferred-writes.ts';
import { DATABASE_FILE, type FolderLock, lockFolder, makeFolder } from './database/folder.ts';
import { openState } from './database/schema.ts';
import { type Database, stateErrorOf } from './database/sqlite.ts';
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
import { type OutboxParts, partsOf } from './outbox-parts.ts';
import { Placing } from './owed/placing.ts';
import { freeBytesAt } from './pruning/history.ts';

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
  readonly #parts: OutboxParts;
  readonly #placing: Placing;
  #stopListening = () => {};
  readonly #deferred = new DeferredWrites();
  /** How far the clock was set back that the due times do not know of yet, ms; negative. */
  #shiftMs = 0;
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

  private constructor(
    { folder, clock, log, freeBytes = () => freeBytesAt(folder) }: OutboxOptions,
    lock: FolderLock,
    database: Database,
  ) {
    this.#path = join(folder, DATABASE_FILE);
    this.#clock = clock;
    this.#log = log;
    this.#lock = lock;
    this.#database = database;
    this.#parts = partsOf({ path: this.#path, clock, log, freeBytes, database });
    const { transactions, routes } = this.#parts;
    this.#placing = new Placing({ transactions, routes, deferred: this.#deferred });
  }

  /** False while the disk, or another process, refuses what is to be written. */
  get isWritable(): boolean {
    return this.#parts.gate.isOpen;
  }

  async adopt(routes: readonly RouteRef[], reading?: Reading): Promise<void> {
    this.#parts.records.flush();
    this.#try('adopt the routes in', () => {
      let version: number | undefined;
      this.#parts.routes.adopt(routes, (work) =>
        this.#parts.transactions.run(() => {
          work();
          if (reading === undefined) return;
          version = this.#parts.configs.remember(routes, reading, this.#clock.now());
        }),
      );
      this.#parts.configs.use(version);
    });
    this.#placing.expectMore();
    try {
      await this.#placing.all();
    } catch (error) {
      throw stateErrorOf(this.#path, 'write to', error);
    }
  }

  async cursor(): Promise<TailCursor | undefined> {
    return this.#try('read', () => this.#parts.tables.cursor());
  }

  commit(intake: Intake, wants: Wants, signal: AbortSignal): Promise<Committed | undefined> {
    return this.#parts.pages.commit(intake, wants, signal);
  }

  async *due(lane: LaneGate, signal: AbortSignal, asOf?: number): AsyncGenerator<Delivery> {
    const { queue } = this.#parts.routes.of(lane.key);
    while (!signal.aborted) {
      await lane.room(signal);
      if (signal.aborted) return;
      if (!this.#parts.gate.isOpen) {
        await this.#parts.gate.untilOpen(signal);
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
    return this.#parts.records.add(lane.key, delivery, settlement);
  }

  release(lane: { readonly key: string }, delivery: Delivery): void {
    this.#parts.routes.of(lane.key).queue.giveBack(delivery);
  }

  async owedCount(): Promise<number> {
    return this.#try('read', () => this.#parts.owed.count('in force'));
  }

  async removedCount(): Promise<number> {
    return this.#try('read', () => this.#parts.owed.count('removed'));
  }

  async leftBehind(): Promise<readonly LeftBehind[]> {
    return this.#try('read', () => this.#parts.owed.leftBehind());
  }

  async routeState(key: string): Promise<RouteState> {
    const { id } = this.#parts.routes.of(key);
    return this.#try('read', () => this.#parts.routeTable.routeState(id, this.#clock.now()));
  }

  async saveRouteState(key: string, state: RouteState): Promise<void> {
    const { id } = this.#parts.routes.of(key);
    this.#defer(`state of route ${id}`, () => this.#parts.routeTable.saveRouteState(id, state));
  }

  async saveTrouble(trouble: string | undefined): Promise<void> {
    const now = this.#clock.now();
    this.#defer('trouble', () => this.#parts.tables.saveTrouble(trouble, now));
  }

  async trouble(): Promise<{ readonly what: string; readonly since: number } | undefined> {
    return this.#try('read', () => this.#parts.tables.trouble());
  }

  async saveSilence(key: string, since: number | undefined): Promise<void> {
    const { id } = this.#parts.routes.of(key);
    this.#defer(`silence of route ${id}`, () => this.#parts.routeTable.saveSilence(id, since));
  }

  async silentSince(key: string): Promise<number | undefined> {
    const { id } = this.#parts.routes.of(key);
    return this.#try('read', () => this.#parts.routeTable.silentSince(id));
  }

  async knows(eventId: string): Promise<boolean> {
    return this.#try('read', () => this.#parts.tables.knows(eventId));
  }

  async wishes(): Promise<readonly RouteWish[]> {
    return this.#try('read', () => this.#parts.routeTable.wishes());
  }

  async tidy(): Promise<boolean> {
    this.#lock.check();
    const changed = this.#try('read', () => this.#parts.transactions.changedByOthers());
    if (changed) {
      this.#placing.expectMore();
      this.#parts.routes.reread();
    }
    this.#try('write to', () => {
      this.#deferred.retry();
      if (!this.#parts.gate.isOpen) return;
      this.#deferred.write('lanes', () => this.#placing.step());
      this.#deferred.write('pruning', () => this.#parts.pruning.step());
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
    const deliveries = this.#parts.records.flushAndGiveUp();
    if (deliveries > 0) {
      this.#log.error({ deliveries }, 'outcomes could not be recorded, these may be sent again');
    }
    this.#placing.close();
    this.#stopListening();
    this.#parts.transactions.checkpoint();
    this.#database.close();
    this.#lock.release();
  }

  /** What was planned by a clock that was set back while nobody watched is put right. */
  #mended(): this {
    const now = this.#clock.now();
    this.#try('mend the due times in', () =>
      this.#parts.owed.mendDue(this.#parts.tables.cursor()?.readAt, now),
    );
    this.#stopListening = this.#clock.onJump((jumpMs) => this.#clockJumped(jumpMs));
    return this;
  }

  #clockJumped(jumpMs: number): void {
    if (jumpMs < 0) {
      this.#shiftMs += jumpMs;
      this.#defer('due times', () => {
        this.#parts.owed.shiftDue(this.#shiftMs);
        this.#shiftMs = 0;
      });
    }
    this.#parts.routes.reread();
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
