/** What people dropped, as it is told to who counts: once, and nothing of what was dropped before. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Beside } from '../../../src/state/beside/beside.ts';
import { DeadLetters } from '../../../src/state/beside/dead-letters.ts';
import { DROPPED, Drops } from '../../../src/state/beside/drops.ts';
import { type NamedRoute, namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { ReplayDesk } from '../../../src/state/beside/replay-desk.ts';
import { RouteDesk } from '../../../src/state/beside/route-desk.ts';
import { StockReader } from '../../../src/state/beside/stock.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { openOutbox } from '../../support/open-outbox.ts';
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

/** `count` dead letters of A, and two processes: one that looks, and a person's. */
async function opened(t: TestContext, count: number) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf(eventsOf(0, count)), allTo(A), never);
  const taken = await takeDue(outbox, A, clock.now());
  const settled = taken.map((delivery) => [delivery, dead(clock)] as const);
  await recordAll(outbox, clock, A, settled);

  const told: [route: string, count: number][] = [];
  const drops = new Drops((...one) => told.push(one));
  const reader = new StockReader(folder, clock, drops);
  const beside = new Beside(folder, { readOnly: false });
  const letters = new DeadLetters(beside);
  t.after(() => {
    for (const one of [reader, beside]) one.close();
  });
  /** What the next look tells. */
  const look = async () => {
    await clock.advance(5_000);
    reader.read();
    return told.splice(0);
  };
  const turn = () => ({ now: clock.now(), rest: async () => undefined });
  const drop = (most: number) => letters.drop([...letters.list()].slice(0, most), turn());
  const named = (name: string): NamedRoute =>
    namedRoutes(beside).find((route) => route.name === name) ?? assert.fail(name);
  return { folder, clock, outbox, drops, told, reader, letters, beside, look, turn, drop, named };
}

test('what people drop is told once, and nothing of what they dropped before', async (t) => {
  const { reader, drop, look } = await opened(t, 5);
  await drop(1);
  reader.begin();
  const before = await look();

  await drop(2);

  assert.deepEqual([before, await look(), await look()], [[], [[A.name, 2]], []]);
});

test('a queue that people drop is told by its route', async (t) => {
  const { outbox, reader, beside, look, turn, named } = await opened(t, 1);
  reader.begin();
  await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A, B), never);

  await new RouteDesk(beside).dropQueue(named(B.name), turn());

  assert.deepEqual(await look(), [[B.name, 3]]);
});

test('what was dropped, asked for again and dropped once more is told twice', async (t) => {
  const { reader, letters, beside, drop, look, turn, named } = await opened(t, 2);
  reader.begin();
  const [one] = letters.list();
  assert.ok(one);
  await drop(2);
  const first = await look();

  const wish = { kind: 'event', route: named(A.name), seq: one.seq } as const;
  await new ReplayDesk(beside).replay(wish, turn());
  const meanwhile = await look();
  await new RouteDesk(beside).dropQueue(named(A.name), turn());

  assert.deepEqual([first, meanwhile, await look()], [[[A.name, 2]], [], [[A.name, 1]]]);
});

test('what is dropped under a clock that was set back is told', async (t) => {
  const { clock, reader, drop, look } = await opened(t, 2);
  reader.begin();
  await drop(1);
  await look();

  await clock.jump(-3_600_000);
  await drop(1);

  assert.deepEqual(await look(), [[A.name, 1]]);
});

test('what is dropped while a session is opened again is told by the next', async (t) => {
  const { folder, clock, drops, told, reader, drop } = await opened(t, 1);
  reader.begin();
  reader.close();
  await drop(1);

  const next = new StockReader(folder, clock, drops);
  t.after(() => next.close());
  next.begin();

  assert.deepEqual(told, [[A.name, 1]]);
});

test('a ledger of whatever size is not read through to find what was dropped', async (t) => {
  const { folder } = await opened(t, 1);
  const database = openDatabase(`${folder}/state.db`, { readOnly: true });
  t.after(() => database.close());

  const plan = database.prepare(`EXPLAIN QUERY PLAN ${DROPPED}`).all();

  assert.match(JSON.stringify(plan), /COVERING INDEX ledger_dropped/);
});
