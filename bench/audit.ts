/**
 * The audit of a ledger of COUNT lines, the real command against a practice org in a process of its own: how long it
 * takes, and its peak RSS. The ledger is written as a daemon would have left it, without sending a million events first.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SystemClock } from '../src/clock.ts';
import type { LogEvent } from '../src/event.ts';
import { silentLog } from '../src/log.ts';
import { openDatabase } from '../src/state/database/sqlite.ts';
import { digestOf } from '../src/state/owed/digest.ts';
import { SqliteOutbox } from '../src/state/sqlite-outbox.ts';
import { Helper } from './children.ts';
import { benchEvents } from './events.ts';
import { rssMb } from './memory.ts';

const bin = resolve(dirname(fileURLToPath(import.meta.url)), '../../bin/loghook.js');
const PAGE = 1_000;
const LOOK_EVERY_MS = 20;

export interface AuditFigures {
  readonly seconds: number;
  readonly peakMb: number;
  /** What it printed. */
  readonly report: string;
  readonly code: number;
}

export async function benchAudit(count: number): Promise<AuditFigures> {
  const from = Date.now() - 60_000;
  const org = new Helper('org', count, from);
  const folder = await mkdtemp(join(tmpdir(), 'loghook-bench-'));
  try {
    const { url, token } = await org.next();
    await writeLedger(folder, { count, from, url: String(url) });
    const env = { OKTA_ORG_URL: String(url), OKTA_API_KEY: String(token) };
    return await audit(folder, { PATH: process.env.PATH ?? '', HOME: folder, ...env });
  } finally {
    await org.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function audit(folder: string, env: Record<string, string>): Promise<AuditFigures> {
  const started = performance.now();
  const args = [bin, 'audit', '--since', '1h', '--until', '0s', '--state', folder];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let peakMb = 0;
  const looking = setInterval(() => {
    if (child.exitCode === null) peakMb = Math.max(peakMb, rssMb(child.pid ?? 0, 'VmHWM') || 0);
  }, LOOK_EVERY_MS);
  let report = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    report += text;
  });
  return new Promise((done) => {
    child.once('close', (code) => {
      clearInterval(looking);
      const seconds = (performance.now() - started) / 1_000;
      done({ seconds, peakMb, report, code: code ?? 1 });
    });
  });
}

/** Of one route that wanted and got them all. */
async function writeLedger(
  folder: string,
  { count, from, url }: { readonly count: number; readonly from: number; readonly url: string },
): Promise<void> {
  const clock = new SystemClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  const route = { key: 'name:siem', name: 'siem', patterns: ['.*'] };
  await outbox.adopt([route], { query: '', since: from - PAGE });
  const { signal } = new AbortController();
  let events: LogEvent[] = [];
  const database = openDatabase(join(folder, 'state.db'), { timeout: 10_000 });
  const insert = database.prepare(
    `INSERT INTO ledger (seq, route, result, at, first_at, status, attempts, ms, digest)
     SELECT seq, (SELECT id FROM routes WHERE name = 'siem'), 'delivered', ?1, ?1, 200, 1, 20, ?2 FROM events WHERE id = ?3`,
  );
  const take = async (full: boolean) => {
    const cursor = { nextUrl: `${url}/api/v1/logs?after=1`, query: '', readAt: clock.now() };
    await outbox.commit({ events, cursor, full }, { wantedBy: () => [] }, signal);
    database.exec('BEGIN IMMEDIATE');
    for (const { id, raw } of events) insert.run(clock.now(), digestOf(raw), id);
    database.exec('COMMIT');
    events = [];
  };
  for (const raw of benchEvents(count, from)) {
    const { uuid, eventType, published } = JSON.parse(raw.toString());
    events.push({ id: uuid, raw, eventType, published });
    if (events.length === PAGE) await take(true);
  }
  await take(false);
  database.close();
  await outbox.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  console.log(await benchAudit(Number(process.argv[2] ?? 1_000_000)));
}
