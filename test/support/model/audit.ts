/**
 * The audit in the model: what it says of every route must be what the oracle knows, at any moment when no daemon runs.
 * At the end it reads the practice org as users' audits do; before, it is given what the org has, so that nothing of the
 * story changes.
 */
import { join } from 'node:path';
import { Auditor } from '../../../src/cli/audit/auditor.ts';
import { Repair } from '../../../src/cli/audit/repair.ts';
import { sumLine } from '../../../src/cli/audit/report.ts';
import { type Window, windowOf } from '../../../src/cli/audit/window.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { LogEvent } from '../../../src/event.ts';
import { silentLog } from '../../../src/log.ts';
import { SystemLog } from '../../../src/okta/system-log.ts';
import { AuditDesk } from '../../../src/state/beside/audit-desk.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { Configs } from '../../../src/state/configs.ts';
import { DATABASE_FILE } from '../../../src/state/database/folder.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { isJudgedByTime } from '../../../src/state/pruning/horizons.ts';
import { differences, type Listed, truthOf } from './audit-truth.ts';
import { passUntil } from './clocks.ts';
import { Deeds } from './deeds.ts';
import type { World } from './world.ts';

type Pages = (window: Window) => Promise<readonly (readonly LogEvent[])[]>;

/** Of all that can be judged, as the org has it. */
export async function checkAudit(world: World, when: string): Promise<void> {
  const audited = await auditOf(world, async (window) => pagesOf(world, window));
  if (audited !== undefined) verify(world, audited, { when });
}

/** Over the wire; and again when all is forgotten that pruning may forget within a day. */
export async function checkLastAudit(world: World): Promise<void> {
  const audited = await auditOf(world, (window) => read(world, window));
  if (audited === undefined) world.oracle.violated('nothing could be audited at the end');
  else verify(world, audited, { when: 'at the end' });
  forgetUnwanted(world.folder);
  await checkAudit(world, 'after the unwanted were forgotten');
}

function forgetUnwanted(folder: string): void {
  const database = openDatabase(join(folder, DATABASE_FILE));
  const times = new Configs(database).times();
  const unwanted = database
    .prepare(
      `SELECT * FROM events WHERE bundle IS NULL
         AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.seq = events.seq)`,
    )
    .all();
  for (const row of unwanted) {
    if (!isJudgedByTime(row, times)) continue;
    database.prepare('DELETE FROM events WHERE seq = ?').run(Number(row.seq));
  }
  database.close();
}

interface Audited {
  readonly auditor: Auditor;
  readonly window: Window;
  /** When it began to read, by the org's clock: what could be read then, it must list; what came later, it may. */
  readonly from: number;
  readonly ids: ReadonlySet<string>;
}

/** Undefined when nothing can be judged yet. */
export async function auditOf(world: World, pages: Pages): Promise<Audited | undefined> {
  const beside = new Beside(world.folder, { readOnly: true });
  try {
    const desk = new AuditDesk(beside);
    const horizon = desk.horizon();
    const now = world.clock.now();
    const window = windowOf({ since: 0, until: Number.MAX_SAFE_INTEGER, now }, horizon);
    const auditor = new Auditor({ desk, horizon, routes: namedRoutes(beside), window, now });
    const from = world.orgNow;
    const ids = new Set<string>();
    for (const page of await pages(window)) {
      auditor.take(page);
      for (const { id } of page) ids.add(id);
    }
    auditor.finish(window.until);
    return { auditor, window, from, ids };
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  } finally {
    beside.close();
  }
}

/** Owes what is missing, as `--repair` does. Returns how many deliveries. */
export async function repairAll(world: World, beside: Beside): Promise<number> {
  const desk = new AuditDesk(beside);
  const horizon = desk.horizon();
  const now = world.clock.now();
  const window = windowOf({ since: 0, until: Number.MAX_SAFE_INTEGER, now }, horizon);
  const auditor = new Auditor({ desk, horizon, routes: namedRoutes(beside), window, now });
  const repair = new Repair(beside, desk, horizon.versions.at(-1)?.id);
  for (const page of pagesOf(world, window)) {
    const lacks = auditor.take(page);
    repair.owe(lacks, now);
    auditor.repaired(lacks);
  }
  auditor.finish(window.until, true);
  return repair.owed;
}

export function pagesOf(
  world: World,
  window: Window,
  which: (event: Listed) => boolean = () => true,
): LogEvent[][] {
  const events = listedIn(world, window)
    .filter(which)
    .toSorted((one, other) => one.publishedAt - other.publishedAt)
    .map(({ id, raw, eventType, publishedAt }) => {
      return { id, raw, eventType, published: new Date(publishedAt).toISOString() };
    });
  const pages: LogEvent[][] = [];
  for (let n = 0; n < events.length; n += 100) pages.push(events.slice(n, n + 100));
  return pages;
}

async function read(world: World, window: Window): Promise<LogEvent[][]> {
  const systemLog = new SystemLog({
    org: new URL(world.org.url),
    identity: { kind: 'token', token: world.org.token },
    clock: world.clock,
    log: silentLog(),
    userAgent: 'loghook/model',
    interval: 15_000,
    rateShare: 1,
  });
  const pages: LogEvent[][] = [];
  const over = (async () => {
    for await (const page of systemLog.read(window, new AbortController().signal)) {
      pages.push([...page.events]);
    }
  })();
  const isOver = await passUntil(over, world.clock);
  if (!isOver) world.oracle.violated('the audit did not come to its end');
  await systemLog.close();
  return pages;
}

function listedIn({ oracle, orgNow }: World, { since, until }: Window): Listed[] {
  return oracle
    .persisted(orgNow)
    .filter(({ publishedAt }) => publishedAt >= since && publishedAt < until);
}

interface Case {
  readonly when: string;
  /** What somebody did behind the daemon's back. */
  readonly deeds?: Deeds;
}

/** Every term of every route, by what the oracle knows. */
export function verify(
  world: World,
  { auditor, window, from, ids }: Audited,
  { when, deeds = new Deeds() }: Case,
): void {
  const { oracle } = world;
  const all = listedIn(world, window);
  const listed = all.filter(
    ({ id, persistedAt }) => !deeds.leftOut.has(id) && (persistedAt <= from || ids.has(id)),
  );
  if (auditor.events !== listed.length) {
    oracle.violated(`${when}, the audit counts ${auditor.events} events, not ${listed.length}`);
  }
  const lost = all.filter(({ id }) => deeds.leftOut.has(id));
  if (auditor.coverage.leftOut !== lost.length) {
    oracle.violated(`${when}, ${auditor.coverage.leftOut} are left out, not ${lost.length}`);
  }
  for (const tally of auditor.tallies) {
    const home = world.homeOf(tally.route.key);
    if (home === undefined) continue;
    const wrong = differences(tally, truthOf(world, home, { listed, lost }), deeds.of(home));
    if (wrong.length === 0) continue;
    oracle.violated(`${when}, the audit of ${home} says ${sumLine(tally)}: ${wrong.join(', ')}`);
  }
}
