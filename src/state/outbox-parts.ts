/** What SqliteOutbox is made of: the parts over one open database, joined. */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { Configs } from './configs.ts';
import { DiskGate } from './database/disk-gate.ts';
import type { Database } from './database/sqlite.ts';
import { Transactions } from './database/transactions.ts';
import { Bundles } from './intake/bundles.ts';
import { PageIntake } from './intake/intake.ts';
import { KnownEvents } from './intake/known-events.ts';
import { LogTables } from './intake/log-tables.ts';
import { PageCommits } from './intake/page-commits.ts';
import { KnownRoutes } from './owed/known-routes.ts';
import { OwedLanes } from './owed/owed-lanes.ts';
import { OwedTable } from './owed/owed-table.ts';
import { Records } from './owed/records.ts';
import { RouteTable } from './owed/route-table.ts';
import { Settlements } from './owed/settlements.ts';
import { History } from './pruning/history.ts';
import { Pruning } from './pruning/pruning.ts';

export interface OutboxParts {
  readonly transactions: Transactions;
  readonly tables: LogTables;
  readonly owed: OwedTable;
  readonly routeTable: RouteTable;
  readonly routes: KnownRoutes;
  readonly gate: DiskGate;
  readonly configs: Configs;
  readonly pages: PageCommits;
  readonly records: Records;
  readonly pruning: Pruning;
}

export function partsOf({
  path,
  clock,
  log,
  freeBytes,
  database,
}: {
  readonly path: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly freeBytes: () => number;
  readonly database: Database;
}): OutboxParts {
  const history = new History({ database, clock, freeBytes });
  const transactions = new Transactions(database, () => history.makeRoom());
  const tables = new LogTables(database);
  const bundles = new Bundles(database);
  const owed = new OwedTable(database, bundles);
  const lanes = new OwedLanes(database, owed);
  const routeTable = new RouteTable(database);
  const routes = new KnownRoutes({ clock, table: routeTable, owed, lanes });
  const gate = new DiskGate(clock, log);
  const configs = new Configs(database);
  const settlements = new Settlements(database, bundles);
  const known = new KnownEvents(database, bundles);
  const intake = new PageIntake({ tables, owed, lanes, settlements, bundles, known, configs });
  const writing = { path, clock, gate, transactions, routes };
  const records = new Records({ ...writing, lanes, routeTable, settlements });
  const pages = new PageCommits({ ...writing, intake, records, history });
  const pruning = new Pruning({ database, clock, log, history });
  return { transactions, tables, owed, routeTable, routes, gate, configs, pages, records, pruning };
}
