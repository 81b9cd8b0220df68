/**
 * The routes as this process knows them: each with its row, its order and its queue. Under a key that a route had
 * formerly it is found as well, so that what was under way when the key changed comes home.
 */
import type { Clock } from '../../clock.ts';
import type { Turn } from '../intake/intake.ts';
import type { LaneOrder, RouteRef } from '../outbox.ts';
import { DueQueue } from './due-queue.ts';
import { MemoryBudget } from './memory-budget.ts';
import type { Freed, OwedLanes } from './owed-lanes.ts';
import type { OwedTable } from './owed-table.ts';
import type { RouteTable } from './route-table.ts';

interface KnownRoute {
  readonly id: number;
  /** As it was adopted last. */
  readonly order: LaneOrder | undefined;
  readonly queue: DueQueue;
}

interface RoutesParts {
  readonly clock: Clock;
  readonly table: RouteTable;
  readonly owed: OwedTable;
  readonly lanes: OwedLanes;
}

export class KnownRoutes {
  readonly #parts: RoutesParts;
  readonly #budget = new MemoryBudget();
  readonly #byKey = new Map<string, number>();
  readonly #byId = new Map<number, KnownRoute>();
  /** Those in force; the order of others is not known for sure. */
  #adopted = new Map<number, RouteRef>();

  constructor(parts: RoutesParts) {
    this.#parts = parts;
  }

  of(key: string): KnownRoute {
    const id = this.#byKey.get(key);
    const route = id === undefined ? undefined : this.#byId.get(id);
    if (route === undefined) throw new TypeError('a route was used before it was adopted');
    return route;
  }

  /**
   * Puts `routes` in force, in `inTransaction`. One whose order is another one gets a new queue: of what it had, none
   * may be out.
   */
  adopt(routes: readonly RouteRef[], inTransaction: (work: () => void) => void): void {
    let adopted = new Map<number, RouteRef>();
    const reordered = new Set<number>();
    inTransaction(() => {
      adopted = this.#adoptAll(routes, reordered);
    });
    this.#adopted = adopted;
    for (const [key, id] of this.#parts.table.routeIds()) this.#byKey.set(key, id);
    for (const id of new Set(this.#byKey.values())) this.#know(id, reordered.has(id));
  }

  /** Puts what a commit made due at once, and is durable, into the queues. */
  offer(turns: readonly Turn[], readAt: number): void {
    for (const { owed, key, lane } of turns) {
      this.of(key).queue.offer({
        seq: owed.seq,
        bundle: owed.place.bundle,
        event: owed.event,
        dueAt: 0,
        attempts: 0,
        tries: 0,
        readAt,
        replay: false,
        ...owed.delay,
        ...(lane === undefined ? {} : { lane }),
      });
    }
  }

  /** Deliveries whose turn has come, by a commit that is durable, come out of their queues. */
  freed(all: readonly Freed[]): void {
    for (const { route, seq, dueAt } of all) this.#byId.get(route)?.queue.freed(seq, dueAt);
  }

  /** Finds lanes for some of what other processes owe again. Returns whether there was any. */
  place(): boolean {
    const { clock, lanes } = this.#parts;
    let placed = 0;
    for (const { id, order, queue } of this.#byId.values()) {
      if (!this.#adopted.has(id)) continue;
      placed += lanes.place(id, order, {
        now: clock.now(),
        isOut: (seq) => queue.hasLate(seq),
      });
    }
    return placed > 0;
  }

  /** Due times on disk were changed by something else. */
  reread(): void {
    for (const { queue } of this.#byId.values()) queue.reread();
  }

  /** Adds to `reordered` those whose lanes were made anew. */
  #adoptAll(routes: readonly RouteRef[], reordered: Set<number>): Map<number, RouteRef> {
    const { table, lanes, clock } = this.#parts;
    const adopted = new Map<number, RouteRef>();
    const keys = new Set(routes.map(({ key }) => key));
    table.retireRoutes();
    for (const route of routes) {
      if (route.formerly !== undefined && !keys.has(route.formerly)) table.takeOver(route);
      const { id, orderedBy } = table.adoptRoute(route);
      adopted.set(id, route);
      if (orderedBy === route.order?.by) continue;
      lanes.remake(id, route.order, clock.now());
      table.saveOrder(id, route.order?.by);
      reordered.add(id);
    }
    return adopted;
  }

  #know(id: number, isReordered: boolean): void {
    const { clock, owed } = this.#parts;
    const known = this.#byId.get(id);
    if (isReordered) known?.queue.clear();
    const queue = isReordered ? undefined : known?.queue;
    const adopted = this.#adopted.get(id);
    this.#byId.set(id, {
      id,
      order: adopted === undefined ? known?.order : adopted.order,
      queue: queue ?? new DueQueue(clock, this.#budget, owed.rowsOf(id)),
    });
  }
}
