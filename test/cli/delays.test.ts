/** The parts of the delay in `show` and `status`, through the front door. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '../../src/state/database/sqlite.ts';
import type { Settlement } from '../../src/state/outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { loghook } from '../support/front-door.ts';
import { openOutbox } from '../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  cursorAt,
  eventOf,
  never,
  postponed,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { tempFolder } from '../support/temp-folder.ts';

const HOUR = 3_600_000;

async function openScene(t: TestContext) {
  const root = tempFolder(t);
  const clock = new FakeClock(Date.now() - HOUR);
  const folder = join(root, 'acme.okta.com');
  const { outbox } = openOutbox(t, { folder, clock });
  await outbox.adopt([A, B]);
  return {
    clock,
    outbox,
    /** Read now, published `agoMs` before, the head of the log seen a second ago. */
    read: (n: number, agoMs: number) => {
      const published = new Date(clock.now() - agoMs).toISOString();
      const times = { cursor: cursorAt(clock.now(), n), headAt: clock.now() - 1_000 };
      const page = { events: [{ ...eventOf(n), published }], oktaAheadMs: 0, ...times };
      return outbox.commit(page, allTo(A), never);
    },
    settle: async (settlement: Settlement) => {
      const [delivery] = await takeDue(outbox, A, clock.now());
      await recordAll(outbox, clock, A, [[delivery!, settlement]]);
    },
    change: (sql: string) => {
      const database = openDatabase(join(folder, 'state.db'));
      database.exec(sql);
      database.close();
    },
    run: (...args: string[]) => loghook([...args, '--state', root]),
  };
}

function delivered(clock: FakeClock, ms: number): Settlement {
  return { kind: 'delivered', at: clock.now(), status: 200, ms };
}

test('show says how long a delivery took, and whose doing each part was', async (t) => {
  const { clock, read, settle, run } = await openScene(t);
  await read(1, 1_700);
  await clock.advance(712);
  await settle(delivered(clock, 700.2));

  const { stdout } = await run('show', eventOf(1).id);
  const json = JSON.parse((await run('show', eventOf(1).id, '--json')).stdout);

  assert.match(
    stdout,
    /^ {2}delay 2\.4 s = okta 0\.7 s \+ poll 1\.0 s \+ queue 12 ms \+ send 0\.7 s$/m,
  );
  assert.deepEqual(json.routes[0].delayMs, { okta: 700, poll: 1_000, queue: 12, send: 700 });
});

test('attempts that failed are part of the queue', async (t) => {
  const { clock, read, settle, run } = await openScene(t);
  await read(1, 0);
  await settle(postponed(clock, 30_000));
  await clock.advance(30 * 60_000);
  await settle(delivered(clock, 0));

  const { stdout } = await run('show', eventOf(1).id);

  assert.match(stdout, /^ {2}delay 30 min = okta 0 ms \+ poll 0 ms \+ queue 30 min \+ send 0 ms$/m);
});

test('of a backfilled event the poll says nothing, and it does not count in status', async (t) => {
  const { clock, read, settle, run, change } = await openScene(t);
  await read(1, 1_700);
  await settle(delivered(clock, 0));
  change('UPDATE events SET source = 1, okta_ms = NULL, poll_ms = NULL');

  const { stdout } = await run('show', eventOf(1).id);
  const status = await run('status');

  assert.match(stdout, /^read {7}.*, by a backfill$/m);
  assert.match(stdout, /^ {2}delay since it was backfilled 0 ms = queue 0 ms \+ send 0 ms$/m);
  assert.doesNotMatch(status.stdout, /took/);
});

test('of what a person asked for again nothing is said, and it does not count in status', async (t) => {
  const { clock, outbox, read, settle, run } = await openScene(t);
  await read(1, 1_700);
  await settle(delivered(clock, 0));
  await run('replay', eventOf(1).id, '--yes');
  await outbox.tidy();
  await clock.advance(2 * HOUR);
  await settle(delivered(clock, 0));

  const { stdout } = await run('show', eventOf(1).id);
  const status = JSON.parse((await run('status', '--json')).stdout);

  assert.match(stdout, /: delivered .*, 2 attempts$/m);
  assert.doesNotMatch(stdout, /delay/);
  assert.equal(status.routes[0].delays, null);
});

test('status says of each route how long its last deliveries took, part by part', async (t) => {
  const { clock, read, settle, run } = await openScene(t);
  for (let n = 1; n <= 100; n += 1) {
    await read(n, n <= 90 ? 400 : 9_000);
    await clock.advance(n);
    await settle(delivered(clock, n));
  }

  const { stdout } = await run('status');
  const { routes } = JSON.parse((await run('status', '--json')).stdout);

  assert.match(
    stdout,
    /^ {2}last 100 took {2}median 0\.5 s: okta 0 ms, poll 0\.4 s, queue 0 ms, send 50 ms\n {20}95 % 9\.1 s: okta 8\.0 s, poll 1\.0 s, queue 0 ms, send 95 ms$/m,
  );
  const [ofA, ofB] = routes;
  assert.deepEqual(ofA.delays, {
    deliveries: 100,
    medianMs: { whole: 450, okta: 0, poll: 400, queue: 0, send: 50 },
    p95Ms: { whole: 9_095, okta: 8_000, poll: 1_000, queue: 0, send: 95 },
  });
  assert.equal(ofB.delays, null);
});

test('only the last 200 deliveries of a route count', async (t) => {
  const { clock, outbox, run } = await openScene(t);
  const published = new Date(clock.now() - 5_000).toISOString();
  const events = Array.from({ length: 300 }, (_, n) => ({ ...eventOf(n + 1), published }));
  await outbox.commit({ events, cursor: cursorAt(clock.now()) }, allTo(A), never);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(
    outbox,
    clock,
    A,
    due.map((one) => [one, delivered(clock, one.seq <= 100 ? 60_000 : 10)]),
  );

  const { routes } = JSON.parse((await run('status', '--json')).stdout);

  assert.equal(routes[0].delays.deliveries, 200);
  assert.equal(routes[0].delays.p95Ms.send, 10);
});
