/**
 * Events that reached Okta's log late: a backfill may read one before the tail does, and owes it to no more routes than
 * it was asked to. When the tail comes to it, the others get it. The caller opens the transaction.
 */
import type { LogEvent } from '../../event.ts';
import { SOURCES } from '../database/schema.ts';
import type { Freed, OwedLanes } from '../owed/owed-lanes.ts';
import type { OwedTable } from '../owed/owed-table.ts';
import type { OwedRoute } from './intake.ts';
import type { KnownEvents } from './known-events.ts';
import type { Origin } from './log-tables.ts';

export class LateEvents {
  readonly #owed: OwedTable;
  readonly #lanes: OwedLanes;
  readonly #known: KnownEvents;

  constructor(owed: OwedTable, lanes: OwedLanes, known: KnownEvents) {
    this.#owed = owed;
    this.#lanes = lanes;
    this.#known = known;
  }

  /**
   * Owes an event that is known already to those of `wanting` that lack it, once, if a backfill was first with it.
   * Returns what need not wait for others of its lane.
   */
  complete(event: LogEvent, wanting: readonly OwedRoute[], from: Origin): Freed[] {
    const known = from.source === SOURCES.tail ? this.#known.find(event.id) : undefined;
    if (known?.source !== SOURCES.backfill) return [];
    this.#known.readByTail(known, from.config);
    const lacking = wanting.filter(
      ({ id }) => !this.#known.isSettledOrOwed(id, known, this.#known.owedTo(id, [known])),
    );
    if (lacking.length === 0) return [];
    this.#known.keep(known, event, lacking.length);
    const { seq } = known;
    return lacking.flatMap(({ id, order }) => {
      const lane = order?.laneOf(event);
      if (lane === undefined) this.#owed.oweAll(id, [seq]);
      else if (!this.#lanes.owe(id, seq, lane)) return [];
      return [{ route: id, seq, dueAt: 0 }];
    });
  }
}
