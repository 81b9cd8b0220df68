/**
 * How many deliveries people dropped, route by route. They do it in processes of their own, so it is seen in the ledger:
 * its dropped lines are counted by when they were dropped, and a count that grew since the last look tells of so many.
 * One that shrank (its lines were pruned, or asked for again) tells of nothing: what was told stays told.
 */
import { asNumber } from '../database/sqlite.ts';
import type { Beside } from './beside.ts';
import type { NamedRoute } from './named-routes.ts';

export class Drops {
  readonly #tell: (route: string, count: number) => void;
  /** By route and instant. Undefined: nobody looked yet. */
  #known: ReadonlyMap<string, number> | undefined;

  constructor(tell: (route: string, count: number) => void) {
    this.#tell = tell;
  }

  /** Tells of what was dropped since the last look; of nothing at the first, for that was dropped before. */
  look(beside: Beside, routes: readonly NamedRoute[]): void {
    const known = this.#known;
    const found = new Map<string, number>();
    const fresh = new Map<number, number>();
    for (const row of beside.sql(DROPPED).all()) {
      const [route, n] = [asNumber(row.route), asNumber(row.n)];
      const key = `${route} ${asNumber(row.at)}`;
      found.set(key, n);
      const more = Math.max(0, n - (known?.get(key) ?? 0));
      fresh.set(route, (fresh.get(route) ?? 0) + more);
    }
    this.#known = found;
    if (known === undefined) return;
    for (const { id, name } of routes) {
      const count = fresh.get(id) ?? 0;
      if (count > 0) this.#tell(name, count);
    }
  }
}

/** Read from the index `ledger_dropped` alone. */
export const DROPPED =
  "SELECT route, at, count(*) AS n FROM ledger WHERE result = 'dropped' GROUP BY route, at";
