/**
 * What becomes of deliveries, on its way to disk: many in one transaction, and only once that is durable do the queues
 * hear of it. A delivery that another of its lane waits for is not kept waiting for company.
 */
import type { Clock } from '../../clock.ts';
import type { DiskGate } from '../database/disk-gate.ts';
import { isForNow, stateErrorOf } from '../database/sqlite.ts';
import type { Transactions } from '../database/transactions.ts';
import type { Delivery, Settlement } from '../outbox.ts';
import { GroupCommit, type Recorded } from './group-commit.ts';
import type { KnownRoutes } from './known-routes.ts';
import type { Freed, OwedLanes } from './owed-lanes.ts';
import type { RouteTable } from './route-table.ts';
import type { Settlements } from './settlements.ts';

interface RecordsParts {
  readonly path: string;
  readonly clock: Clock;
  readonly gate: DiskGate;
  readonly transactions: Transactions;
  readonly routeTable: RouteTable;
  readonly lanes: OwedLanes;
  readonly settlements: Settlements;
  readonly routes: KnownRoutes;
}

export class Records {
  readonly #parts: RecordsParts;
  readonly #group: GroupCommit;

  constructor(parts: RecordsParts) {
    this.#parts = parts;
    this.#group = new GroupCommit(parts.clock, parts.gate, (group) => this.#write(group));
  }

  /** How many wait to become durable. */
  get size(): number {
    return this.#group.size;
  }

  /** Resolves when it is durable. */
  add(routeKey: string, delivery: Delivery, settlement: Settlement): Promise<void> {
    return this.#group.add({ routeKey, delivery, settlement }, this.#isAwaited(routeKey, delivery));
  }

  /** Writes what there is now. Never throws: each record's promise tells. */
  flush(): void {
    this.#group.flush();
  }

  /** Last call before closing: what still cannot be written is given up, and counted. */
  flushAndGiveUp(): number {
    return this.#group.flushAndGiveUp();
  }

  #isAwaited(routeKey: string, { lane }: Delivery): boolean {
    if (lane === undefined) return false;
    const { path, lanes, routes } = this.#parts;
    try {
      return lanes.hasParked(routes.of(routeKey).id, lane);
    } catch (error) {
      throw stateErrorOf(path, 'read', error);
    }
  }

  #write(group: readonly Recorded[]): void {
    const { path, clock, transactions, routeTable, settlements, routes } = this.#parts;
    let freed: readonly Freed[] = [];
    try {
      transactions.run(() => {
        const settled = group.map(
          ({ routeKey, delivery, settlement }) =>
            [routes.of(routeKey).id, delivery, settlement] as const,
        );
        freed = settlements.settleAll(settled, clock.now());
        routeTable.noteLast(settled.map(([route, , settlement]) => [route, settlement]));
      });
    } catch (error) {
      if (isForNow(error)) throw error;
      throw stateErrorOf(path, 'write to', error);
    }
    for (const { routeKey, delivery, settlement } of group) {
      const dueAt = settlement.kind === 'postponed' ? settlement.dueAt : undefined;
      routes.of(routeKey).queue.settled(delivery, dueAt);
    }
    routes.freed(freed);
  }
}
