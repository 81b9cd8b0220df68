/**
 * The bytes of events that nobody needs any more, kept so that they can be sent again. History goes oldest first: after
 * 30 days, when the database is larger than 1 GB, and when it is larger than what is free on the disk, so that it never
 * fills one. What is owed or dead is no history and never goes.
 */
import { statfsSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import {
  asNumber,
  type Database,
  inTransaction,
  isForNow,
  type Statement,
} from '../database/sqlite.ts';

const DAY_MS = 86_400_000;
const KEPT_MS = 30 * DAY_MS;
const DATABASE_BYTES = 1_000_000_000;
const LOOK_EVERY_MS = 60_000;
/** Up to 16 MB. */
const STEP_BUNDLES = 256;
const STEP_PAGES = 4_000;
/** Of a bundle from before bytes were counted. */
const USUAL_BYTES = 65_536;

interface HistoryParts {
  readonly database: Database;
  readonly clock: Clock;
  /** What is free on the disk that holds the database, for us. */
  readonly freeBytes: () => number;
  /** How large the database may be with its history; 1 GB unless it says otherwise. */
  readonly databaseBytes?: number;
}

interface Bundle {
  readonly id: number;
  readonly bytes: number;
  readonly readAt: number;
}

export class History {
  readonly #database: Database;
  readonly #sql: (text: string) => Statement;
  readonly #clock: Clock;
  readonly #freeBytes: () => number;
  readonly #databaseBytes: number;
  #lookAt = 0;
  /** What is still to go because the disk is small. */
  #excessBytes = 0;
  /** Taken in since it was looked at before an intake. */
  #takenBytes = 0;

  constructor({ database, clock, freeBytes, databaseBytes = DATABASE_BYTES }: HistoryParts) {
    this.#database = database;
    this.#sql = (text) => database.prepare(text);
    this.#clock = clock;
    this.#freeBytes = freeBytes;
    this.#databaseBytes = databaseBytes;
  }

  get isEmpty(): boolean {
    return this.#sql('SELECT 1 FROM bundle_refs WHERE refs = 0 LIMIT 1').get() === undefined;
  }

  /** Does at most some milliseconds of work. Returns whether there was any. Throws as any write would. */
  prune(): boolean {
    const now = this.#clock.monotonic();
    if (now >= this.#lookAt) {
      this.#lookAt = now + LOOK_EVERY_MS;
      this.#excessBytes = this.#beyondDisk();
    }
    const beyondLimit = this.#usedBytes() - this.#databaseBytes;
    return this.#remove(Math.max(this.#excessBytes, beyondLimit)) > 0;
  }

  /**
   * Before `bytes` of events are taken in. On a disk that is full already nothing can be removed, nor the write-ahead
   * log be emptied into a file that must grow for it: a small one is looked after whenever much of it may be used.
   */
  makeRoomFor(bytes: number): void {
    this.#takenBytes += bytes;
    if (this.#takenBytes < this.#freeBytes() / 8) return;
    this.#takenBytes = 0;
    // They are written to the log and to the file, and the log grows by other pages as well.
    const reserve = 3 * bytes;
    this.#unlessRefused(() => this.#sql('PRAGMA wal_checkpoint(PASSIVE)').get() !== undefined);
    while (this.makeRoom(reserve)) {}
  }

  /** The disk refuses writes: lets go of some of what it has no room for beside `reserve`. Returns whether there was any. */
  makeRoom(reserve = 0): boolean {
    this.#excessBytes = this.#beyondDisk(reserve);
    return this.#unlessRefused(() => {
      if (this.#remove(this.#excessBytes) === 0) return false;
      this.#unlessRefused(() => this.#giveBackPages());
      return true;
    });
  }

  #giveBackPages(): boolean {
    this.#database.exec(`PRAGMA incremental_vacuum(${STEP_PAGES})`);
    return true;
  }

  /** False when the disk refuses even that. */
  #unlessRefused(work: () => boolean): boolean {
    try {
      return work();
    } catch (error) {
      if (!isForNow(error)) throw error;
      return false;
    }
  }

  /** Removes the oldest: those that are too old, and others until `bytes` are gone. Returns how many. */
  #remove(bytes: number): number {
    const now = this.#clock.now();
    let left = bytes;
    const gone: Bundle[] = [];
    for (const bundle of this.#oldest()) {
      // One from the future was read by a clock that was wrong.
      const isOld = bundle.readAt < now - KEPT_MS || bundle.readAt > now + DAY_MS;
      if (!isOld && left <= 0) break;
      gone.push(bundle);
      left -= bundle.bytes;
    }
    if (gone.length === 0) return 0;
    inTransaction(this.#database, () => {
      for (const { id } of gone) this.#removeBundle(id);
    });
    this.#excessBytes = Math.max(0, this.#excessBytes - (bytes - left));
    return gone.length;
  }

  /** Unless another process owes one of its events again by now. */
  #removeBundle(id: number): void {
    const { changes } = this.#sql('DELETE FROM bundle_refs WHERE id = ? AND refs = 0').run(id);
    if (changes > 0) this.#sql('DELETE FROM bundles WHERE id = ?').run(id);
  }

  #oldest(): Bundle[] {
    return this.#sql(
      `SELECT bundle_refs.id, ifnull(bytes, ${USUAL_BYTES}) AS bytes, ifnull(read_at, 0) AS read_at
       FROM bundle_refs LEFT JOIN events ON events.seq = bundle_refs.id
       WHERE refs = 0 ORDER BY bundle_refs.id LIMIT ${STEP_BUNDLES}`,
    )
      .all()
      .map((row) => ({
        id: asNumber(row.id),
        bytes: asNumber(row.bytes),
        readAt: asNumber(row.read_at),
      }));
  }

  /** By how much history is larger than half of what it and the free space are together. */
  #beyondDisk(reserve = 0): number {
    const freeBytes = Math.max(0, this.#freeBytes() - reserve);
    // Then history, which is a part of what is used, is not either; and nothing need be summed up.
    if (this.#usedBytes() <= freeBytes) return 0;
    const row = this.#sql(
      `SELECT ifnull(sum(ifnull(bytes, ${USUAL_BYTES})), 0) AS n FROM bundle_refs WHERE refs = 0`,
    ).get();
    return Math.max(0, asNumber(row?.n) - freeBytes);
  }

  #usedBytes(): number {
    const pages = this.#pragma('page_count') - this.#pragma('freelist_count');
    return pages * this.#pragma('page_size');
  }

  #pragma(name: string): number {
    return asNumber(this.#sql(`PRAGMA ${name}`).get()?.[name]);
  }
}

/** What a process without privileges may still write to the file system of `path`; without end where it does not say. */
export function freeBytesAt(path: string): number {
  try {
    const { blocks, bavail, bsize } = statfsSync(path);
    return blocks > 0 ? bavail * bsize : Number.POSITIVE_INFINITY;
  } catch {
    // Some sandboxes forbid to ask. The disk itself says when it is full.
    return Number.POSITIVE_INFINITY;
  }
}
