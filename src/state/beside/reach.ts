/** How far a backfill may reach: what the tail has read, and what the ledger of a route may have forgotten. */
import { asNumber, asOptionalNumber, asText, type Row } from '../database/sqlite.ts';
import { backfilledFrom } from './backfills.ts';
import type { Beside } from './beside.ts';

/** Instants in ms since 1970. */
export interface Reach {
  /** The newest version of the routes in force, and what is asked of Okta. */
  readonly config: number;
  readonly query: string;
  /** Up to where the tail has read; undefined: it has not begun. */
  readonly readTo?: number;
  /** Of what was published up to then the ledger may have forgotten; undefined: nothing. */
  readonly ledgerFrom?: number;
  /** By route, where that is known: nothing that was published before was ever sent to it. */
  readonly begins: ReadonlyMap<number, number>;
}

/** An event may reach Okta's log so much later than it was published, and more; as far back goes an overlap. */
const LATE_MS = 10 * 60_000;

/** Undefined where no daemon has run yet. */
export function reachOf(beside: Beside): Reach | undefined {
  return beside.read(() => {
    const configs = beside.sql('SELECT * FROM configs ORDER BY id').all();
    const newest = configs.at(-1);
    if (newest === undefined) return undefined;
    const horizons = beside.sql('SELECT * FROM horizons').get();
    const cursor = beside
      .sql(
        `SELECT max(ifnull(head_at, 0), coalesce(last_published_at, read_at)) AS read_to FROM cursor`,
      )
      .get();
    const readTo = asOptionalNumber(cursor?.read_to);
    const ledgerFrom = asOptionalNumber(horizons?.ledger_from);
    return {
      config: asNumber(newest.id),
      query: asText(newest.query),
      begins: earliest(beginsOf(configs, horizons), backfilledFrom(beside)),
      ...(readTo === undefined ? {} : { readTo }),
      ...(ledgerFrom === undefined ? {} : { ledgerFrom }),
    };
  });
}

/** Those that an older loghook had are not among them: nobody knows. */
function beginsOf(configs: readonly Row[], horizons: Row | undefined): Map<number, number> {
  const begins = new Map<number, number>();
  const beganAt = asOptionalNumber(horizons?.began_at);
  const oldRoutes = asOptionalNumber(horizons?.old_routes) ?? 0;
  for (const row of configs) {
    const readTo = asOptionalNumber(row.read_to);
    const beginsAt = readTo === undefined ? beganAt : readTo - LATE_MS;
    if (beginsAt === undefined) continue;
    for (const { id } of routesIn(row)) {
      if (id > oldRoutes && !begins.has(id)) begins.set(id, beginsAt);
    }
  }
  return begins;
}

/** A backfill may have sent what lies before a route began. */
function earliest(
  begins: Map<number, number>,
  backfilled: ReadonlyMap<number, number>,
): Map<number, number> {
  for (const [route, from] of backfilled) {
    const begin = begins.get(route);
    if (begin !== undefined) begins.set(route, Math.min(begin, from));
  }
  return begins;
}

function routesIn(config: Row): readonly { readonly id: number }[] {
  // Written by Configs alone, in this shape.
  return JSON.parse(asText(config.routes)) as readonly { readonly id: number }[];
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
