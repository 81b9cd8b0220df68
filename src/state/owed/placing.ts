/**
 * Finds lanes for what other processes owe again, a batch at a time: there may be a whole backfill, and whatever else
 * this process does must go on meanwhile.
 */
import { setImmediate } from 'node:timers/promises';
import type { DeferredWrites } from '../database/deferred-writes.ts';
import type { Transactions } from '../database/transactions.ts';
import type { KnownRoutes } from './known-routes.ts';

interface PlacingParts {
  readonly transactions: Transactions;
  readonly routes: KnownRoutes;
  readonly deferred: DeferredWrites;
}

export class Placing {
  readonly #parts: PlacingParts;
  /** Whether another process may have left something. */
  #mayBeMore = false;
  #isClosed = false;

  constructor(parts: PlacingParts) {
    this.#parts = parts;
  }

  /** Another process changed something, or routes with orders came. */
  expectMore(): void {
    this.#mayBeMore = true;
  }

  /** One batch, if there is any. Throws as any write would. */
  step(): void {
    if (this.#isClosed || !this.#mayBeMore) return;
    const { transactions, routes } = this.#parts;
    transactions.run(() => {
      this.#mayBeMore = routes.place();
    });
    if (this.#mayBeMore) routes.reread();
  }

  /** All there is, or as much as the disk takes: the rest later, with `step`. Throws as any write would. */
  async all(): Promise<void> {
    while (this.#parts.deferred.write('lanes', () => this.step()) && this.#mayBeMore) {
      await setImmediate();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#mayBeMore = false;
  }
}
