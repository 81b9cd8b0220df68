/** What every route has, looked up beside a running daemon: right, and not too often. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { DeadLetters } from '../../../src/state/beside/dead-letters.ts';
import { Drops } from '../../../src/state/beside/drops.ts';
import { StockReader } from '../../../src/state/beside/stock.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  A,
  allTo,
  B,
  dead,
  eventsOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function noDrops(): Drops {
  return new Drops((route) => assert.fail(`nobody dropped anything of ${route}`));
}

async function opened(t: TestContext) {
  const folder = tempFolder(t);
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  const reader = new StockReader(folder, clock, noDrops());
  t.after(async () => {
    reader.close();
    await outbox.close();
  });
  await outbox.adopt([A, B]);
  const stock = () =>
    reader.read().map(({ route, queued, oldestReadAt, dead }) => ({
      name: route.name,
      queued,
      waitsMs: oldestReadAt === undefined ? undefined : clock.now() - oldestReadAt,
      dead,
    }));
  return { folder, clock, outbox, reader, stock };
}

test('says what waits for each route, since when, and what is dead', async (t) => {
  const { clock, outbox, stock } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 2)), allTo(A), never);
  await clock.advance(60_000);
  await outbox.commit(pageOf(eventsOf(2, 3)), allTo(A, B), never);
  const [first] = await takeDue(outbox, B, clock.now(), 1);
  if (first !== undefined) await recordAll(outbox, clock, B, [[first, dead(clock)]]);

  assert.deepEqual(stock().slice(0, 2), [
    { name: A.name, queued: 5, waitsMs: 60_100, dead: 0 },
    { name: B.name, queued: 2, waitsMs: 100, dead: 1 },
  ]);
});

test('what is read is kept for some seconds, and forgotten when asked to', async (t) => {
  const { clock, outbox, reader, stock } = await opened(t);
  const queued = () => stock()[0]?.queued;
  assert.equal(queued(), 0);

  await outbox.commit(pageOf(eventsOf(0, 2)), allTo(A), never);
  const kept = queued();
  await clock.advance(5_000);
  const fresh = queued();
  await outbox.commit(pageOf(eventsOf(2, 1)), allTo(A), never);
  reader.forget();

  assert.deepEqual([kept, fresh, queued()], [0, 2, 3]);
});

test('what a person asked for again does not count as waiting since it was read', async (t) => {
  const { folder, clock, outbox, stock } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 1)), allTo(A), never);
  const [delivery] = await takeDue(outbox, A, clock.now());
  if (delivery !== undefined) await recordAll(outbox, clock, A, [[delivery, dead(clock)]]);
  await clock.advance(3_600_000);
  const beside = new Beside(folder, { readOnly: false });
  const letters = new DeadLetters(beside);
  t.after(() => beside.close());
  await letters.replay(letters.list(), { now: clock.now(), rest: async () => undefined });

  assert.deepEqual(stock()[0], { name: A.name, queued: 1, waitsMs: undefined, dead: 0 });
});

test('a look that takes long is kept a thousand times as long', async (t) => {
  const { folder, clock } = await opened(t);
  const slow = Object.create(clock, {
    monotonic: { value: () => ticks.shift() ?? assert.fail('looked at the time too often') },
  });
  // Asked at 0, read by 100 ms; kept until 100,100 ms: the second is not read, the third is.
  const ticks = [0, 100, 100_099, 100_100, 100_101];
  const reader = new StockReader(folder, slow, noDrops());
  t.after(() => reader.close());

  const [first, second, third] = [reader.read(), reader.read(), reader.read()];

  assert.equal(second, first);
  assert.notEqual(third, first);
});
