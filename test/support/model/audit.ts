/**
 * The audit in the model: what it says of every route must be what the oracle knows, at any moment when no daemon runs.
 * At the end it reads the practice org as users' audits do; before, it is given what the org has, so that nothing of the
 * story changes.
 */
import { join } from 'node:path';
import { Auditor } from '../../../src/cli/audit/auditor.ts';
import { sumLine } from '../../../src/cli/audit/report.ts';
import type { Tally, Term } from '../../../src/cli/audit/tally.ts';
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
import { passUntil } from './clocks.ts';
import type { Written } from './pairs.ts';
import type { World } from './world.ts';

type Listed = Written & { readonly id: string };
type Pages = (window: Window) => Promise<readonly (readonly LogEvent[])[]>;

/** Of all that can be judged, as the org has it. */
export async function checkAudit(world: World, when: string): Promise<void> {
  const audited = await auditOf(world, async (window) => pagesOf(world, window));
  if (audited !== undefined) compare(world, audited, when);
}

/** Over the wire; and again when all is forgotten that pruning may forget within a day. */
export async function checkLastAudit(world: World): Promise<void> {
  const audited = await auditOf(world, (window) => read(world, window));
  if (audited === undefined) world.oracle.violated('nothing could be audited at the end');
  else compare(world, audited, 'at the end');
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

export function pagesOf(
  world: World,
  window: Window,
  which: (event: Written) => boolean = () => true,
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

function compare(world: World, { auditor, window, from, ids }: Audited, when: string): void {
  const { oracle } = world;
  const listed = listedIn(world, window).filter(
    ({ id, persistedAt }) => persistedAt <= from || ids.has(id),
  );
  if (auditor.events !== listed.length) {
    oracle.violated(`${when}, the audit counts ${auditor.events} events, not ${listed.length}`);
  }
  for (const tally of auditor.tallies) {
    const home = world.homeOf(tally.route.key);
    const expected = home === undefined ? undefined : truth(world, home, listed);
    if (expected === undefined) continue;
    const wrong = differences(tally, expected);
    if (wrong.length === 0) continue;
    oracle.violated(`${when}, the audit of ${home} says ${sumLine(tally)}: ${wrong.join(', ')}`);
  }
}

interface Truth {
  readonly terms: Record<Exclude<Term, 'missing'>, number>;
  /** Not read yet: not wanted or, if the routes of that time want them, missing. */
  readonly unread: number;
}

function truth(world: World, home: string, listed: readonly Listed[]): Truth {
  const terms = { delivered: 0, notWanted: 0, dead: 0, dropped: 0, moved: 0, owed: 0 };
  let unread = 0;
  const path = home.slice(home.indexOf(' ') + 1);
  for (const { id, committed } of listed) {
    const pair = world.oracle.pair(path, id);
    if (!committed) unread += 1;
    else if (pair?.home === home) terms[pair.recorded ?? 'owed'] += 1;
    else terms[pair?.left.has(home) === true ? 'moved' : 'notWanted'] += 1;
  }
  return { terms, unread };
}

function differences({ terms, changed, duplicates, unlisted, uncomparable }: Tally, truth: Truth) {
  const { unread } = truth;
  const unwanted = terms.notWanted - truth.terms.notWanted;
  const checks: readonly (readonly [what: string, isRight: boolean])[] = [
    ...(['delivered', 'dead', 'dropped', 'moved', 'owed'] as const).map(
      (term) => [`${truth.terms[term]} ${term}`, terms[term] === truth.terms[term]] as const,
    ),
    [`${truth.terms.notWanted} not wanted`, unwanted >= 0 && unwanted + terms.missing === unread],
    ['nothing changed', changed === 0 && uncomparable === 0],
    ['nothing twice', duplicates === 0],
    ['all listed', unlisted === 0],
  ];
  return checks.filter(([, isRight]) => !isRight).map(([what]) => `not ${what}`);
}
