/**
 * Gathers what becomes of deliveries and writes many in one transaction: one flush to disk for dozens of answers.
 * A record's promise resolves when it is durable. If the disk is full the group is kept and tried again.
 */
import type { Clock } from '../clock.ts';
import type { DiskGate } from './disk-gate.ts';
import type { Delivery, Settlement } from './outbox.ts';
import { isForNow } from './sqlite.ts';

/** How long an answer waits for company. Also the window in which a crash forgets an answer that came. */
const GATHER_MS = 10;
const LARGEST_GROUP = 256;

export interface Recorded {
  readonly routeKey: string;
  readonly delivery: Delivery;
  readonly settlement: Settlement;
}

interface Pending extends Recorded {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #clock: Clock;
  readonly #gate: DiskGate;
  readonly #write: (group: readonly Recorded[]) => void;
  #pending: Pending[] = [];
  #cancelTimer: (() => void) | undefined;

  /** `write` puts a group into one transaction: all of it or, when it throws, none. */
  constructor(clock: Clock, gate: DiskGate, write: (group: readonly Recorded[]) => void) {
    this.#clock = clock;
    this.#gate = gate;
    this.#write = write;
  }

  add(recorded: Recorded): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ ...recorded, resolve, reject });
      if (this.#gate.isOpen && this.#pending.length >= LARGEST_GROUP) this.flush();
      else this.#flushAfter(GATHER_MS);
    });
  }

  /** How many records wait to become durable. */
  get size(): number {
    return this.#pending.length;
  }

  /** Writes what there is now. Never throws: each record's promise tells. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#pending.length === 0) return;
    const group = this.#pending;
    try {
      this.#write(group);
    } catch (error) {
      this.#failed(group, error);
      return;
    }
    this.#pending = [];
    this.#gate.accepted('records');
    for (const recorded of group) recorded.resolve();
  }

  /** Last call before closing: what still cannot be written is given up, and counted. */
  flushAndGiveUp(): number {
    this.flush();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const lost = this.#pending;
    this.#pending = [];
    for (const recorded of lost) recorded.resolve();
    return lost.length;
  }

  #failed(group: readonly Pending[], error: unknown): void {
    if (isForNow(error)) {
      this.#flushAfter(this.#gate.refused('records', error));
      return;
    }
    this.#pending = [];
    for (const recorded of group) recorded.reject(error);
  }

  #flushAfter(ms: number): void {
    this.#cancelTimer ??= this.#clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.flush();
    });
  }
}
