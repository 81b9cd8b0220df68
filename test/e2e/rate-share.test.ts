/** Commands that need no state keep to the org's half of the rate limit together with a daemon, real processes all. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { practiceEvent, seededRandom } from '../../src/practice/events.ts';
import type { PracticeOrgOptions } from '../../src/practice/org.ts';
import { openDatabase } from '../../src/state/database/sqlite.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { until } from '../support/until.ts';

const LIMIT = 24;
const HOUR_MS = 3_600_000;
const READS: readonly (readonly string[])[] = [
  ['tail', '--since', '3h'],
  ['try', '--since', '3h'],
  ['backfill', '--since', '3h', '--dry-run'],
];

async function desk(t: TestContext, options: PracticeOrgOptions = { rateLimit: LIMIT }) {
  const { org, env } = await openOrg(t, options);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
  addEvents(org, 1, 30_000, 2);
  const state = join(sandbox.cwd, 'state', `127.0.0.1-${new URL(org.url).port}`, 'state.db');
  return {
    org,
    env,
    sandbox,
    state,
    /** More than a window's worth of pages, from two hours ago. */
    addHistory: () => {
      const random = seededRandom(1);
      const from = Date.now() - 2 * HOUR_MS;
      for (let at = from; at < from + 15_000; at += 1)
        org.add(practiceEvent(random, at), { publishedAt: at, persistedAt: at });
    },
    daemon: async (interval: string) => {
      const args = ['--interval', interval, '--log-level', 'debug', '--log-format', 'json'];
      const running = sandbox.start(['run', '--state', 'state', ...args], { env });
      await running.line('stdout', /"ready"/);
      await receiver.waitFor(1);
      return running;
    },
    start: (args: readonly string[]) =>
      sandbox.start([...args, '--state', 'state', '--log-level', 'debug'], { env }),
  };
}

function readersIn(state: string): string[] {
  const database = openDatabase(state, { readOnly: true });
  try {
    return database
      .prepare('SELECT what FROM readers')
      .all()
      .map(({ what }) => `${what}`);
  } finally {
    database.close();
  }
}

for (const args of READS) {
  test(`${args[0]} and a daemon together keep to half of the rate limit`, async (t) => {
    const { org, addHistory, daemon, start } = await desk(t);
    addHistory();
    const running = await daemon('2s'); // far from half when the other one begins

    const reading = start(args);
    await Promise.all([reading.line('stderr', /rate limit/), running.line('stdout', /rate limit/)]);
    await reading.stop('SIGINT');
    await running.stop();

    const windows = new Map<number, number>();
    for (const { at } of org.requests) {
      const window = Math.floor((at - 17_000) / 60_000);
      windows.set(window, (windows.get(window) ?? 0) + 1);
    }
    for (const requests of windows.values()) assert.ok(requests <= LIMIT / 2, `${requests}`);
    assert.equal(org.violations, 0);
  });

  test(`${args[0]} takes a tenth where it cannot tell the daemon that it reads`, async (t) => {
    const { org, addHistory, daemon, start, state } = await desk(t);
    addHistory();
    const running = await daemon('1h');
    running.child.kill('SIGSTOP');
    const lock = openDatabase(state);
    lock.exec('BEGIN IMMEDIATE');
    const before = org.requestCount;

    const reading = start(args);
    await reading.line('stderr', /rate limit/);
    const { code } = await reading.stop('SIGINT');
    lock.close();
    running.child.kill('SIGCONT');

    assert.equal(code, 0);
    assert.equal(org.requestCount - before, Math.floor(LIMIT / 10));
  });
}

test('a tail that was there first tells the daemon that begins later', async (t) => {
  const { org, daemon, start, state } = await desk(t, {});
  const tailing = start(['tail', '--interval', '1s']);
  await org.waitForRequests(1);

  await daemon('1h');
  const readers = await until(
    async () => readersIn(state),
    (found) => found.length > 0,
  );
  const { code } = await tailing.stop('SIGINT');

  assert.deepEqual(readers, ['tail']);
  assert.equal(code, 0);
});

test('tail and try make no state folder where there is none', async (t) => {
  const { sandbox, start } = await desk(t, {});

  const tail = await start(['tail', '--since', '2h', '--until', '1s']).ended;
  const tried = await start(['try']).ended;

  assert.deepEqual([tail.code, tried.code], [0, 0]);
  assert.deepEqual(readdirSync(sandbox.cwd), ['loghook.csv']);
});
