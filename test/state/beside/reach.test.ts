/** Since when a route has been sent events, as far as that is known. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../../src/log.ts';
import { Backfills } from '../../../src/state/beside/backfills.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { mayBeForgotten, reachNow, reachOf } from '../../../src/state/beside/reach.ts';
import type { RouteRef } from '../../../src/state/outbox.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { A, allTo, B, cursorAt, never, pageOf } from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const DAY_MS = 86_400_000;
const NEW: RouteRef = { key: 'name:new', name: 'new' };

function withPatterns(...routes: RouteRef[]): RouteRef[] {
  return routes.map((route) => ({ ...route, patterns: ['.*'] }));
}

function opened(t: TestContext, clock: FakeClock, folder = tempFolder(t)) {
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  const beside = new Beside(folder, { readOnly: false });
  t.after(async () => {
    beside.close();
    await outbox.close();
  });
  return { outbox, beside };
}

test('is not known before a daemon has run', (t) => {
  const { beside } = opened(t, new FakeClock());

  assert.equal(reachOf(beside), undefined);
});

test('begins where a first start did, and for a later route where the tail was, with the overlap', async (t) => {
  const clock = new FakeClock();
  const { outbox, beside } = opened(t, clock);
  const since = clock.now() - 120_000;
  await outbox.adopt(withPatterns(A), { query: 'filter=x', since });
  await outbox.commit(pageOf([], cursorAt(clock.now())), allTo(A), never);
  const readTo = clock.now();
  const lastPublishedAt = readTo - 30_000;
  await clock.advance(3 * DAY_MS);
  await outbox.adopt(withPatterns(A, B), { query: 'filter=x' });

  const reach = reachOf(beside)!;

  assert.deepEqual(reach, {
    config: 2,
    query: 'filter=x',
    readTo,
    begins: new Map([
      [1, since],
      [2, lastPublishedAt - 600_000],
    ]),
  });
  assert.equal(mayBeForgotten(reach, 1, since), false);
});

test('what the ledger may have forgotten is looked at anew', async (t) => {
  const clock = new FakeClock();
  const { outbox, beside } = opened(t, clock);
  const since = clock.now();
  await outbox.adopt(withPatterns(A), { query: '', since });
  const before = reachOf(beside)!;

  beside.database.exec(`UPDATE horizons SET ledger_from = ${since + 1_000}`);
  const reach = reachNow(beside, before);

  assert.deepEqual(
    [since - 1, since, since + 1_000, since + 1_001].map((at) => mayBeForgotten(reach, 1, at)),
    [false, true, true, false],
  );
});

test('of routes that an older loghook had nothing is known, of those after it all', async (t) => {
  const folder = tempFolder(t);
  const sample = new URL('../../../../test/data/state-v2/state.db', import.meta.url);
  copyFileSync(fileURLToPath(sample), join(folder, 'state.db'));
  const clock = new FakeClock(Date.parse('2026-11-21T08:10:00.000Z'));
  const { outbox, beside } = opened(t, clock, folder);
  await outbox.adopt(withPatterns(A), { query: '' });
  await clock.advance(DAY_MS);
  await outbox.adopt(withPatterns(A, NEW), { query: '' });

  const reach = reachOf(beside)!;
  const newest = Math.max(...reach.begins.keys());

  assert.ok(reach.ledgerFrom !== undefined && reach.ledgerFrom <= reach.readTo!);
  assert.equal(reach.begins.size, 1);
  assert.deepEqual(
    [1, newest].map((route) => mayBeForgotten(reach, route, reach.ledgerFrom! - 60 * DAY_MS)),
    [true, false],
  );
});

test('what a backfill sent from before a route began may be forgotten as well', async (t) => {
  const clock = new FakeClock();
  const { outbox, beside } = opened(t, clock);
  const since = clock.now();
  await outbox.adopt(withPatterns(A, B), { query: '', since });
  const backfills = new Backfills(beside);
  const { id } = backfills.begin('asked', { since: since - DAY_MS, until: since }, since);
  beside.write(() =>
    backfills.advance(id, {
      events: 1,
      routes: { 1: { wanted: 1, owed: 1 }, 2: { wanted: 1, owed: 0 } },
    }),
  );

  const { begins } = reachOf(beside)!;

  assert.deepEqual([...begins.values()], [since - DAY_MS, since]);
});
