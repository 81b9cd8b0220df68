/**
 * The outbox contract on SQLite. Order of durable steps: a page's events, what they owe and its cursor are one
 * transaction; an attempt's outcome, the body it frees and the ledger line it becomes are one transaction.
 */
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { StateError } from '../errors.ts';
import { eventId, type LogEvent } from '../event.ts';
import type { Log } from '../log.ts';
import { DiskGate } from './disk-gate.ts';
import { DueQueue } from './due-queue.ts';
import { DATABASE_FILE, type FolderLock, lockFolder, makeFolder } from './folder.ts';
import { GroupCommit, type Recorded } from './group-commit.ts';
import type {
  Committed,
  Delivery,
  Intake,
  LaneGate,
  Outbox,
  RouteRef,
  RouteState,
  Settlement,
  TailCursor,
  Wants,
} from './outbox.ts';
import { Pruning } from './pruning.ts';
import { RouteTable } from './route-table.ts';
import { openState } from './schema.ts';
import { type Database, hintFor, isDiskTrouble } from './sqlite.ts';
import { Tables } from './tables.ts';

/** The pseudo-route that raw pieces of unreadable pages are dead letters of. */
const UNREADABLE = 0;

export interface OutboxOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly pid: number;
}

interface Owed {
  readonly seq: number;
  readonly event: LogEvent;
  readonly routes: readonly RouteRef[];
}

interface KnownRoute {
  readonly id: number;
  readonly queue: DueQueue;
}

export class SqliteOutbox implements Outbox {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lock: FolderLock;
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #routeTable: RouteTable;
  readonly #gate: DiskGate;
  readonly #group: GroupCommit;
  readonly #pruning: Pruning;
  readonly #routes = new Map<string, KnownRoute>();
  readonly #stopListening: () => void;

  /** Locks and opens the folder. @throws StateError */
  static open(options: OutboxOptions): SqliteOutbox {
    makeFolder(options.folder);
    const lock = lockFolder(options.folder, options.pid);
    try {
      return new SqliteOutbox(options, lock, openState(join(options.folder, DATABASE_FILE)));
    } catch (error) {
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
    this.#tables = new Tables(database);
    this.#routeTable = new RouteTable(database);
    this.#gate = new DiskGate(options.clock, options.log);
    this.#group = new GroupCommit(options.clock, this.#gate, (group) => this.#write(group));
    this.#pruning = new Pruning(database, options.clock, options.log);
    this.#stopListening = options.clock.onJump((jumpMs) => this.#clockJumped(jumpMs));
    this.#tables.clampDue(options.clock.now());
  }

  async adopt(routes: readonly RouteRef[]): Promise<void> {
    this.#transaction('adopt the routes in', () => {
      this.#routeTable.retireRoutes();
      for (const route of routes) this.#routeTable.adoptRoute(route.key, route.name);
    });
    for (const [key, id] of this.#routeTable.routeIds()) {
      if (!this.#routes.has(key)) this.#routes.set(key, { id, queue: this.#queueOf(id) });
    }
  }

  async cursor(): Promise<TailCursor | undefined> {
    return this.#tables.cursor();
  }

  async commit(intake: Intake, wants: Wants, signal: AbortSignal): Promise<Committed | undefined> {
    for (;;) {
      await this.#gate.untilOpen(signal);
      if (signal.aborted) return undefined;
      try {
        return this.#commit(intake, wants);
      } catch (error) {
        if (!isDiskTrouble(error)) throw this.#stateError('write to', error);
        const waitMs = this.#gate.refused(error);
        if (this.#group.size === 0) await this.#untilWritable(waitMs, signal);
      }
    }
  }

  async *due(lane: LaneGate, signal: AbortSignal, asOf?: number): AsyncGenerator<Delivery> {
    const { queue } = this.#route(lane.key);
    while (!signal.aborted) {
      await lane.room(signal);
      if (!this.#gate.isOpen) await this.#gate.untilOpen(signal);
      if (signal.aborted) return;
      const delivery = queue.take(asOf ?? this.#clock.now());
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
    return this.#group.add({ routeKey: lane.key, delivery, settlement });
  }

  release(lane: { readonly key: string }, delivery: Delivery): void {
    const { queue } = this.#route(lane.key);
    queue.unclaim(delivery, delivery.dueAt === 0);
  }

  async owedCount(): Promise<number> {
    return this.#tables.owedCount();
  }

  async routeState(key: string): Promise<RouteState> {
    return this.#routeTable.routeState(this.#route(key).id);
  }

  async saveRouteState(key: string, state: RouteState): Promise<void> {
    this.#tolerant(() => this.#routeTable.saveRouteState(this.#route(key).id, state));
  }

  async saveTrouble(trouble: string | undefined): Promise<void> {
    this.#tolerant(() => this.#tables.saveTrouble(trouble, this.#clock.now()));
  }

  async tidy(): Promise<void> {
    if (this.#tables.changedByOthers()) {
      for (const { queue } of this.#routes.values()) queue.reread();
    }
    this.#tolerant(() => this.#pruning.step());
  }

  async close(): Promise<void> {
    const lost = this.#group.flushAndGiveUp();
    if (lost > 0) {
      this.#log.error(
        { deliveries: lost },
        'outcomes could not be recorded, these may be sent again',
      );
    }
    this.#stopListening();
    this.#database.close();
    this.#lock.release();
  }

  #commit(intake: Intake, wants: Wants): Committed {
    const owed: Owed[] = [];
    let repeated = 0;
    const now = this.#clock.now();
    this.#tables.inTransaction(() => {
      for (const event of intake.events) {
        const seq = this.#tables.addEvent(event, now);
        if (seq === undefined) repeated += 1;
        else this.#owe(seq, event, wants.wantedBy(event), owed);
      }
      for (const leftover of intake.leftovers ?? []) this.#bury(leftover, now);
      if (intake.cursor !== undefined) this.#tables.saveCursor(intake.cursor);
    });
    this.#gate.accepted();
    for (const { seq, event, routes } of owed) {
      const delivery: Delivery = { seq, event, dueAt: 0, attempts: 0, tries: 0 };
      for (const { key } of routes) this.#route(key).queue.offer(delivery);
    }
    return { owed, repeated };
  }

  #owe(seq: number, event: LogEvent, routes: readonly RouteRef[], owed: Owed[]): void {
    if (routes.length === 0) return;
    this.#tables.addBody(seq, routes.length, event.raw);
    for (const { key } of routes) this.#tables.owe(this.#route(key).id, seq);
    owed.push({ seq, event, routes });
  }

  #bury(leftover: { readonly raw: Buffer; readonly why: string }, now: number): void {
    const id = eventId(undefined, leftover.raw);
    const seq = this.#tables.addEvent({ id, raw: leftover.raw }, now);
    if (seq === undefined) return;
    this.#tables.addBody(seq, 1, leftover.raw);
    this.#tables.addDead(UNREADABLE, seq, { at: now, why: leftover.why, attempts: 0 });
  }

  #write(group: readonly Recorded[]): void {
    try {
      this.#tables.inTransaction(() => {
        for (const { routeKey, delivery, settlement } of group) {
          this.#tables.settle(this.#route(routeKey).id, delivery, settlement);
        }
        this.#routeTable.noteLast(
          group.map((recorded) => [this.#route(recorded.routeKey).id, recorded.settlement]),
        );
      });
    } catch (error) {
      if (isDiskTrouble(error)) throw error;
      throw this.#stateError('write to', error);
    }
    for (const { routeKey, delivery, settlement } of group) {
      const { queue } = this.#route(routeKey);
      queue.unclaim(delivery, false);
      if (settlement.kind === 'postponed') queue.wake();
    }
  }

  async #untilWritable(waitMs: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(waitMs, signal);
    try {
      this.#tables.probeWrite();
      this.#gate.accepted();
    } catch (error) {
      if (!isDiskTrouble(error)) throw this.#stateError('write to', error);
    }
  }

  #clockJumped(jumpMs: number): void {
    if (jumpMs < 0) this.#tolerant(() => this.#tables.shiftDue(jumpMs));
    for (const { queue } of this.#routes.values()) queue.wake();
  }

  /** For what is good to have and not worth stopping for: a full disk skips it. */
  #tolerant(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!isDiskTrouble(error)) throw this.#stateError('write to', error);
    }
  }

  #transaction(doing: string, work: () => void): void {
    try {
      this.#tables.inTransaction(work);
    } catch (error) {
      throw this.#stateError(doing, error);
    }
  }

  #stateError(doing: string, cause: unknown): StateError {
    if (cause instanceof StateError) return cause;
    return new StateError(this.#path, doing, { cause, hint: hintFor(cause, this.#path) });
  }

  #route(key: string): KnownRoute {
    const route = this.#routes.get(key);
    if (route === undefined) throw new TypeError('a route was used before it was adopted');
    return route;
  }

  #queueOf(id: number): DueQueue {
    return new DueQueue(this.#clock, {
      fresh: (afterSeq, limit) => this.#tables.fresh(id, afterSeq, limit),
      late: (now, limit) => this.#tables.late(id, now, limit),
      nextDueAt: (now) => this.#tables.nextDueAt(id, now),
    });
  }
}
