/** A state folder's database as commands see it: a second connection beside a running daemon's, or the only one. */
import { type Access, openStateBeside } from '../database/schema.ts';
import {
  type Database,
  inTransaction,
  rollback,
  type Statement,
  stateErrorOf,
} from '../database/sqlite.ts';
import { databaseIn } from './standing.ts';

/** What a change is made with. */
export interface Turn {
  /** Ms since 1970. */
  readonly now: number;
  /** Called between two transactions, so that a running daemon comes to write as well. */
  readonly rest: () => Promise<void>;
}

/** The same inside a daemon, whose deliveries stand still while it waits for other writers. */
export const IN_A_DAEMON = { patienceMs: 500 } as const;

/** Rows in one transaction: a daemon waits for it no longer than for one of its own. */
export const BATCH = 500;

export class Beside {
  readonly database: Database;
  readonly #path: string;

  /** @throws StateError naming the folder when there is no state in it, or it cannot be opened. */
  constructor(folder: string, access: Access) {
    this.#path = databaseIn(folder);
    this.database = openStateBeside(this.#path, access);
  }

  /** What it throws is a StateError, also outside `read` and `write`. */
  sql(text: string): Statement {
    const statement = this.#try('read', () => this.database.prepare(text));
    return {
      get: (...values) => this.#try('read', () => statement.get(...values)),
      all: (...values) => this.#try('read', () => statement.all(...values)),
      run: (...values) => this.#try('write to', () => statement.run(...values)),
    };
  }

  /** All that `work` reads is of one instant. It must be short: the daemon's log grows meanwhile. @throws StateError */
  read<T>(work: () => T): T {
    return this.#try('read', () => {
      this.database.exec('BEGIN');
      try {
        return work();
      } finally {
        rollback(this.database);
      }
    });
  }

  /** All of `work` or none of it. @throws StateError */
  write(work: () => void): void {
    this.#try('write to', () => inTransaction(this.database, work));
  }

  /**
   * Calls `change` with the next rows, each time in a transaction of its own, until it says that there are no more.
   * What one changed is durable before the next, and stays when a later one fails.
   */
  async writeInBatches({ rest }: Turn, change: () => boolean): Promise<void> {
    for (;;) {
      let isMore = false;
      this.write(() => {
        isMore = change();
      });
      if (!isMore) return;
      await rest();
    }
  }

  close(): void {
    this.database.close();
  }

  #try<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw stateErrorOf(this.#path, doing, error);
    }
  }
}
