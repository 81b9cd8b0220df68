/**
 * The daemon's writes: all of one or nothing of it, with what can be done where the disk is full. Other processes write
 * to the same database, each in transactions of its own; whether they did can be asked.
 */
import {
  asNumber,
  type Database,
  inTransaction,
  isForNow,
  isFull,
  type Statement,
} from './sqlite.ts';

export class Transactions {
  readonly #database: Database;
  readonly #sql: (text: string) => Statement;
  readonly #makeRoom: () => boolean;
  #dataVersion: number;

  /** `makeRoom` is asked on a full disk, and says whether it found some. */
  constructor(database: Database, makeRoom: () => boolean) {
    this.#database = database;
    this.#makeRoom = makeRoom;
    this.#sql = (text) => database.prepare(text);
    this.#dataVersion = this.#currentDataVersion();
  }

  /**
   * All of `work` or, when it or the commit throws, none of it. On a full disk it is tried again, after the log's pages
   * were moved to their places (the log can then be written from its start again), and as long as room can be made.
   */
  run(work: () => void): void {
    try {
      inTransaction(this.#database, work);
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#tryAgain(work, error);
    }
  }

  /** Whether another process committed something since the last call. */
  changedByOthers(): boolean {
    const version = this.#currentDataVersion();
    const changed = version !== this.#dataVersion;
    this.#dataVersion = version;
    return changed;
  }

  /** Moves what is in the write-ahead log to its place in the file. False when the disk refuses even that. */
  checkpoint(): boolean {
    try {
      return this.#sql('PRAGMA wal_checkpoint(PASSIVE)').get()?.busy === 0;
    } catch (error) {
      if (isForNow(error)) return false;
      throw error;
    }
  }

  /** Writes some bytes, to see whether the disk takes any. Throws as any write would. */
  probeWrite(): void {
    // Random: SQLite writes nothing for bytes that stay the same.
    this.#sql('UPDATE probe SET filler = randomblob(length(filler))').run();
  }

  #tryAgain(work: () => void, first: unknown): void {
    let refusal = first;
    let hasRoom = this.checkpoint() || this.#makeRoom();
    while (hasRoom) {
      try {
        inTransaction(this.#database, work);
        return;
      } catch (error) {
        if (!isFull(error)) throw error;
        refusal = error;
        hasRoom = this.#makeRoom() && this.checkpoint();
      }
    }
    throw refusal;
  }

  #currentDataVersion(): number {
    return asNumber(this.#sql('PRAGMA data_version').get()?.data_version);
  }
}
