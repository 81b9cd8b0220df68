/**
 * Gathers what becomes of deliveries and writes many in one transaction: one flush to disk for dozens of answers.
 * A record's promise resolves when it is durable. If the disk is full the group is kept and tried again.
 */
import type { Clock } from '../../clock.ts';
import type { DiskGate } from '../database/disk-gate.ts';
import { isForNow } from '../database/sqlite.ts';
import type { Delivery, Settlement } from '../outbox.ts';

/** How long an answer waits for company. Also the window in which a crash forgets an answer that came. */
const GATHER_MS = 25;
/** How long one does that somebody waits for. */
const GATHER_SOON_MS = 1;
const LARGEST_GROUP = 512;

export interface Recorded {
  readonly routeKey: string;
  readonly delivery: Delivery;
  readonly settlement: Settlement;
}

/** What is written together, and the one promise of all who wait for it. */
interface Group {
  readonly records: Recorded[];
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #clock: Clock;
  readonly #gate: DiskGate;
  readonly #write: (group: readonly Recorded[]) => void;
  #group = newGroup();
  #cancelTimer: (() => void) | undefined;
  #isSoon = false;

  /** `write` puts a group into one transaction: all of it or, when it throws, none. */
  constructor(clock: Clock, gate: DiskGate, write: (group: readonly Recorded[]) => void) {
    this.#clock = clock;
    this.#gate = gate;
    this.#write = write;
  }

  /** `soon`: another delivery waits for this one to be durable. */
  add(recorded: Recorded, soon = false): Promise<void> {
    const { records, durable } = this.#group;
    records.push(recorded);
    if (this.#gate.isOpen && records.length >= LARGEST_GROUP) this.flush();
    else if (soon && this.#gate.isOpen) this.#flushSoon();
    else this.#flushAfter(GATHER_MS);
    return durable;
  }

  /** How many records wait to become durable. */
  get size(): number {
    return this.#group.records.length;
  }

  /** Writes what there is now. Never throws: each record's promise tells. */
  flush(): void {
    this.#stopTimer();
    const group = this.#group;
    if (group.records.length === 0) return;
    try {
      this.#write(group.records);
    } catch (error) {
      this.#failed(group, error);
      return;
    }
    this.#group = newGroup();
    this.#gate.accepted('records');
    group.resolve();
  }

  /** Last call before closing: what still cannot be written is given up, and counted. */
  flushAndGiveUp(): number {
    this.flush();
    this.#stopTimer();
    const lost = this.#group;
    this.#group = newGroup();
    lost.resolve();
    return lost.records.length;
  }

  #failed(group: Group, error: unknown): void {
    if (isForNow(error)) {
      this.#flushAfter(this.#gate.refused('records', error));
      return;
    }
    this.#group = newGroup();
    group.reject(error);
  }

  #flushSoon(): void {
    if (this.#isSoon) return;
    this.#stopTimer();
    this.#isSoon = true;
    this.#flushAfter(GATHER_SOON_MS);
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isSoon = false;
  }

  #flushAfter(ms: number): void {
    this.#cancelTimer ??= this.#clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.flush();
    });
  }
}

function newGroup(): Group {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const durable = new Promise<void>((resolved, rejected) => {
    resolve = resolved;
    reject = rejected;
  });
  return { records: [], durable, resolve, reject };
}
