/** Takes a page in: its events, what they owe, what could not be cut, its cursor. The caller opens the transaction. */
import { eventId, type LogEvent } from '../event.ts';
import type { Intake, RouteRef, Wants } from './outbox.ts';
import { OwedTable } from './owed-table.ts';
import { Settlements } from './settlements.ts';
import type { Database } from './sqlite.ts';
import { Tables } from './tables.ts';

/** The pseudo-route that raw pieces of unreadable pages are dead letters of. */
export const UNREADABLE = 0;

export interface Owed {
  readonly seq: number;
  readonly event: LogEvent;
  readonly routes: readonly RouteRef[];
}

export interface Taken {
  readonly owed: readonly Owed[];
  readonly repeated: number;
}

export class IntakeTables {
  readonly #tables: Tables;
  readonly #owed: OwedTable;
  readonly #settlements: Settlements;

  constructor(database: Database) {
    this.#tables = new Tables(database);
    this.#owed = new OwedTable(database);
    this.#settlements = new Settlements(database);
  }

  take(intake: Intake, wants: Wants, now: number, routeId: (key: string) => number): Taken {
    const owed: Owed[] = [];
    let repeated = 0;
    for (const event of intake.events) {
      const seq = this.#tables.addEvent(event, now);
      if (seq === undefined) {
        repeated += 1;
        continue;
      }
      const routes = wants.wantedBy(event);
      if (routes.length === 0) continue;
      this.#tables.addBody(seq, routes.length, event.raw);
      for (const { key } of routes) this.#owed.owe(routeId(key), seq);
      owed.push({ seq, event, routes });
    }
    for (const leftover of intake.leftovers ?? []) this.#bury(leftover, now);
    if (intake.cursor !== undefined) this.#tables.saveCursor(intake.cursor);
    return { owed, repeated };
  }

  #bury(leftover: { readonly raw: Buffer; readonly why: string }, now: number): void {
    const id = eventId(undefined, leftover.raw);
    const seq = this.#tables.addEvent({ id, raw: leftover.raw }, now);
    if (seq === undefined) return;
    this.#tables.addBody(seq, 1, leftover.raw);
    this.#settlements.addDead(UNREADABLE, seq, { at: now, why: leftover.why, attempts: 0 });
  }
}
