/** Pages taken in beside the daemon: what is durable when, and what stops it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RESERVE_BYTES, Reading, type ReadingParts } from '../../../src/cli/backfill/reading.ts';
import { OktaError, StateError } from '../../../src/errors.ts';
import type { LogEvent } from '../../../src/event.ts';
import { silentLog } from '../../../src/log.ts';
import type { Page } from '../../../src/okta/system-log.ts';
import { Routes } from '../../../src/routing/routes.ts';
import { Backfills } from '../../../src/state/beside/backfills.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { reachOf } from '../../../src/state/beside/reach.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { A, eventsOf, never } from '../../support/outbox-events.ts';
import { plainRoute } from '../../support/plain-route.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const PUBLISHED_AT = Date.parse('2026-11-21T07:59:00.000Z');
const RANGE = { since: PUBLISHED_AT - 1_000, until: PUBLISHED_AT + 1_000 };

function pageOf(events: readonly LogEvent[], n: number): Page {
  const nextUrl = `https://acme.okta.com/api/v1/logs?after=${n}`;
  const cursor = { nextUrl, query: '', readAt: 0, lastPublishedAt: PUBLISHED_AT + n };
  return { events, cursor, leftovers: [], full: true, gaps: [], oktaAheadMs: 0 };
}

type Range = Parameters<ReadingParts['systemLog']['read']>[0];

async function opened(t: TestContext, pages: (range: Range) => Iterable<Page>, since?: number) {
  const folder = tempFolder(t);
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  await outbox.adopt([{ ...A, patterns: ['.*'] }], { query: '', since: since ?? clock.now() });
  const beside = new Beside(folder, { readOnly: false });
  t.after(async () => {
    beside.close();
    await outbox.close();
  });
  const asked: Range[] = [];
  const disk = { free: Number.POSITIVE_INFINITY, afterPage: Number.POSITIVE_INFINITY };
  const backfills = new Backfills(beside);
  const backfill = backfills.begin('asked', RANGE, clock.now());
  const reading = new Reading({
    beside,
    systemLog: {
      read: async function* (range) {
        asked.push(range);
        yield* pages(range);
      },
    },
    chosen: {
      routes: new Routes([{ ...plainRoute('https://a.example/in'), key: A.key }]),
      rows: new Map(namedRoutes(beside).map((route) => [route.key, route])),
    },
    reach: reachOf(beside)!,
    folder,
    now: () => clock.now(),
    freeBytes: () => disk.free,
    onPage: async () => {
      disk.free = disk.afterPage;
    },
  });
  return {
    asked,
    disk,
    outbox,
    clock,
    left: () => backfills.of(backfill.id),
    backfills,
    exec: (sql: string) => beside.database.exec(sql),
    count: (table: string) => beside.sql(`SELECT count(*) AS n FROM ${table}`).get()?.n,
    run: () => reading.run(backfill, backfills, never),
  };
}

test('stops before the disk gets so full that live events would suffer, and goes on when there is room', async (t) => {
  const pages = [pageOf(eventsOf(1, 10), 1), pageOf(eventsOf(11, 10), 2)];
  const { asked, disk, left, count, run } = await opened(t, (range) =>
    'nextUrl' in range ? pages.slice(1) : pages,
  );
  disk.afterPage = RESERVE_BYTES;

  const error = await run().catch((cause) => cause);
  const kept = left();
  disk.free = disk.afterPage = Number.POSITIVE_INFINITY;
  await run();

  assert.ok(error instanceof StateError);
  assert.match(String(error.cause), /less than 256 MB would be left on its disk/);
  assert.match(String(error.hint), /the same command then goes on/);
  assert.deepEqual([kept.events, kept.endedAt], [10, undefined]);
  assert.deepEqual(asked, [RANGE, { nextUrl: pages[0]!.cursor.nextUrl }]);
  assert.equal(count('owed'), 20);
  assert.deepEqual(left().routes, { 1: { wanted: 20, owed: 20 } });
});

test('counts a refusal that leads nowhere as one', async (t) => {
  const refused = new OktaError('refused', { kind: 'request' });
  const { asked, run } = await opened(t, function* () {
    yield* [];
    throw refused;
  });

  await assert.rejects(run(), refused);

  assert.equal(asked.length, 1);
});

test('begins again from the last instant that it came to when its link is refused', async (t) => {
  const refused = new OktaError('refused', { kind: 'request' });
  const { asked, run, count } = await opened(t, function* (range) {
    const isFirst = !('nextUrl' in range) && range.since === RANGE.since;
    yield pageOf(eventsOf(isFirst ? 1 : 10, 10), 1);
    if (isFirst) throw refused;
  });

  const came = await run();

  assert.deepEqual(asked, [RANGE, { ...RANGE, since: PUBLISHED_AT + 1 }]);
  assert.equal(count('owed'), 19);
  assert.deepEqual(came.routes, { 1: { wanted: 20, owed: 19 } });
});

test('ends with words when its route is put out of force meanwhile', async (t) => {
  const { outbox, run, count } = await opened(t, () => [pageOf(eventsOf(1, 3), 1)]);
  await outbox.adopt([]);

  await assert.rejects(run(), /is no longer in force/);

  assert.equal(count('owed'), 0);
});

test('one that was left long ago begins again from where it came to: its link is not taken any more', async (t) => {
  const refused = new OktaError('refused', { kind: 'request' });
  const { asked, run, left, exec, count } = await opened(t, function* (range) {
    if ('nextUrl' in range) throw refused;
    yield pageOf(eventsOf(1, 10), 1);
  });
  exec(`UPDATE backfills SET next_url = 'https://acme.okta.com/old', read_to = ${PUBLISHED_AT}`);

  await run();

  assert.deepEqual(asked, [
    { nextUrl: 'https://acme.okta.com/old' },
    { ...RANGE, since: PUBLISHED_AT },
  ]);
  assert.equal(count('owed'), 10);
  assert.notEqual(left().endedAt, undefined);
});

test('owes nothing that the ledger forgets meanwhile, and says how much', async (t) => {
  const pages = function* () {
    yield pageOf(eventsOf(1, 3), 1);
    exec(`UPDATE horizons SET ledger_from = ${PUBLISHED_AT};
      DELETE FROM owed; DELETE FROM events; DELETE FROM bundles`);
    yield pageOf(eventsOf(1, 3), 2);
  };
  const { run, exec, count } = await opened(t, pages, 0);

  const { routes, forgotten } = await run();

  assert.equal(count('owed'), 0);
  assert.deepEqual([...forgotten], [[1, 3]]);
  assert.deepEqual(routes, { 1: { wanted: 3, owed: 3 } });
});

test('of several that were cut off the newest is gone on with, and none that is over', async (t) => {
  const { backfills, clock, left } = await opened(t, () => []);
  const newest = backfills.begin('asked', RANGE, clock.now());
  const other = backfills.begin('other words', RANGE, clock.now());

  const first = backfills.unfinished('asked');
  backfills.end(newest.id, clock.now());
  const second = backfills.unfinished('asked');
  backfills.end(left().id, clock.now());

  assert.deepEqual([first?.id, second?.id], [newest.id, left().id]);
  assert.equal(backfills.unfinished('asked'), undefined);
  assert.equal(backfills.unfinished('other words')?.id, other.id);
});

test('a large page is taken in parts, and read again if it was not taken to its end', async (t) => {
  const filler = 'x'.repeat(5_000_000);
  const page = pageOf(eventsOf(1, 4, filler), 1);
  const { disk, asked, run, left, count } = await opened(t, () => [page]);
  let looks = 0;
  Object.defineProperty(disk, 'free', {
    get: () => (++looks === 2 ? 0 : 1e12),
    set: () => undefined,
  });

  await assert.rejects(run(), StateError);
  const kept = left();
  const owed = count('owed');
  await run();

  assert.deepEqual([kept.events, kept.nextUrl, kept.readTo, owed], [2, undefined, undefined, 2]);
  assert.deepEqual(asked, [RANGE, RANGE]);
  assert.equal(count('owed'), 4);
});

test('counts once what stands in a page twice', async (t) => {
  const { run, count } = await opened(t, () => [pageOf([...eventsOf(1, 3), ...eventsOf(2, 3)], 1)]);

  const { events, routes } = await run();

  assert.equal(count('owed'), 4);
  assert.deepEqual([events, routes], [4, { 1: { wanted: 4, owed: 4 } }]);
});
