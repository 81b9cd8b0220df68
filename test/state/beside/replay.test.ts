/** What SQLite keeps of attempts, and what becomes of it when something is sent again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Beside } from '../../../src/state/beside/beside.ts';
import { ledgerEntries } from '../../../src/state/beside/ledger.ts';
import { timelineOf } from '../../../src/state/beside/timeline.ts';
import { openStateBeside } from '../../../src/state/database/schema.ts';
import { inTransaction } from '../../../src/state/database/sqlite.ts';
import { Bundles } from '../../../src/state/intake/bundles.ts';
import type { AttemptTrace, Settlement } from '../../../src/state/outbox.ts';
import { Settlements } from '../../../src/state/owed/settlements.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  dead,
  delivered,
  eventOf,
  expired,
  never,
  ordered,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';

const DAY_MS = 86_400_000;
/** The row of A, and the place of event 1. */
const [ROUTE, SEQ] = [1, 1];

async function opened(t: TestContext, route = A) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt([route]);
  await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
  const beside = openStateBeside(join(folder, 'state.db'), { readOnly: false });
  t.after(() => beside.close());
  const settlements = new Settlements(beside, new Bundles(beside));
  return {
    clock,
    outbox,
    folder,
    beside: settlements,
    rows: (sql: string) => beside.prepare(sql).all(),
    write: (sql: string) => beside.exec(sql),
    replay: () => {
      let replayed = 'nothing';
      inTransaction(beside, () => {
        replayed = settlements.replay(ROUTE, SEQ, clock.now());
      });
      return replayed;
    },
    drop: () => inTransaction(beside, () => settlements.drop(ROUTE, SEQ, clock.now())),
    /** Takes it when it is due, within a day, and ends it so. */
    end: async (settlement: Settlement) => {
      await outbox.tidy();
      await clock.advance(DAY_MS);
      const [due] = await takeDue(outbox, A, clock.now());
      await recordAll(outbox, clock, A, [[due!, settlement]]);
    },
  };
}

const TRACE: AttemptTrace = {
  dnsMs: 1.4,
  connectMs: 2,
  tlsMs: 3.6,
  firstByteMs: 40,
  answer: { head: Buffer.from('x'.repeat(300)) },
};

test('the attempt that delivers stands in the ledger, with its timings and the start of the answer', async (t) => {
  const { clock, rows, end } = await opened(t);

  await end({ kind: 'delivered', at: clock.now(), status: 201, ms: 47.2, trace: TRACE });

  const [line] = rows(
    'SELECT status, attempts, ms, dns_ms, connect_ms, tls_ms, first_byte_ms, length(answer) AS answer FROM ledger',
  );
  assert.deepEqual(
    { ...line },
    {
      status: 201,
      attempts: 1,
      ms: 47,
      dns_ms: 1,
      connect_ms: 2,
      tls_ms: 4,
      first_byte_ms: 40,
      answer: 200,
    },
  );
  assert.deepEqual(rows('SELECT * FROM attempts'), []);
});

test('each attempt that fails has a row of its own, with when it is tried next', async (t) => {
  const { clock, rows, end } = await opened(t);
  const late = postponed(clock, 5_000);

  await end({ ...late, trace: TRACE } as Settlement);
  await end(dead(clock));

  const told = rows(
    'SELECT n, at, result, status, why, next_at, dns_ms, length(answer) AS answer FROM attempts',
  );
  assert.deepEqual(
    told.map((row) => ({ ...row })),
    [
      {
        n: 1,
        at: late.at,
        result: 'postponed',
        status: 503,
        why: '503 Service Unavailable',
        next_at: late.at + 5_000,
        dns_ms: 1,
        answer: 200,
      },
      {
        n: 2,
        at: late.at + DAY_MS + 100,
        result: 'dead',
        status: 400,
        why: '400 Bad Request',
        next_at: null,
        dns_ms: null,
        answer: null,
      },
    ],
  );
});

test('of a long past the last 50 attempts are kept', async (t) => {
  const { clock, rows, end } = await opened(t);

  for (let n = 0; n < 60; n += 1) await end(postponed(clock, 1));

  const [kept] = rows('SELECT count(*) AS n, min(n) AS first, max(n) AS last FROM attempts');
  assert.deepEqual({ ...kept }, { n: 50, first: 11, last: 60 });
});

test('what was delivered and is sent again keeps its timeline, and is in the ledger once', async (t) => {
  const { clock, rows, end, replay } = await opened(t);
  await end(postponed(clock, 1));
  await end({ kind: 'delivered', at: clock.now(), status: 200, ms: 9, trace: TRACE });

  assert.equal(replay(), 'replayed');
  assert.deepEqual(rows('SELECT * FROM ledger'), []);
  assert.equal(rows('SELECT refs FROM bundle_refs')[0]?.refs, 1);
  await end(delivered(clock));

  assert.deepEqual(
    rows('SELECT n, result, first_byte_ms FROM attempts').map((row) => ({ ...row })),
    [
      { n: 1, result: 'postponed', first_byte_ms: null },
      { n: 2, result: 'delivered', first_byte_ms: 40 },
    ],
  );
  assert.deepEqual(
    rows('SELECT attempts FROM ledger').map((row) => row.attempts),
    [3],
  );
  assert.equal(rows('SELECT refs FROM bundle_refs')[0]?.refs, 0);
});

test('what was dropped can be sent again', async (t) => {
  const { clock, rows, end, replay, drop } = await opened(t);
  await end(dead(clock));
  drop();

  assert.equal(replay(), 'replayed');
  assert.equal(rows('SELECT refs FROM bundle_refs')[0]?.refs, 1);
  await end(delivered(clock));

  assert.deepEqual(
    rows('SELECT n, result FROM attempts').map((row) => ({ ...row })),
    [{ n: 1, result: 'dead' }],
  );
  assert.deepEqual(
    rows('SELECT result, attempts FROM ledger').map((row) => ({ ...row })),
    [{ result: 'delivered', attempts: 2 }],
  );
});

test('replay says what is owed already, what is unknown, and what has no bytes any more', async (t) => {
  const { clock, rows, write, end, replay } = await opened(t);
  assert.equal(replay(), 'owed');
  await end(delivered(clock));
  assert.equal(replay(), 'replayed');
  assert.equal(replay(), 'owed');
  await end(delivered(clock));

  write('DELETE FROM bundles; DELETE FROM bundle_refs');
  assert.equal(replay(), 'gone');
  assert.equal(rows('SELECT * FROM ledger').length, 1);
  assert.equal(rows('SELECT * FROM owed').length, 0);

  write('DELETE FROM ledger');
  assert.equal(replay(), 'unknown');
});

const OLD = 'older than its route wants';

for (const [name, before, past] of [
  ['never tried', [], [[0, 'expired', OLD, false]]],
  ['tried once', [postponed], [[1, 'expired', '503 Service Unavailable', false]]],
] as const) {
  test(`what died of age, ${name}, says so after a person had it sent`, async (t) => {
    const { clock, folder, end, replay } = await opened(t);
    for (const outcome of before) await end(outcome(clock, 1_000));
    await end(expired(clock));
    replay();

    await end(delivered(clock));

    const beside = new Beside(folder, { readOnly: true });
    t.after(() => beside.close());
    const [entry] = ledgerEntries(beside, { now: clock.now() });
    const [one] = timelineOf(beside, 'event-000001', clock.now()).routes;
    assert.deepEqual([entry?.status, entry?.replay, one?.replay], ['delivered', true, true]);
    assert.deepEqual(
      one?.remembered.map(({ n, result, why, replay }) => [n, result, why, replay]),
      [...past, [before.length + 1, 'delivered', undefined, true]],
    );
  });
}

test('what a person drops after it died of age says of what, and is no replay', async (t) => {
  const { clock, folder, end, drop } = await opened(t);
  await end(expired(clock));

  drop();

  const beside = new Beside(folder, { readOnly: true });
  t.after(() => beside.close());
  const [entry] = ledgerEntries(beside, { now: clock.now() });
  const [one] = timelineOf(beside, 'event-000001', clock.now()).routes;
  assert.deepEqual([entry?.status, entry?.replay], ['dropped', false]);
  assert.deepEqual(
    one?.remembered.map(({ n, why }) => [n, why]),
    [[0, OLD]],
  );
});

test('a piece of an unreadable page is never owed to anybody, not even when it was dropped', async (t) => {
  const { clock, outbox, rows, write, beside } = await opened(t);
  write('DELETE FROM owed');
  const leftovers = [{ raw: Buffer.from('{"half'), why: 'the page ended early' }];
  await outbox.commit({ events: [], leftovers }, allTo(A), never);

  assert.equal(beside.replay(0, 2, clock.now()), 'unknown');
  beside.drop(0, 2, clock.now());
  assert.equal(beside.replay(0, 2, clock.now()), 'unknown');

  assert.deepEqual(rows('SELECT * FROM owed'), []);
});

test('a replay on a route with an order is owed at once by those who know no order, and sent in it', async (t) => {
  const { clock, outbox, rows, end, replay } = await opened(t, ordered(A, 1));
  await outbox.commit(pageOf([eventOf(2)]), allTo(A), never);
  await end(delivered(clock));

  assert.equal(replay(), 'replayed');
  assert.deepEqual(
    rows('SELECT seq, due_at, lane FROM owed ORDER BY seq').map((row) => ({ ...row })),
    [
      { seq: 1, due_at: -2, lane: null },
      { seq: 2, due_at: 0, lane: 'lane 0' },
    ],
  );
  await outbox.tidy();

  assert.deepEqual(
    rows('SELECT seq, due_at, lane FROM owed ORDER BY seq').map((row) => ({ ...row })),
    [
      { seq: 1, due_at: -1, lane: 'lane 0' },
      { seq: 2, due_at: 0, lane: 'lane 0' },
    ],
  );
});
