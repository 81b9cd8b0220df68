/** Dead letters, looked at and decided on by a second connection beside the one of a daemon. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ConfigError, StateError } from '../../../src/errors.ts';
import { Beside, type Turn } from '../../../src/state/beside/beside.ts';
import { DeadLetters } from '../../../src/state/beside/dead-letters.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  dead,
  eventOf,
  eventsOf,
  idsOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function turnAt(clock: FakeClock): Turn {
  return { now: clock.now(), rest: () => Promise.resolve() };
}

/** A daemon's outbox in which `count` events are dead on A, the first also on B, and one piece could not be read. */
async function withDead(t: TestContext, count: number) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf([eventOf(1)]), allTo(A, B), never);
  const leftovers = [{ raw: Buffer.from('{"half'), why: 'the page ended early' }];
  await outbox.commit({ events: eventsOf(2, count - 1), leftovers }, allTo(A), never);
  for (const route of [A, B]) {
    const due = await takeDue(outbox, route, clock.now());
    await recordAll(
      outbox,
      clock,
      route,
      due.map((delivery) => [delivery, dead(clock)]),
    );
  }
  const beside = new Beside(folder, { readOnly: false });
  const letters = new DeadLetters(beside);
  t.after(() => beside.close());
  const value = (sql: string) => {
    const database = openDatabase(join(folder, 'state.db'), { readOnly: true });
    const [first] = Object.values(database.prepare(sql).get() ?? {});
    database.close();
    return first;
  };
  return { folder, clock, outbox, letters, value };
}

test('lists all, or those of one route, over any number of reads', async (t) => {
  const { letters } = await withDead(t, 1_300);

  const all = [...letters.list()];
  const ofB = [...letters.list(B.name)];

  assert.equal(all.length, 1_302);
  assert.equal(all.filter((letter) => letter.unreadable).length, 1);
  const { event, eventType, route, status, why, attempts } = ofB[0]!;
  assert.deepEqual(
    { event, eventType, route, status, why, attempts },
    {
      event: eventOf(1).id,
      eventType: 'user.session.start',
      route: B.name,
      status: 400,
      why: '400 Bad Request',
      attempts: 1,
    },
  );
  assert.equal(ofB.length, 1);
});

test('finds one by the start of its id, on every route where it is dead', async (t) => {
  const { letters } = await withDead(t, 12);

  const found = letters.find('event-000001');

  assert.deepEqual(
    found.map((letter) => letter.route),
    [A.name, B.name],
  );
  assert.deepEqual(letters.find('event-000001', B.name).length, 1);
  assert.deepEqual(letters.raw(found[0]), eventOf(1).raw);
});

test('an id that is the start of several, or of none, is refused with the candidates', async (t) => {
  const { letters } = await withDead(t, 12);
  const problemOf = (prefix: string): string => {
    try {
      letters.find(prefix);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.message;
    }
    return 'found';
  };

  assert.match(
    problemOf('event-00001'),
    /start of 3 ids: event-000010, event-000011, event-000012/,
  );
  assert.match(problemOf('event-'), /12 ids: .* and 7 more/);
  assert.match(problemOf('nope'), /starts with "nope"/);
  assert.match(problemOf("' OR 1=1 --"), /starts with/);
});

test('a replayed one is due at once beside a running daemon, with all its tries before it', async (t) => {
  const { clock, outbox, letters } = await withDead(t, 3);

  const replayed = await letters.replay(letters.find('event-000002'), turnAt(clock));
  await outbox.tidy();
  const due = await takeDue(outbox, A, clock.now());

  assert.equal(replayed, 1);
  assert.deepEqual(idsOf(due), [eventOf(2).id]);
  assert.deepEqual([due[0]!.attempts, due[0]!.tries], [1, 0]);
  assert.deepEqual(due[0]!.event.raw, eventOf(2).raw);
  assert.equal([...letters.list(A.name)].length, 2);
});

test('replay of all leaves what no route wants, and counts what it moved', async (t) => {
  const { clock, outbox, letters, value } = await withDead(t, 1_100);

  const replayed = await letters.replay(letters.list(), turnAt(clock));
  const again = await letters.replay(letters.list(), turnAt(clock));
  await outbox.tidy();

  assert.deepEqual([replayed, again], [1_101, 0]);
  assert.equal(value('SELECT count(*) FROM dead'), 1);
  assert.equal((await takeDue(outbox, A, clock.now())).length, 1_100);
});

test('a replayed one that was replayed before is not owed twice', async (t) => {
  const { clock, outbox, letters } = await withDead(t, 2);
  const found = letters.find('event-000002');

  assert.deepEqual(
    [await letters.replay(found, turnAt(clock)), await letters.replay(found, turnAt(clock))],
    [1, 0],
  );
  await outbox.tidy();

  assert.equal((await takeDue(outbox, A, clock.now())).length, 1);
});

test('a dropped one leaves a ledger line, and its bytes go with the last route', async (t) => {
  const { clock, letters, value } = await withDead(t, 1);

  await letters.drop(letters.find('event-000001', A.name), turnAt(clock));
  const bodiesBetween = value('SELECT coalesce(sum(refs), 0) FROM bundle_refs');
  const dropped = await letters.drop(letters.list(), turnAt(clock));

  assert.equal(bodiesBetween, 2);
  assert.equal(dropped, 2);
  assert.equal(value('SELECT coalesce(sum(refs), 0) FROM bundle_refs'), 0);
  assert.equal(value('SELECT count(*) FROM dead'), 0);
  assert.equal(value("SELECT count(*) FROM ledger WHERE result = 'dropped'"), 3);
});

test('a dropped event owes nothing when Okta shows it again', async (t) => {
  const { clock, outbox, letters } = await withDead(t, 1);
  await letters.drop(letters.list(), turnAt(clock));

  const committed = await outbox.commit(pageOf([eventOf(1)]), allTo(A, B), never);

  assert.deepEqual(committed, { owed: [], repeated: 1 });
});

test('while another process writes for long, a page and an outcome wait and are not lost', async (t) => {
  const { folder, clock, outbox } = await withDead(t, 1);
  await outbox.commit(pageOf(eventsOf(100, 2)), allTo(A), never);
  const [due] = await takeDue(outbox, A, clock.now());
  const other = openDatabase(join(folder, 'state.db'));
  other.exec('BEGIN IMMEDIATE');

  const page = outbox.commit(pageOf(eventsOf(200, 2)), allTo(A), never);
  const recorded = outbox.record(A, due!, { kind: 'delivered', at: 1, status: 200, ms: 1 });
  await clock.advance(100);
  assert.equal(await outbox.owedCount(), 2);
  other.exec('COMMIT');
  other.close();
  await clock.advance(60_000);

  assert.equal((await page)?.owed.length, 2);
  await recorded;
  assert.equal(await outbox.owedCount(), 3);
});

test('a folder without state is refused by its name, and nothing is made there', (t) => {
  const folder = join(tempFolder(t), 'none');

  assert.throws(
    () => new Beside(folder, { readOnly: false }),
    (error) => error instanceof StateError && error.message.includes(folder),
  );
});
