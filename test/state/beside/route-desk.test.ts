/** Pausing, dropping and moving what a route is owed, beside a daemon's outbox. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Beside, type Turn } from '../../../src/state/beside/beside.ts';
import { allRoutes, type NamedRoute } from '../../../src/state/beside/named-routes.ts';
import { ReplayDesk } from '../../../src/state/beside/replay-desk.ts';
import { RouteDesk } from '../../../src/state/beside/route-desk.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import type { RouteRef } from '../../../src/state/outbox.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  dead,
  delivered,
  eventOf,
  eventsOf,
  idsOf,
  never,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';

/** A daemon's outbox whose events `count` are owed to A, and a second connection beside it. */
async function withQueue(t: TestContext, count: number, routes: readonly RouteRef[] = [A, B]) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt(routes);
  await outbox.commit(pageOf(eventsOf(1, count)), allTo(routes[0]!), never);
  const beside = new Beside(folder, { readOnly: false });
  t.after(() => beside.close());
  const turn: Turn = { now: clock.now(), rest: () => Promise.resolve() };
  const named = ({ name }: RouteRef): NamedRoute =>
    allRoutes(beside).find((route) => route.name === name)!;
  const value = (sql: string) => {
    const database = openDatabase(join(folder, 'state.db'), { readOnly: true });
    const [first] = Object.values(database.prepare(sql).get() ?? {});
    database.close();
    return first;
  };
  return { clock, outbox, beside, turn, named, value, desk: new RouteDesk(beside) };
}

test('what is dropped beside a daemon is not sent once it has looked', async (t) => {
  const { desk, outbox, clock, turn, named } = await withQueue(t, 5);
  const [one] = await takeDue(outbox, A, clock.now(), 1);
  outbox.release(A, one!);

  await desk.dropQueue(named(A), turn);
  await outbox.tidy();

  assert.deepEqual(await takeDue(outbox, A, clock.now()), []);
});

test('a paused route is one that the daemon is told of, until it is resumed', async (t) => {
  const { desk, outbox, clock, named } = await withQueue(t, 1);
  await outbox.tidy();

  desk.pause(named(A), clock.now());
  const changed = await outbox.tidy();
  const paused = (await outbox.wishes()).find(({ key }) => key === A.key);
  desk.resume(named(A), clock.now() + 5);
  const resumed = (await outbox.wishes()).find(({ key }) => key === A.key);

  assert.equal(changed, true);
  assert.equal(paused?.paused, true);
  assert.deepEqual([resumed?.paused, resumed?.resumedAt], [false, clock.now() + 5]);
});

test('a held route that is resumed while no daemon runs is tried when one starts', async (t) => {
  const { desk, outbox, clock, named } = await withQueue(t, 1);
  await outbox.saveRouteState(A.key, { kind: 'held', why: '410 Gone', since: clock.now() });

  desk.resume(named(A), clock.now());

  const state = await outbox.routeState(A.key);
  assert.deepEqual(state, {
    kind: 'held',
    why: '410 Gone',
    since: clock.now(),
    until: clock.now(),
  });
});

test('a dropped queue becomes ledger lines, and its bytes are needed no more', async (t) => {
  const { desk, outbox, clock, turn, named, value } = await withQueue(t, 1_100);
  const due = await takeDue(outbox, A, clock.now(), 2);
  await recordAll(outbox, clock, A, [
    [due[0]!, dead(clock)],
    [due[1]!, postponed(clock, 60_000)],
  ]);

  const dropped = await desk.dropQueue(named(A), turn);

  assert.equal(dropped, 1_099);
  assert.deepEqual(desk.stock(named(A)), { queued: 0, dead: 1 });
  assert.equal(value("SELECT count(*) FROM ledger WHERE result = 'dropped'"), 1_099);
  assert.equal(value('SELECT sum(refs) FROM bundle_refs'), 1);
});

test('what was out when its queue was dropped is over, and later events flow', async (t) => {
  const ordered: RouteRef = { ...A, order: { by: 'strict', laneOf: () => 'all' } };
  const { desk, outbox, clock, turn, named } = await withQueue(t, 3, [ordered, B]);
  const [out] = await takeDue(outbox, A, clock.now());

  await desk.dropQueue(named(A), turn);
  await recordAll(outbox, clock, A, [[out!, delivered(clock)]]);
  await outbox.tidy();
  await outbox.commit(pageOf(eventsOf(10, 1)), allTo(ordered), never);
  const due = await takeDue(outbox, A, clock.now());

  assert.deepEqual(idsOf(due), [eventOf(10).id]);
});

test('what is owed moves to another route once, and its dead letters with it', async (t) => {
  const { desk, outbox, clock, turn, named, value } = await withQueue(t, 1_100);
  const due = await takeDue(outbox, A, clock.now(), 3);
  await recordAll(outbox, clock, A, [
    [due[0]!, dead(clock)],
    [due[1]!, postponed(clock, 60_000)],
    [due[2]!, dead(clock)],
  ]);
  await outbox.adopt([B]);
  const bodiesBefore = value('SELECT sum(refs) FROM bundle_refs');

  const plan = desk.movePlan(named(A), named(B));
  const moved = await desk.move(named(A), named(B), turn);
  await outbox.tidy();
  const now = await takeDue(outbox, B, clock.now());

  assert.deepEqual(plan, { queued: 1_098, dead: 2, known: 0 });
  assert.deepEqual(moved, { moved: 1_100, dropped: 0 });
  assert.deepEqual(desk.stock(named(A)), { queued: 0, dead: 0 });
  assert.equal(desk.stock(named(B)).dead, 2);
  assert.equal(now.length, 1_098);
  assert.deepEqual([now[0]!.tries, now[0]!.event.raw], [0, eventOf(2).raw]);
  assert.equal(value('SELECT sum(refs) FROM bundle_refs'), bodiesBefore);
});

test('what the other route had already is dropped, not sent twice', async (t) => {
  const { desk, outbox, clock, turn, named, value } = await withQueue(t, 2);
  // Of these B is owed one, was delivered one, and gave one up.
  await outbox.commit(pageOf(eventsOf(10, 4)), allTo(A, B), never);
  const due = await takeDue(outbox, B, clock.now());
  await recordAll(outbox, clock, B, [
    [due[0]!, delivered(clock)],
    [due[1]!, dead(clock)],
    [due[2]!, postponed(clock, 60_000)],
  ]);
  await outbox.adopt([B]);

  const plan = desk.movePlan(named(A), named(B));
  const moved = await desk.move(named(A), named(B), turn);

  assert.deepEqual(plan, { queued: 6, dead: 0, known: 4 });
  assert.deepEqual(moved, { moved: 2, dropped: 4 });
  assert.deepEqual(desk.stock(named(B)), { queued: 4, dead: 1 });
  assert.equal(value("SELECT count(*) FROM ledger WHERE result = 'dropped'"), 4);
});

test('what moves to a route with an order keeps it', async (t) => {
  const ordered: RouteRef = { ...B, order: { by: 'strict', laneOf: () => 'all' } };
  const { desk, outbox, clock, turn, named } = await withQueue(t, 3, [A, ordered]);
  await outbox.commit(pageOf(eventsOf(10, 1)), allTo(ordered), never);
  await outbox.adopt([ordered]);

  await desk.move(named(A), named(ordered), turn);
  await outbox.tidy();
  const sent: string[] = [];
  for (let n = 0; n < 4; n += 1) {
    const [next, ...others] = await takeDue(outbox, ordered, clock.now());
    assert.deepEqual(others, [], 'no two are out at once');
    await recordAll(outbox, clock, ordered, [[next!, delivered(clock)]]);
    sent.push(next!.event.id);
  }

  // The one that had its turn when they came goes first.
  assert.deepEqual(
    sent,
    [10, 1, 2, 3].map((n) => eventOf(n).id),
  );
});

test('dead letters are planned and owed again, and not twice', async (t) => {
  const { outbox, beside, clock, turn, named } = await withQueue(t, 1_100);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(
    outbox,
    clock,
    A,
    due.map((delivery) => [delivery, dead(clock)]),
  );
  const desk = new ReplayDesk(beside);
  const wish = { kind: 'dead', route: named(A), since: 0 } as const;

  const plan = desk.plan(wish, '2026-11-21T08:00:00.000Z');
  const came = await desk.replay(wish, turn);
  const after = desk.plan(wish, '');
  const again = await desk.replay(wish, turn);
  await outbox.tidy();
  const replayed = await takeDue(outbox, A, clock.now());

  assert.deepEqual([plan.wanted, plan.bytesGone, plan.tooOld], [1_100, 0, 1_100]);
  assert.equal(plan.oldest, '2026-11-21T07:59:00.000Z');
  assert.deepEqual([...came], [['replayed', 1_100]]);
  assert.deepEqual([after.wanted, after.alreadyOwed], [0, 1_100]);
  assert.deepEqual([...again], []);
  assert.equal(replayed.length, 1_100);
  assert.equal(replayed[0]!.replay, true);
});

test('only those that died since then are planned', async (t) => {
  const { outbox, beside, clock, named } = await withQueue(t, 2);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(outbox, clock, A, [[due[0]!, dead(clock)]]);
  await clock.advance(60_000);
  await recordAll(outbox, clock, A, [[due[1]!, dead(clock)]]);
  const desk = new ReplayDesk(beside);

  const plan = desk.plan({ kind: 'dead', route: named(A), since: clock.now() - 30_000 }, '');

  assert.equal(plan.wanted, 1);
});

test('the pace of a plan is that of the last deliveries', async (t) => {
  const { outbox, beside, clock, named } = await withQueue(t, 3);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(outbox, clock, A, [
    [due[0]!, { kind: 'delivered', at: clock.now(), status: 200, ms: 10 }],
    [due[1]!, { kind: 'delivered', at: clock.now(), status: 200, ms: 30 }],
    [due[2]!, dead(clock)],
  ]);

  const plan = new ReplayDesk(beside).plan({ kind: 'dead', route: named(A), since: 0 }, '');

  assert.deepEqual(plan.lately, { ms: 20, deliveries: 2 });
});

test('what a route took is owed again while its bytes are kept, once, and newer ones are left', async (t) => {
  const { outbox, beside, clock, turn, named } = await withQueue(t, 1_100);
  const takeAll = async () => {
    const due = await takeDue(outbox, A, clock.now());
    const settled = due.map((delivery) => [delivery, delivered(clock)] as const);
    await recordAll(outbox, clock, A, settled);
    return due.length;
  };
  const wish = {
    kind: 'sent',
    route: named(A),
    since: clock.now() - 1_000,
    until: clock.now() + 1_000,
  } as const;
  await takeAll();
  await clock.advance(5_000);
  await outbox.commit(pageOf(eventsOf(5_000, 1)), allTo(A), never);
  await takeAll();
  const desk = new ReplayDesk(beside);

  const plan = desk.plan(wish, '');
  const came = await desk.replay(wish, { ...turn, now: clock.now() });
  const after = desk.plan(wish, '');
  await outbox.tidy();
  const sentAgain = await takeAll();
  const again = await desk.replay(wish, { ...turn, now: clock.now() });

  assert.deepEqual([plan.wanted, plan.bytesGone], [1_100, 0]);
  assert.deepEqual([...came], [['replayed', 1_100]]);
  assert.deepEqual([after.wanted, after.alreadyOwed], [0, 1_100]);
  assert.equal(sentAgain, 1_100);
  // What was sent again meanwhile was so after `until`.
  assert.deepEqual([...again], []);
});

test('what has no bytes any more is planned as such, and stays delivered', async (t) => {
  const { outbox, beside, clock, turn, named, value } = await withQueue(t, 3);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(
    outbox,
    clock,
    A,
    due.map((delivery) => [delivery, delivered(clock)]),
  );
  beside.write(() => {
    beside.sql('DELETE FROM bundles').run();
    beside.sql('DELETE FROM bundle_refs').run();
  });
  const wish = { kind: 'sent', route: named(A), since: 0, until: clock.now() + 1 } as const;
  const desk = new ReplayDesk(beside);

  const plan = desk.plan(wish, '');
  const came = await desk.replay(wish, turn);

  assert.deepEqual([plan.wanted, plan.bytesGone], [3, 3]);
  assert.deepEqual([...came], [['gone', 3]]);
  assert.equal(value("SELECT count(*) FROM ledger WHERE result = 'delivered'"), 3);
});

test('what comes while a queue is dropped is kept, and gets its turn', async (t) => {
  const ordered: RouteRef = { ...A, order: { by: 'strict', laneOf: () => 'all' } };
  const { desk, outbox, clock, turn, named } = await withQueue(t, 1_100, [ordered, B]);
  const [out] = await takeDue(outbox, A, clock.now());
  let rests = 0;
  const rest = async () => {
    rests += 1;
    await outbox.commit(pageOf(eventsOf(2_000 + rests, 1)), allTo(ordered), never);
  };

  const dropped = await desk.dropQueue(named(A), { ...turn, rest });
  await recordAll(outbox, clock, A, [[out!, delivered(clock)]]);
  await outbox.tidy();
  const due = await takeDue(outbox, A, clock.now());

  assert.equal(dropped, 1_100);
  assert.deepEqual(idsOf(due), [eventOf(2_001).id]);
  assert.equal(desk.stock(named(A)).queued, rests);
});
