/** What is forgotten, and how far an audit can look back after it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase, type Row } from '../../../src/state/database/sqlite.ts';
import type { RouteRef } from '../../../src/state/outbox.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  cursorAt,
  delivered,
  eventsOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of all events of `eventsOf`. */
const PUBLISHED = Date.parse('2026-11-21T07:59:00.000Z');

function wanting(...patterns: string[]): RouteRef {
  return { ...A, patterns };
}

async function opened(t: TestContext) {
  const { folder, clock, outbox } = openOutbox(t);
  const since = clock.now() - 120_000;
  const adopt = (...patterns: string[]) =>
    outbox.adopt([wanting(...patterns)], { query: '', since });
  await adopt('^none$');
  const row = (sql: string): Row => {
    const database = openDatabase(join(folder, 'state.db'), { readOnly: true });
    const found = database.prepare(sql).get() ?? {};
    database.close();
    return { ...found };
  };
  /** So many events later that nobody wants, so that those before are not among the newest. */
  const addNewer = async () => {
    for (let page = 1; page < 12; page += 1) {
      await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(), never);
    }
  };
  const tidyForAnHour = async () => {
    for (let minute = 0; minute < 60; minute += 1) {
      await outbox.tidy();
      await clock.advance(60_000);
    }
  };
  return { clock, outbox, adopt, row, addNewer, tidyForAnHour };
}

const OLD_EVENTS = "SELECT count(*) AS n FROM events WHERE id < 'event-001000'";

test('nothing is forgotten at first, and all since the first start is known', async (t) => {
  const { row } = await opened(t);

  assert.deepEqual(row('SELECT * FROM horizons'), {
    only: 1,
    began_at: Date.parse('2026-11-21T07:58:00.000Z'),
    ledger_from: null,
    judged_from: null,
    old_routes: null,
  });
});

test('every start is the first one until a page was read', async (t) => {
  const { clock, outbox, row } = await opened(t);
  const later = clock.now() + HOUR_MS;

  await outbox.adopt([wanting('x')], { query: '', since: later });
  assert.equal(row('SELECT began_at FROM horizons').began_at, later);
  await outbox.commit(pageOf([], cursorAt(later)), allTo(), never);
  await outbox.adopt([wanting('y')], { query: '', since: later + 1 });

  assert.equal(row('SELECT began_at FROM horizons').began_at, later);
});

test('a ledger line that goes takes what was published up to then out of what is known', async (t) => {
  const { clock, outbox, row, tidyForAnHour } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 3)), allTo(A), never);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(
    outbox,
    clock,
    A,
    due.map((delivery) => [delivery, delivered(clock)]),
  );

  await clock.advance(31 * DAY_MS);
  await tidyForAnHour();

  assert.equal(row('SELECT ledger_from FROM horizons').ledger_from, PUBLISHED);
});

test('an event from the future takes no more than what was read by then', async (t) => {
  const { clock, outbox, row, tidyForAnHour } = await opened(t);
  const readAt = clock.now();
  const [event] = eventsOf(0, 1);
  const fromTheFuture = { ...event!, published: '2036-01-01T00:00:00.000Z' };
  await outbox.commit(pageOf([fromTheFuture]), allTo(A), never);
  const [due] = await takeDue(outbox, A, clock.now());
  await recordAll(outbox, clock, A, [[due!, delivered(clock)]]);

  await clock.advance(31 * DAY_MS);
  await tidyForAnHour();

  assert.equal(row('SELECT ledger_from FROM horizons').ledger_from, readAt);
});

test('an unwanted event whose routes its time tells goes after a day, and takes nothing along', async (t) => {
  const { clock, outbox, row, addNewer, tidyForAnHour } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 5)), allTo(), never);
  await addNewer();

  await clock.advance(25 * HOUR_MS);
  await tidyForAnHour();

  assert.equal(row(OLD_EVENTS).n, 0);
  assert.equal(row('SELECT judged_from FROM horizons').judged_from, null);
});

test('an unwanted event that was held against later routes is kept as long as the ledger', async (t) => {
  const { clock, outbox, adopt, row, addNewer, tidyForAnHour } = await opened(t);
  await clock.advance(60_000);
  await adopt('^other$');
  await outbox.commit(pageOf(eventsOf(0, 5)), allTo(), never);
  await addNewer();

  await clock.advance(29 * DAY_MS);
  await tidyForAnHour();
  assert.equal(row(OLD_EVENTS).n, 5);
  assert.equal(row('SELECT judged_from FROM horizons').judged_from, null);
  await clock.advance(DAY_MS);
  await tidyForAnHour();

  assert.equal(row(OLD_EVENTS).n, 0);
  assert.equal(row('SELECT judged_from FROM horizons').judged_from, PUBLISHED);
});

test('routes that came with a clock behind are in force from what was read on', async (t) => {
  const { clock, outbox, adopt, row } = await opened(t);
  const readAt = clock.now() + HOUR_MS;
  await outbox.commit(pageOf([], cursorAt(readAt)), allTo(), never);

  await adopt('^other$');

  assert.equal(row('SELECT max(at) AS at FROM configs').at, readAt);
});

test('routes that were superseded more than 90 days ago go, and what they judged with them', async (t) => {
  const { clock, adopt, row, tidyForAnHour } = await opened(t);
  await clock.advance(HOUR_MS);
  await adopt('^second$');
  const supersededAt = clock.now();
  await clock.advance(89 * DAY_MS);
  await adopt('^third$');
  await tidyForAnHour();
  assert.equal(row('SELECT count(*) AS n FROM configs').n, 3);

  await clock.advance(2 * DAY_MS);
  await tidyForAnHour();

  assert.equal(row('SELECT count(*) AS n FROM configs').n, 2);
  assert.equal(row('SELECT judged_from FROM horizons').judged_from, supersededAt - 1);
});

test('it is known up to when the log was read to its end', async (t) => {
  const { clock, outbox, row } = await opened(t);
  const first = clock.now();
  const heads: unknown[] = [];
  for (const [n, full] of [true, false, true].entries()) {
    const cursor = cursorAt(first + n * 1_000, n);
    await outbox.commit({ events: [], cursor, full }, allTo(), never);
    heads.push(row('SELECT head_at FROM cursor').head_at);
  }

  assert.deepEqual(heads, [null, first + 1_000, first + 1_000]);
});
