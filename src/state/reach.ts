/** How far a backfill may reach: what the tail has read, and what the ledger of a route may have forgotten. */
import type { Beside } from './beside.ts';
import { asNumber, asOptionalNumber, asText } from './sqlite.ts';

/** Instants in ms since 1970. */
export interface Reach {
  /** The newest version of the routes in force, and what is asked of Okta. */
  readonly config: number;
  readonly query: string;
  /** Up to where the tail has read; undefined: it has not begun. */
  readonly readTo?: number;
  /** Of what was published up to then the ledger may have forgotten; undefined: nothing. */
  readonly ledgerFrom?: number;
  /** By route: nothing that was published before was ever sent to it. */
  readonly begins: ReadonlyMap<number, number>;
}

/** Undefined where no daemon has run yet. */
export function reachOf(beside: Beside): Reach | undefined {
  return beside.read(() => {
    const configs = beside.sql('SELECT id, at, query, routes FROM configs ORDER BY id').all();
    const newest = configs.at(-1);
    if (newest === undefined) return undefined;
    const horizons = beside.sql('SELECT began_at, ledger_from FROM horizons').get();
    const beganAt = asOptionalNumber(horizons?.began_at) ?? Number.NEGATIVE_INFINITY;
    const begins = new Map<number, number>();
    configs.forEach((row, index) => {
      // Written by Configs alone, in this shape.
      const routes = JSON.parse(asText(row.routes)) as readonly { readonly id: number }[];
      for (const { id } of routes) {
        if (!begins.has(id)) begins.set(id, index === 0 ? beganAt : asNumber(row.at));
      }
    });
    const cursor = beside.sql('SELECT last_published_at, read_at FROM cursor').get();
    const readTo = asOptionalNumber(cursor?.last_published_at) ?? asOptionalNumber(cursor?.read_at);
    const ledgerFrom = asOptionalNumber(horizons?.ledger_from);
    return {
      config: asNumber(newest.id),
      query: asText(newest.query),
      begins,
      ...(readTo === undefined ? {} : { readTo }),
      ...(ledgerFrom === undefined ? {} : { ledgerFrom }),
    };
  });
}

/** The same, as it is at this moment: in the transaction that something is owed in. */
export function reachNow(beside: Beside, reach: Reach): Reach {
  const { ledgerFrom: _, ...rest } = reach;
  const row = beside.sql('SELECT ledger_from FROM horizons').get();
  const ledgerFrom = asOptionalNumber(row?.ledger_from);
  return ledgerFrom === undefined ? rest : { ...rest, ledgerFrom };
}

/** What was published then may have been sent to the route, and the ledger would not know it. */
export function mayBeForgotten(
  { begins, ledgerFrom }: Reach,
  route: number,
  publishedAt: number,
): boolean {
  if (ledgerFrom === undefined || publishedAt > ledgerFrom) return false;
  return publishedAt >= (begins.get(route) ?? Number.NEGATIVE_INFINITY);
}
