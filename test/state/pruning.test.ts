/** What is forgotten, when, and what never is. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { openDatabase } from '../../src/state/sqlite.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  A,
  allTo,
  dead,
  delivered,
  eventsOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { tempFolder } from '../support/temp-folder.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function opened(t: TestContext) {
  const folder = tempFolder(t);
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  t.after(() => outbox.close());
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
  const settleAll = async (as: typeof delivered | typeof dead) => {
    const due = await takeDue(outbox, A, clock.now());
    await recordAll(
      outbox,
      clock,
      A,
      due.map((delivery) => [delivery, as(clock)]),
    );
  };
  return { clock, outbox, value, count, tidyForAnHour, settleAll };
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

test('a drained backlog gives its space back to the disk', async (t) => {
  const { outbox, value, tidyForAnHour, settleAll } = await opened(t);
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
