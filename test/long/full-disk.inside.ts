/** Run by full-disk.test.ts: one of these tests at a time, with the folder of a tmpfs of 8 MB as its argument. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StateError } from '../../src/errors.ts';
import { isDiskFull } from '../../src/state/database/sqlite.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { keptLog } from '../support/log-lines.ts';
import {
  A,
  allTo,
  cursorAt,
  delivered,
  eventsOf,
  idsOf,
  laneOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';

const [disk = ''] = process.argv.slice(2);
const FILLER = 'x'.repeat(2_000);
const FULL = 'disk full, what cannot be recorded is not read or sent';
const ROOM = 'state can be written again';

async function opened(t: TestContext) {
  const folder = mkdtempSync(join(disk, 'state-'));
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const open = () => SqliteOutbox.open({ folder, clock, log, pid: process.pid });
  const outbox = open();
  t.after(async () => {
    makeRoom();
    await outbox.close();
    rmSync(folder, { recursive: true });
  });
  await outbox.adopt([A]);
  const said = () => lines.map((line) => line.msg).filter((msg) => msg === FULL || msg === ROOM);
  return { folder, clock, outbox, open, said, lines };
}

/** Leaves `free` bytes. */
function fillDisk(free = 0): void {
  mkdirSync(join(disk, 'filler'), { recursive: true });
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'filler', 'large'), Buffer.alloc(Math.max(0, bavail * bsize - free)));
}

function makeRoom(): void {
  rmSync(join(disk, 'filler'), { recursive: true, force: true });
}

function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), settle().then(() => false)]);
}

test('a page waits while the disk is full, nothing is sent, and it goes on by itself', async (t) => {
  const { clock, outbox, said } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 10), cursorAt(1, 1)), allTo(A), never);
  fillDisk();

  const page = outbox.commit(pageOf(eventsOf(100, 500, FILLER), cursorAt(2, 2)), allTo(A), never);
  const next = outbox.due(laneOf(A), never)[Symbol.asyncIterator]().next();
  await clock.advance(300_000);

  assert.equal(await isSettled(page), false);
  assert.equal(await isSettled(next), false);
  assert.deepEqual(await outbox.cursor(), cursorAt(1, 1));
  assert.deepEqual(said(), [FULL]);

  makeRoom();
  await clock.advance(30_000);

  assert.equal((await page)?.owed.length, 500);
  assert.equal((await next).value.seq, 1);
  assert.deepEqual(await outbox.cursor(), cursorAt(2, 2));
  assert.deepEqual(said(), [FULL, ROOM]);
});

test('outcomes are kept while the disk is full, nothing more is sent, and nothing is lost', async (t) => {
  const { clock, outbox, open, said } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 300)), allTo(A), never);
  const taken = await takeDue(outbox, A, clock.now(), 200);
  fillDisk();

  const recorded = Promise.all(
    taken.map((delivery) => outbox.record(A, delivery, delivered(clock))),
  );
  await clock.advance(10);
  const next = outbox.due(laneOf(A), never)[Symbol.asyncIterator]().next();
  const page = outbox.commit(pageOf(eventsOf(1_000, 300)), allTo(A), never);
  await clock.advance(200_000);

  assert.equal(await isSettled(recorded), false);
  assert.equal(await isSettled(next), false);
  assert.deepEqual(said(), [FULL]);

  makeRoom();
  await clock.advance(60_000);
  await Promise.all([recorded, page]);

  assert.deepEqual(said(), [FULL, ROOM]);
  assert.equal((await next).value.event.id, eventsOf(200, 1)[0]!.id);
  await outbox.close();
  const again = open();
  await again.adopt([A]);
  assert.deepEqual(
    idsOf(await takeDue(again, A, clock.now())),
    [...eventsOf(200, 100), ...eventsOf(1_000, 300)].map(({ id }) => id),
  );
  await again.close();
});

test('while only a large page does not fit, sending goes on, and it is said once', async (t) => {
  const { clock, outbox: first, open, said } = await opened(t);
  await first.commit(pageOf(eventsOf(0, 100)), allTo(A), never);
  await first.close();
  const outbox = open();
  t.after(() => outbox.close());
  await outbox.adopt([A]);
  fillDisk(1_000_000);

  const page = outbox.commit(pageOf(eventsOf(1_000, 1_000, FILLER)), allTo(A), never);
  assert.equal(await isSettled(page), false);
  await clock.advance(1_500);
  for (const delivery of await takeDue(outbox, A, clock.now())) {
    await recordAll(outbox, clock, A, [[delivery, delivered(clock)]]);
  }
  await clock.advance(300_000);

  assert.equal(await outbox.owedCount(), 0);
  assert.equal(await isSettled(page), false);
  assert.deepEqual(said(), [FULL]);

  makeRoom();
  await clock.advance(30_000);
  assert.equal((await page)?.owed.length, 1_000);
  assert.deepEqual(said(), [FULL, ROOM]);
});

test('a stop ends the wait for room; what cannot be recorded is counted and may be sent again', async (t) => {
  const { clock, outbox, open, lines } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 20)), allTo(A), never);
  const taken = await takeDue(outbox, A, clock.now(), 3);
  fillDisk();
  const stop = new AbortController();
  const page = outbox.commit(pageOf(eventsOf(100, 500, FILLER)), allTo(A), stop.signal);
  const recorded = taken.map((delivery) => outbox.record(A, delivery, delivered(clock)));

  stop.abort();
  const taken2 = await page;
  await outbox.close();
  await Promise.all(recorded);

  assert.equal(taken2, undefined);
  const last = lines.find((line) => line.msg.startsWith('outcomes could not be recorded'));
  assert.equal(last?.deliveries, 3);
  makeRoom();
  const again = open();
  await again.adopt([A]);
  assert.equal(await again.owedCount(), 20);
  await again.close();
});

test('what is kept for replays gives way on a small disk, and nothing waits for it', async (t) => {
  const { clock, outbox, said } = await opened(t);

  // 40 MB of events go through 8 MB.
  for (let page = 0; page < 40; page += 1) {
    const events = eventsOf(page * 500, 500, FILLER);
    const committed = outbox.commit(pageOf(events), allTo(A), never);
    assert.equal(await isSettled(committed), true, `page ${page} waits`);
    for (const delivery of await takeDue(outbox, A, clock.now())) {
      void outbox.record(A, delivery, delivered(clock));
    }
    await clock.advance(100);
    assert.equal(await outbox.owedCount(), 0);
  }

  assert.deepEqual(said(), []);
});

test('on a disk that is full from the start, opening says what to do', () => {
  fillDisk();

  const open = () =>
    SqliteOutbox.open({
      folder: join(disk, 'new'),
      clock: new FakeClock(),
      log: keptLog().log,
      pid: 1,
    });

  assert.throws(
    open,
    (error) => error instanceof StateError && /[Ff]ree some space/.test(error.hint ?? ''),
  );
  makeRoom();
});

test('however little room there is, an opening that lacks it is told from other faults', async () => {
  const folder = join(disk, 'old');
  const open = () =>
    SqliteOutbox.open({ folder, clock: new FakeClock(), log: keptLog().log, pid: 1 });
  // By another process: this one would keep the file of the log's shared memory.
  const sample = fileURLToPath(new URL('../support/sample-state.js', import.meta.url));
  execFileSync(process.execPath, [sample, folder]);
  let refused = 0;

  for (let free = 0; free < 300_000; free += 8_192) {
    fillDisk(free);
    try {
      await open().close();
    } catch (error) {
      assert.ok(error instanceof StateError && isDiskFull(error.cause), `${free}: ${error}`);
      refused += 1;
    }
    makeRoom();
  }

  assert.ok(refused > 0);
});
