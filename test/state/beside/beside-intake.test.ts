/** What a backfill writes beside the daemon: what is owed, where its bytes lie, and what the daemon makes of it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogEvent } from '../../../src/event.ts';
import { silentLog } from '../../../src/log.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { BesideIntake } from '../../../src/state/beside/beside-intake.ts';
import { openStateBeside } from '../../../src/state/database/schema.ts';
import type { Database } from '../../../src/state/database/sqlite.ts';
import type { RouteRef } from '../../../src/state/outbox.ts';
import { History } from '../../../src/state/pruning/history.ts';
import { Pruning } from '../../../src/state/pruning/pruning.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  C,
  dead,
  delivered,
  eventOf,
  eventsOf,
  idsOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';

/** A connection whose first answer to `question` is followed by what another process does. */
function interrupted(database: Database, question: RegExp, meanwhile: () => void): Database {
  let isDone = false;
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => statement.run(...values),
        get: (...values) => statement.get(...values),
        all: (...values) => {
          const rows = statement.all(...values);
          if (!isDone && question.test(sql)) {
            isDone = true;
            meanwhile();
          }
          return rows;
        },
      };
    },
  };
}

const DAY_MS = 86_400_000;
/** Their rows. */
const [ROUTE_A, ROUTE_B, ROUTE_C] = [1, 2, 3];

async function opened(t: TestContext) {
  const { folder, clock, outbox } = openOutbox(t);
  const ref = (route: RouteRef) => ({ ...route, patterns: ['.*'] });
  await outbox.adopt([A, B, C].map(ref), { query: '', since: clock.now() });
  const beside = new Beside(folder, { readOnly: false });
  t.after(() => beside.close());
  const intake = new BesideIntake(beside.database);
  return {
    folder,
    clock,
    outbox,
    rows: (sql: string) =>
      beside
        .sql(sql)
        .all()
        .map((row) => ({ ...row })),
    write: (sql: string) => beside.database.exec(sql),
    owe: (events: readonly LogEvent[], route: number) =>
      beside.write(() => {
        const lacking = intake.look(events.map((event) => ({ event, routes: [route] })));
        intake.owe(lacking, { now: clock.now(), config: 1 });
      }),
    /** Owes `events` to the routes of these rows, and lets the daemon see it. */
    backfill: async (events: readonly LogEvent[], ...routes: readonly number[]) => {
      let owed = 0;
      beside.write(() => {
        const lacking = intake.look(events.map((event) => ({ event, routes })));
        intake.owe(lacking, { now: clock.now(), config: 1 });
        owed = lacking.reduce((sum, one) => sum + one.routes.length, 0);
      });
      await outbox.tidy();
      return owed;
    },
    tail: (events: readonly LogEvent[], ...routes: RouteRef[]) =>
      outbox.commit(pageOf(events), allTo(...routes), never),
    /** Sends all that is due to `route`; returns what it was sent. */
    deliver: async (route: RouteRef) => {
      const sent = [];
      for (;;) {
        await outbox.tidy();
        const due = await takeDue(outbox, route, clock.now());
        if (due.length === 0) return sent;
        await recordAll(
          outbox,
          clock,
          route,
          due.map((one) => [one, delivered(clock)]),
        );
        sent.push(...due);
      }
    },
  };
}

test('an event that is new is taken in with its source and its version, and owed as a replay', async (t) => {
  const { rows, backfill, deliver } = await opened(t);

  const owed = await backfill(eventsOf(1, 3), ROUTE_A, ROUTE_B);
  const sent = await deliver(A);

  assert.equal(owed, 6);
  assert.deepEqual(rows('SELECT DISTINCT source, config FROM events'), [{ source: 1, config: 1 }]);
  assert.deepEqual(
    idsOf(sent),
    eventsOf(1, 3).map(({ id }) => id),
  );
  assert.deepEqual(
    sent.map(({ replay, event }) => [replay, `${event.raw}`]),
    eventsOf(1, 3).map(({ raw }) => [true, `${raw}`]),
  );
  assert.equal((await deliver(B)).length, 3);
  assert.deepEqual(rows('SELECT DISTINCT refs FROM bundle_refs'), [{ refs: 0 }]);
  assert.deepEqual(rows('SELECT * FROM replays'), []);
});

test('what was delivered, is dead or is owed is not owed again', async (t) => {
  const { clock, outbox, tail, backfill, rows } = await opened(t);
  await tail(eventsOf(1, 3), A);
  const [first, second] = await takeDue(outbox, A, clock.now(), 2);
  await recordAll(outbox, clock, A, [
    [first!, delivered(clock)],
    [second!, dead(clock)],
  ]);

  assert.equal(await backfill(eventsOf(1, 3), ROUTE_A), 0);
  assert.equal(rows('SELECT * FROM owed').length, 1);
  assert.equal(await backfill(eventsOf(1, 4), ROUTE_A), 1);
  assert.equal(await backfill(eventsOf(1, 4), ROUTE_A), 0);
});

test('what a person moved elsewhere is not owed again where it came from', async (t) => {
  const { tail, backfill, write } = await opened(t);
  await tail(eventsOf(1, 2), A);
  write(`DELETE FROM owed; INSERT INTO moves (seq, route, to_route) VALUES (1, ${ROUTE_A}, 9)`);

  assert.equal(await backfill(eventsOf(1, 2), ROUTE_A), 1);
});

test('an event that nobody wanted when it was read gets its bytes and is sent', async (t) => {
  const { tail, backfill, deliver, rows } = await opened(t);
  await tail(eventsOf(1, 3));

  assert.equal(await backfill(eventsOf(1, 3), ROUTE_A), 3);
  const sent = await deliver(A);

  assert.deepEqual(
    sent.map(({ seq, event }) => [seq, `${event.raw}`]),
    eventsOf(1, 3).map(({ raw }, index) => [index + 1, `${raw}`]),
  );
  assert.deepEqual(rows('SELECT DISTINCT source FROM events'), [{ source: 0 }]);
  assert.deepEqual(rows('SELECT DISTINCT refs FROM bundle_refs'), [{ refs: 0 }]);
});

test('an event of another route keeps its bytes for both', async (t) => {
  const { tail, backfill, deliver, rows } = await opened(t);
  await tail(eventsOf(1, 2), A);

  await backfill(eventsOf(1, 2), ROUTE_A, ROUTE_B);

  assert.deepEqual(rows('SELECT refs FROM bundle_refs'), [{ refs: 4 }]);
  assert.equal((await deliver(B)).length, 2);
  assert.deepEqual(rows('SELECT refs FROM bundle_refs'), [{ refs: 2 }]);
  assert.equal((await deliver(A)).length, 2);
  assert.deepEqual(rows('SELECT refs FROM bundle_refs'), [{ refs: 0 }]);
});

test('bytes that were forgotten are kept anew, and no other event is taken for them', async (t) => {
  const { clock, outbox, tail, backfill, deliver, rows, write } = await opened(t);
  await tail(eventsOf(1, 3), A);
  await deliver(A);
  write('DELETE FROM bundles; DELETE FROM bundle_refs');

  await backfill([eventOf(1)], ROUTE_B);
  const before = rows('SELECT seq, bundle FROM events');
  await backfill([eventOf(3), eventOf(2)], ROUTE_B);
  await clock.advance(DAY_MS);
  await outbox.tidy();
  const sent = await deliver(B);

  assert.deepEqual(before, [
    { seq: 1, bundle: 1 },
    { seq: 2, bundle: null },
    { seq: 3, bundle: null },
  ]);
  assert.deepEqual(
    sent.map(({ event }) => [event.id, `${event.raw}`]).sort(),
    eventsOf(1, 3).map(({ id, raw }) => [id, `${raw}`]),
  );
});

test('an event that stands in a page twice is owed once', async (t) => {
  const { backfill, deliver, rows } = await opened(t);

  await backfill([eventOf(1), eventOf(1), eventOf(2)], ROUTE_A);

  assert.deepEqual(idsOf(await deliver(A)), ['event-000001', 'event-000002']);
  assert.deepEqual(rows('SELECT * FROM owed'), []);
});

test('live events go first, and four for each one of a backfill', async (t) => {
  const { clock, outbox, tail, backfill } = await opened(t);
  await backfill(eventsOf(1, 10), ROUTE_A);
  await tail(eventsOf(101, 8), A);

  const due = await takeDue(outbox, A, clock.now());

  assert.deepEqual(
    due
      .slice(0, 10)
      .map(({ replay }) => (replay ? 'b' : 'l'))
      .join(''),
    'llllbllllb',
  );
  assert.equal(due.length, 18);
});

test('a route with an order gets each lane in the order of the log', async (t) => {
  const { clock, outbox, backfill, deliver } = await opened(t);

  await backfill(eventsOf(1, 600), ROUTE_C);
  const first = await takeDue(outbox, C, clock.now());
  for (const delivery of first) outbox.release(C, delivery);
  const ids = idsOf(await deliver(C)).map((id) => Number(id.slice(-6)));

  assert.deepEqual(idsOf(first), ['event-000001', 'event-000002']);
  assert.equal(ids.length, 600);
  for (const lane of [0, 1]) {
    const inLane = ids.filter((n) => n % 2 === lane);
    assert.deepEqual(
      inLane,
      inLane.toSorted((one, other) => one - other),
    );
  }
});

test('the tail owes a late event, which a backfill was first with, to the routes that lack it', async (t) => {
  const { tail, backfill, deliver, rows } = await opened(t);
  await tail(eventsOf(1, 3), A, B, C);
  await backfill(eventsOf(10, 2), ROUTE_A);
  await deliver(B);

  await tail(eventsOf(10, 2), A, B, C);
  await tail(eventsOf(10, 2), A, B, C);

  assert.deepEqual(rows('SELECT DISTINCT source FROM events'), [{ source: 0 }]);
  assert.deepEqual(
    (await deliver(B)).map(({ event, replay }) => [event.id, replay]),
    [
      ['event-000010', false],
      ['event-000011', false],
    ],
  );
  assert.equal((await deliver(C)).length, 5);
  assert.equal((await deliver(A)).length, 5);
  assert.deepEqual(rows('SELECT DISTINCT refs FROM bundle_refs'), [{ refs: 0 }]);
});

test('an event that is owed just as it was to be forgotten is kept', async (t) => {
  const { folder, clock, tail, write, owe, deliver } = await opened(t);
  await tail([eventOf(1)]);
  write(`INSERT INTO events (seq, id, read_at) VALUES (20000, 'newest', ${clock.now()})`);
  await clock.advance(2 * DAY_MS);
  const own = openStateBeside(join(folder, 'state.db'), { readOnly: false });
  t.after(() => own.close());
  const database = interrupted(own, /AS needed/, () => owe([eventOf(1)], ROUTE_A));
  const history = new History({ database, clock, freeBytes: () => Number.POSITIVE_INFINITY });

  new Pruning({ database, clock, log: silentLog(), history }).step();

  assert.deepEqual(idsOf(await deliver(A)), ['event-000001']);
});
