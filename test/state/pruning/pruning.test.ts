/** What is forgotten, when, and what never is. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import type { Settlement } from '../../../src/state/outbox.ts';
import { History } from '../../../src/state/pruning/history.ts';
import { Pruning } from '../../../src/state/pruning/pruning.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  dead,
  delivered,
  eventsOf,
  never,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** `freeBytes`: what the disk has room for, without end unless a test says so. */
async function opened(t: TestContext, freeBytes = () => Number.POSITIVE_INFINITY) {
  const { folder, clock, outbox } = openOutbox(t, { freeBytes });
  await outbox.adopt([A]);
  const value = (sql: string) => {
    const database = openDatabase(join(folder, 'state.db'), { readOnly: true });
    const [first] = Object.values(database.prepare(sql).get() ?? {});
    database.close();
    return first;
  };
  const count = (table: string) => value(`SELECT count(*) FROM ${table}`);
  /** As the daemon does, for an hour. */
  const tidyForAnHour = async () => {
    for (let minute = 0; minute < 60; minute += 1) {
      await outbox.tidy();
      await clock.advance(60_000);
    }
  };
  const settleAll = async (as: (clock: FakeClock) => Settlement) => {
    const due = await takeDue(outbox, A, clock.now());
    await recordAll(
      outbox,
      clock,
      A,
      due.map((delivery) => [delivery, as(clock)]),
    );
  };
  return { folder, clock, outbox, value, count, tidyForAnHour, settleAll };
}

test('ledger lines go after 30 days', async (t) => {
  const { clock, outbox, count, tidyForAnHour, settleAll } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 1_200)), allTo(A), never);
  await settleAll(delivered);

  await clock.advance(29 * DAY_MS);
  await tidyForAnHour();
  assert.equal(count('ledger'), 1_200);
  await clock.advance(DAY_MS);
  await tidyForAnHour();

  assert.equal(count('ledger'), 0);
});

test('event ids go after 24 hours, but never the newest 10,000', async (t) => {
  const { clock, outbox, count, tidyForAnHour } = await opened(t);
  for (let page = 0; page < 12; page += 1) {
    await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(), never);
  }

  await clock.advance(22 * HOUR_MS);
  await tidyForAnHour();
  assert.equal(count('events'), 12_000);
  await clock.advance(2 * HOUR_MS);
  await tidyForAnHour();

  assert.equal(count('events'), 10_000);
  const committed = await outbox.commit(pageOf(eventsOf(1_990, 20)), allTo(A), never);
  assert.deepEqual([committed?.owed.length, committed?.repeated], [10, 10]);
});

test('what is owed and what is dead is never forgotten, and hides nothing behind it', async (t) => {
  const { clock, outbox, count, tidyForAnHour, settleAll } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 700)), allTo(A), never);
  await settleAll(dead);
  await outbox.commit(pageOf(eventsOf(1_000, 700)), allTo(A), never);
  for (let page = 2; page < 14; page += 1) {
    await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(), never);
  }

  await clock.advance(400 * DAY_MS);
  await tidyForAnHour();

  assert.equal(count('dead'), 700);
  assert.equal(count('owed'), 700);
  assert.equal(count('events'), 11_400);
  assert.equal((await takeDue(outbox, A, clock.now())).length, 700);
});

test('an event is known again for as long as its ledger line stays', async (t) => {
  const { clock, outbox, tidyForAnHour, settleAll } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 100)), allTo(A), never);
  await settleAll(delivered);
  for (let page = 1; page < 13; page += 1) {
    await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(), never);
  }

  await clock.advance(20 * DAY_MS);
  await tidyForAnHour();
  const committed = await outbox.commit(pageOf(eventsOf(0, 100)), allTo(A), never);

  assert.equal(committed?.repeated, 100);
});

test('a drained backlog gives its space back to a disk that is small', async (t) => {
  const { outbox, value, tidyForAnHour, settleAll } = await opened(t, () => 0);
  for (let page = 0; page < 12; page += 1) {
    await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000, 'x'.repeat(2_000))), allTo(A), never);
  }
  await settleAll(delivered);
  const before = Number(value('SELECT page_count FROM pragma_page_count'));

  await tidyForAnHour();

  const after = Number(value('SELECT page_count FROM pragma_page_count'));
  // 12,000 events of 2 KB lie on more than 3,000 pages of 8 KB; 2,000 free ones are kept.
  assert.ok(before > 3_000 && after < 2_700, `${before} pages became ${after}`);
});

test('what was delivered can be sent again for 30 days, and its bytes go then', async (t) => {
  const { clock, outbox, count, tidyForAnHour, settleAll } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 100)), allTo(A), never);
  await settleAll(delivered);
  await clock.advance(15 * DAY_MS);
  await outbox.commit(pageOf(eventsOf(100, 100)), allTo(A), never);
  await settleAll(delivered);

  await tidyForAnHour();
  assert.equal(count('bundles'), 2);
  await clock.advance(15 * DAY_MS);
  await tidyForAnHour();
  assert.equal(count('bundles'), 1);
  await clock.advance(15 * DAY_MS);
  await tidyForAnHour();

  assert.equal(count('bundles'), 0);
  assert.equal(count('bundle_refs'), 0);
});

test('history from a clock that was ahead keeps nothing behind it', async (t) => {
  const { clock, outbox, count, tidyForAnHour, settleAll } = await opened(t);
  await clock.jump(400 * DAY_MS);
  await outbox.commit(pageOf(eventsOf(0, 10)), allTo(A), never);
  await settleAll(delivered);
  await clock.jump(-400 * DAY_MS);
  await outbox.commit(pageOf(eventsOf(10, 10)), allTo(A), never);
  await settleAll(delivered);

  await tidyForAnHour();

  assert.equal(count('bundles'), 1);
});

test('history takes no more than half of what it and the free space are; the oldest goes, what is needed stays', async (t) => {
  let freeBytes = Number.POSITIVE_INFINITY;
  const { clock, outbox, value, count, tidyForAnHour, settleAll } = await opened(
    t,
    () => freeBytes,
  );
  const filler = 'x'.repeat(2_000);
  await outbox.commit(pageOf(eventsOf(0, 100, filler)), allTo(A), never);
  await settleAll(dead);
  await outbox.commit(pageOf(eventsOf(1_000, 1_000, filler)), allTo(A), never);
  await settleAll(delivered);
  await outbox.commit(pageOf(eventsOf(2_000, 100, filler)), allTo(A), never);
  await tidyForAnHour();
  const bytesBefore = Number(value('SELECT sum(bytes) FROM bundle_refs WHERE refs = 0'));
  const newest = value('SELECT max(id) FROM bundle_refs WHERE refs = 0');

  freeBytes = 500_000;
  await tidyForAnHour();

  assert.ok(bytesBefore > 2_000_000, `${bytesBefore}`);
  const bytes = Number(value('SELECT sum(bytes) FROM bundle_refs WHERE refs = 0'));
  assert.ok(bytes <= 500_000 && bytes > 400_000, `${bytes}`);
  assert.equal(value('SELECT max(id) FROM bundle_refs WHERE refs = 0'), newest);
  assert.equal(count('dead'), 100);
  assert.equal((await takeDue(outbox, A, clock.now())).length, 100);
});

test('history goes when the database is larger than its limit, and no more of it than must', async (t) => {
  const { folder, clock, outbox, value, settleAll } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 1_000, 'x'.repeat(2_000))), allTo(A), never);
  await settleAll(delivered);
  const database = openDatabase(join(folder, 'state.db'));
  t.after(() => database.close());
  const usedBytes = () =>
    Number(
      value(
        'SELECT (page_count - freelist_count) * 8192 FROM pragma_page_count, pragma_freelist_count',
      ),
    );
  const before = usedBytes();
  const freeBytes = () => Number.POSITIVE_INFINITY;
  const history = new History({ database, clock, freeBytes, databaseBytes: before - 500_000 });

  while (history.prune()) {}

  assert.ok(usedBytes() <= before - 500_000, `${usedBytes()} of ${before}`);
  assert.ok(usedBytes() > before - 700_000, `${usedBytes()} of ${before}`);
});

test('the oldest ledger lines go when answers make the ledger larger than its limit', async (t) => {
  const { folder, clock, outbox, value, count, settleAll } = await opened(t);
  const trace = { answer: { head: Buffer.alloc(200, 'a') } };
  for (let page = 0; page < 12; page += 1) {
    await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(A), never);
    await settleAll((at) => ({ kind: 'delivered', at: at.now(), status: 200, ms: 12, trace }));
  }
  const newest = value('SELECT max(seq) FROM ledger');
  const database = openDatabase(join(folder, 'state.db'));
  t.after(() => database.close());
  const history = new History({ database, clock, freeBytes: () => 0, databaseBytes: 0 });
  while (history.prune()) {}
  const ledgerBytes = 3_000_000;
  const pruning = new Pruning({ database, clock, log: silentLog(), history, ledgerBytes });
  const before = Number(
    value(
      'SELECT (page_count - freelist_count) * 8192 FROM pragma_page_count, pragma_freelist_count',
    ),
  );

  for (let n = 0; n < 10; n += 1) pruning.step();

  const kept = Number(count('ledger'));
  const expected = (12_000 * ledgerBytes) / before;
  assert.ok(Math.abs(kept - expected) < 2, `${kept} of ${expected}`);
  assert.equal(value('SELECT max(seq) FROM ledger'), newest);
});

test('what is told of attempts goes with the ledger line', async (t) => {
  const { clock, outbox, count, tidyForAnHour, settleAll } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 3)), allTo(A), never);
  await settleAll((at) => postponed(at, 1_000));
  await clock.advance(1_000);
  await settleAll(delivered);
  assert.equal(count('attempts'), 3);

  await clock.advance(31 * DAY_MS);
  await tidyForAnHour();

  assert.equal(count('ledger'), 0);
  assert.equal(count('attempts'), 0);
});
