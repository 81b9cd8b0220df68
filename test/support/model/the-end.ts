/** What must hold when all is well again and everything has come to its end. */
import { join } from 'node:path';
import { DATABASE_FILE } from '../../../src/state/database/folder.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { NEIGHBOUR, type World } from './world.ts';

const MINUTE = 60_000;
/** From being owed to being recorded, on a route that nothing is wrong with. */
const NEIGHBOUR_MS = 5_000;
/** Our share of the org's rate limit: what SystemLog takes by default. */
const SHARE = 0.5;

export function checkTheEnd(world: World, story: readonly string[]): void {
  const { oracle } = world;
  if (oracle.violations.length > 0) return;
  for (const what of oracle.unfinished(world.orgNow)) oracle.violated(what);
  const slowest = oracle.slowest(NEIGHBOUR);
  if (slowest > NEIGHBOUR_MS && !story.some((line) => /crash|stop and/.test(line))) {
    oracle.violated(`a delivery to the healthy neighbour took ${slowest} ms`);
  }
  checkManners(world);
  checkState(world);
}

/** After a start, or a clock that was set, it has forgotten what it sent in this window, and may take its share anew. */
function checkManners(world: World): void {
  const { org, oracle, forgotAt, rateLimit: limit } = world;
  const windowOf = (at: number) => Math.floor((at - 17_000) / MINUTE);
  const byWindow = new Map<number, number>();
  for (const { at } of org.requests) {
    byWindow.set(windowOf(at), (byWindow.get(windowOf(at)) ?? 0) + 1);
  }
  for (const [window, count] of byWindow) {
    const forgot = forgotAt.filter((at) => windowOf(at) === window).length;
    if (count > limit * SHARE * (1 + forgot) + 1) {
      oracle.violated(`${count} requests in one window of ${limit} (forgot ${forgot} times)`);
    }
  }
  if (org.violations > 0) oracle.violated(`${org.violations} times the last request was taken`);
}

/** Nothing is left behind: no row that is owed, no bytes that nobody needs. */
function checkState(world: World): void {
  const database = openDatabase(join(world.folder, DATABASE_FILE), { readOnly: true });
  const one = (sql: string) => Number(database.prepare(sql).get()?.n);
  const owed = one('SELECT count(*) AS n FROM owed');
  const stray = one(
    `SELECT count(*) AS n FROM bundle_refs WHERE refs <> 0 AND id NOT IN
       (SELECT bundle FROM events JOIN dead ON dead.seq = events.seq)`,
  );
  const refs = one('SELECT coalesce(sum(refs), 0) AS n FROM bundle_refs');
  const dead = one('SELECT count(*) AS n FROM dead');
  database.close();
  if (owed !== 0) world.oracle.violated(`${owed} rows are still owed`);
  if (stray !== 0) world.oracle.violated(`${stray} bundles are kept for nobody`);
  if (refs !== dead) {
    world.oracle.violated(`bundles are needed ${refs} times, by ${dead} dead letters`);
  }
}
