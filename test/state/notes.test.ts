/** What state keeps beside deliveries, for people: gaps, trouble, silence, what is switched off, what was told. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { readStanding } from '../../src/state/beside/standing.ts';
import type { Gap } from '../../src/state/outbox.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  A,
  allTo,
  B,
  cursorAt,
  eventOf,
  eventsOf,
  never,
  pageOf,
} from '../support/outbox-events.ts';
import { tempFolder } from '../support/temp-folder.ts';

const DAY = 86_400_000;

async function openDesk(t: TestContext) {
  const folder = tempFolder(t);
  const clock = new FakeClock();
  const open = async () => {
    const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
    await outbox.adopt([A, B]);
    return outbox;
  };
  let outbox = await open();
  t.after(() => outbox.close());
  return {
    clock,
    get outbox() {
      return outbox;
    },
    reopen: async () => {
      await outbox.close();
      outbox = await open();
      return outbox;
    },
    gaps: async () => (await readStanding(folder, clock.now())).gaps,
    routes: async () => (await readStanding(folder, clock.now())).routes,
  };
}

function gapAt(at: number, more: Partial<Gap> = {}): Gap {
  return { at, kind: 'refused-link', fromMs: at - 600_000, toMs: at, why: '400', ...more };
}

test('a gap is kept in one transaction with its page', async (t) => {
  const desk = await openDesk(t);
  const { clock } = desk;
  const bug = { wantedBy: () => assert.fail('a bug in the routes') };

  const page = { ...pageOf(eventsOf(1, 1), cursorAt(1)), gaps: [gapAt(clock.now())] };
  await assert.rejects(desk.outbox.commit(page, bug, never));
  const without = await desk.gaps();
  await desk.outbox.commit(page, allTo(A), never);
  await desk.reopen();

  assert.equal(without.count, 0);
  assert.deepEqual(await desk.gaps(), { count: 1, newest: [gapAt(clock.now())] });
});

test('a gap that is met again only grows', async (t) => {
  const desk = await openDesk(t);
  const gap = gapAt(desk.clock.now());
  const later = { ...gap, at: gap.at + 5_000, toMs: gap.at + 5_000 };

  for (const met of [gap, later, gap]) {
    await desk.outbox.commit({ events: [], gaps: [met] }, allTo(A), never);
  }

  assert.deepEqual(await desk.gaps(), { count: 1, newest: [{ ...gap, toMs: later.toMs }] });
});

test('the newest five gaps of thirty days are shown, and how many there are', async (t) => {
  const desk = await openDesk(t);
  const now = desk.clock.now();
  const gaps = [31, 29, 5, 4, 3, 2, 1].map((days) => gapAt(now - days * DAY));

  await desk.outbox.commit({ events: [], gaps }, allTo(A), never);

  const { newest, count } = await desk.gaps();
  assert.equal(count, 6);
  assert.deepEqual(
    newest.map(({ at }) => (now - at) / DAY),
    [1, 2, 3, 4, 5],
  );
});

test('gaps are forgotten after ninety days', async (t) => {
  const desk = await openDesk(t);
  const before = desk.clock.now();
  await desk.outbox.commit({ events: [], gaps: [gapAt(before)] }, allTo(A), never);

  await desk.clock.jump(91 * DAY);
  await desk.outbox.tidy();
  await desk.clock.jump(-91 * DAY);

  assert.equal((await desk.gaps()).count, 0);
});

test('trouble that goes on in other words keeps the instant when it began', async (t) => {
  const desk = await openDesk(t);
  const since = desk.clock.now();

  await desk.outbox.saveTrouble('ECONNREFUSED');
  await desk.clock.advance(5_000);
  await (await desk.reopen()).saveTrouble('ETIMEDOUT');

  assert.deepEqual(await desk.outbox.trouble(), { what: 'ETIMEDOUT', since });
  await desk.outbox.saveTrouble(undefined);
  assert.equal(await desk.outbox.trouble(), undefined);
});

test('silence is remembered for a route', async (t) => {
  const desk = await openDesk(t);
  const since = desk.clock.now();

  await desk.outbox.saveSilence(A.key, since);
  await desk.reopen();

  assert.equal(await desk.outbox.silentSince(A.key), since);
  assert.equal(await desk.outbox.silentSince(B.key), undefined);
  assert.equal((await desk.routes())[0]?.silentSince, since);
});

test('an event that was taken in is known, wanted or not', async (t) => {
  const desk = await openDesk(t);

  await desk.outbox.commit(pageOf(eventsOf(1, 1)), allTo(), never);

  assert.equal(await desk.outbox.knows(eventOf(1).id), true);
  assert.equal(await desk.outbox.knows(eventOf(2).id), false);
});

test('a route that is switched off keeps its queue, owes nothing to be sent, and stays in sight', async (t) => {
  const desk = await openDesk(t);
  await desk.outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);

  await desk.outbox.adopt([{ ...A, enabled: false }]);
  const [off, ...others] = await desk.routes();
  const owed = await desk.outbox.owedCount();
  await desk.outbox.adopt([A]);
  const [on] = await desk.routes();

  assert.deepEqual([off?.name, off?.enabled, off?.queued], [A.name, false, 3]);
  assert.equal(others.length, 0);
  assert.equal(owed, 0);
  assert.deepEqual([on?.enabled, on?.retired, on?.queued], [true, false, 3]);
});
