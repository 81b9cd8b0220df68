/** What became of each event, read beside a daemon's outbox. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LogEvent } from '../../../src/event.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { findEvent, shortId } from '../../../src/state/beside/event-finder.ts';
import {
  type LedgerEntry,
  type LedgerQuestion,
  ledgerEntries,
} from '../../../src/state/beside/ledger.ts';
import { allRoutes } from '../../../src/state/beside/named-routes.ts';
import { bytesOf, timelineOf } from '../../../src/state/beside/timeline.ts';
import { openDatabase, type SqlValue } from '../../../src/state/database/sqlite.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  dead,
  delivered,
  eventOf,
  eventsOf,
  never,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';

/** A daemon's outbox with `count` events owed to A and B, and a second connection to its state. */
async function withEvents(t: TestContext, count: number) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf(eventsOf(1, count)), allTo(A, B), never);
  const beside = new Beside(folder, { readOnly: false });
  t.after(() => beside.close());
  const ask = (question: Partial<LedgerQuestion> = {}) => [
    ...ledgerEntries(beside, { now: clock.now(), ...question }),
  ];
  const change = (sql: string, ...values: SqlValue[]) => {
    const database = openDatabase(join(folder, 'state.db'));
    database.prepare(sql).run(...values);
    database.close();
  };
  const routeId = (name: string) => allRoutes(beside).find((route) => route.name === name)!.id;
  return { clock, outbox, beside, ask, change, routeId };
}

/** Of A: 1 delivered, 2 dead, 3 waiting for its next try, the others due; of B all due. */
async function withEachStatus(t: TestContext, count = 5) {
  const world = await withEvents(t, count);
  const { outbox, clock } = world;
  const due = await takeDue(outbox, A, clock.now(), 3);
  await clock.advance(1_000);
  await recordAll(outbox, clock, A, [
    [due[0]!, delivered(clock)],
    [due[1]!, dead(clock)],
    [due[2]!, postponed(clock, 60_000)],
  ]);
  return world;
}

function inShort(entries: readonly LedgerEntry[]): string[] {
  return entries.map(({ event, route, status }) => `${event} ${route.name} ${status}`);
}

test('lists what became of each event on each route, newest event first', async (t) => {
  const { ask } = await withEachStatus(t, 3);

  assert.deepEqual(inShort(ask()), [
    'event-000003 a.example#1111 waiting',
    'event-000003 b.example#2222 due',
    'event-000002 a.example#1111 dead',
    'event-000002 b.example#2222 due',
    'event-000001 a.example#1111 delivered',
    'event-000001 b.example#2222 due',
  ]);
});

test('each entry says what happened last', async (t) => {
  const { ask, clock } = await withEachStatus(t, 3);

  const [waiting, , dead, , delivered] = ask();

  const { httpStatus, attempts, why, dueAt } = waiting!;
  assert.deepEqual([httpStatus, attempts, why], [503, 1, '503 Service Unavailable']);
  assert.ok(dueAt! > clock.now());
  assert.deepEqual([dead!.httpStatus, dead!.why], [400, '400 Bad Request']);
  assert.deepEqual([delivered!.httpStatus, delivered!.ms, delivered!.attempts], [200, 12, 1]);
});

test('a list of thousands over many reads misses none and repeats none', async (t) => {
  const { ask, outbox, clock } = await withEvents(t, 1);
  const wants = { wantedBy: ({ id }: LogEvent) => (/[02468]$/.test(id) ? [A, B] : [A]) };
  await outbox.commit(pageOf(eventsOf(2, 2_999)), wants, never);
  const due = await takeDue(outbox, A, clock.now(), 1_500);
  await recordAll(
    outbox,
    clock,
    A,
    due.map((delivery, n) => [
      delivery,
      n % 3 === 0 ? dead(clock) : n % 3 === 1 ? postponed(clock, n) : delivered(clock),
    ]),
  );

  const entries = ask();

  assert.equal(entries.length, 4_501);
  assert.equal(new Set(inShort(entries).map((line) => line.slice(0, 27))).size, 4_501);
  const places = entries.map(({ seq }) => seq);
  assert.deepEqual(
    places,
    [...places].sort((one, other) => other - one),
  );
});

test('a list that is read while the daemon delivers misses none', async (t) => {
  const { beside, outbox, clock } = await withEvents(t, 2_000);
  const seen = new Set<string>();

  for (const { event, route } of ledgerEntries(beside, { now: clock.now() })) {
    seen.add(`${event} ${route.name}`);
    if (seen.size !== 100) continue;
    const due = await takeDue(outbox, A, clock.now());
    const settled = due.map((delivery) => [delivery, delivered(clock)] as const);
    await recordAll(outbox, clock, A, settled);
  }

  assert.equal(seen.size, 4_000);
});

test('only one route, one status or what happened since is asked for', async (t) => {
  const { ask, clock, routeId } = await withEachStatus(t);
  const since = clock.now() - 500;

  assert.equal(ask({ routeId: routeId(B.name) }).length, 5);
  assert.equal(ask({ routeId: routeId(A.name), status: 'due' }).length, 2);
  assert.deepEqual(inShort(ask({ status: 'waiting' })), ['event-000003 a.example#1111 waiting']);
  assert.deepEqual(inShort(ask({ status: 'dead' })), ['event-000002 a.example#1111 dead']);
  assert.deepEqual(inShort(ask({ status: 'delivered' })), [
    'event-000001 a.example#1111 delivered',
  ]);
  assert.equal(ask({ status: 'dropped' }).length, 0);
  assert.equal(ask({ since }).length, 3);
  assert.equal(ask({ since: clock.now() + 1 }).length, 0);
});

test('what is owed to a route that is held, paused or not in force says so', async (t) => {
  const { ask, outbox, clock, change } = await withEvents(t, 1);
  const statusOfA = () => ask().find(({ route }) => route.name === A.name)!.status;

  await outbox.saveRouteState(A.key, { kind: 'held', why: 'ECONNREFUSED', since: clock.now() });
  assert.equal(statusOfA(), 'held');
  change('UPDATE routes SET paused_at = 1 WHERE name = ?', A.name);
  assert.equal(statusOfA(), 'paused');
  await outbox.adopt([B]);
  assert.equal(statusOfA(), 'waiting');
  assert.equal(ask({ status: 'waiting' }).length, 1);
});

test('an id is found by its start, and is shown as short as it can be', async (t) => {
  const { beside, outbox } = await withEvents(t, 20);
  const hash = `sha256-${'k'.repeat(43)}`;
  await outbox.commit(pageOf([{ ...eventOf(99), id: hash }]), allTo(A), never);

  assert.equal(shortId(beside, 'event-000011'), 'event-000011');
  assert.equal(shortId(beside, hash), `sha256-${'k'.repeat(8)}`);
  assert.equal(findEvent(beside, 'event-000011').event, 'event-000011');
  assert.equal(findEvent(beside, 'kkkk').event, hash);
  assert.throws(() => findEvent(beside, 'event-00001'), /start of many ids: event-000010 \(user/);
  assert.throws(() => findEvent(beside, 'nope'), /none has an id that starts with "nope"/);
});

test('a timeline holds each attempt with its times, and what is owed still', async (t) => {
  const { beside, clock, change } = await withEachStatus(t);
  change(
    `INSERT OR REPLACE INTO attempts (seq, route, n, at, result, status, why, next_at, dns_ms, first_byte_ms, answer)
     SELECT 3, id, 1, 1000, 'postponed', 503, '503 Service Unavailable', 61000, 2, 9, ? FROM routes WHERE name = ?`,
    Buffer.from('busy'),
    A.name,
  );

  const { event, routes } = timelineOf(beside, 'event-000003', clock.now());

  assert.deepEqual(bytesOf(beside, event), eventOf(3).raw);
  const ofA = routes.find(({ route }) => route.name === A.name)!;
  assert.deepEqual([ofA.status, ofA.attempts], ['waiting', 1]);
  const { at, status, dnsMs, connectMs, firstByteMs, answer } = ofA.remembered[0]!;
  assert.deepEqual([at, status, dnsMs, connectMs, firstByteMs], [1000, 503, 2, undefined, 9]);
  assert.equal(answer?.toString(), 'busy');
  assert.equal(routes.find(({ route }) => route.name === B.name)!.status, 'due');
});

test('an attempt after one that delivered or gave up is marked as a replay', async (t) => {
  const { beside, clock, change } = await withEachStatus(t);
  change('UPDATE ledger SET attempts = 3 WHERE seq = 1');
  for (const [n, result] of [
    [1, 'dead'],
    [2, 'postponed'],
  ] as const) {
    change(
      'INSERT OR REPLACE INTO attempts (seq, route, n, at, result) SELECT 1, route, ?, ?, ? FROM ledger WHERE seq = 1',
      n,
      n,
      result,
    );
  }

  const { routes } = timelineOf(beside, 'event-000001', clock.now());

  const ofA = routes.find(({ route }) => route.name === A.name)!;
  assert.deepEqual(
    ofA.remembered.map(({ n, result, replay }) => [n, result, replay]),
    [
      [1, 'dead', false],
      [2, 'postponed', true],
      [3, 'delivered', true],
    ],
  );
});

test('an event that no route wanted has a timeline without routes', async (t) => {
  const { beside, outbox, clock } = await withEvents(t, 1);
  await outbox.commit(pageOf([eventOf(7)]), allTo(), never);

  assert.deepEqual(timelineOf(beside, 'event-000007', clock.now()).routes, []);
});
