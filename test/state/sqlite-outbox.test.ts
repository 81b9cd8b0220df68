/** The outbox contract over SQLite, and what only its file can show. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { openStateBeside } from '../../src/state/database/schema.ts';
import { inTransaction, openDatabase } from '../../src/state/database/sqlite.ts';
import { Bundles } from '../../src/state/intake/bundles.ts';
import { Settlements } from '../../src/state/owed/settlements.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { type OutboxStore, outboxContract } from '../contracts/outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
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
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { tempFolder } from '../support/temp-folder.ts';

function storeFor(t: TestContext): OutboxStore & { readonly folder: string } {
  const folder = join(tempFolder(t), 'acme.okta.com');
  const clock = new FakeClock();
  let open: SqliteOutbox | undefined;
  const close = async () => {
    await open?.close();
    open = undefined;
  };
  t.after(close);
  return {
    folder,
    clock,
    open: async () => {
      await close();
      open = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
      return open;
    },
    replay: (ids) => replayBeside(folder, ids, clock.now()),
  };
}

outboxContract('sqlite outbox', storeFor);

/** What `loghook replay` does, beside a daemon. */
function replayBeside(folder: string, ids: readonly string[], now: number): number {
  const database = openStateBeside(join(folder, 'state.db'), { readOnly: false });
  const settlements = new Settlements(database, new Bundles(database));
  let replayed = 0;
  inTransaction(database, () => {
    for (const id of ids) {
      const rows = database.prepare(
        `SELECT seq, id AS route FROM (SELECT seq FROM events WHERE events.id = ?), (SELECT id FROM routes WHERE id > 0)`,
      );
      for (const { seq, route } of rows.all(id)) {
        if (settlements.replay(Number(route), Number(seq), now) === 'replayed') replayed += 1;
      }
    }
  });
  database.close();
  return replayed;
}

/** One value, as another process sees it. */
function query(folder: string, sql: string): unknown {
  const database = openDatabase(join(folder, 'state.db'));
  try {
    return Object.values(database.prepare(sql).get() ?? {})[0];
  } finally {
    database.close();
  }
}

test('an event for many routes is stored once, and needed until the last of them is done', async (t) => {
  const { folder, clock, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf([eventOf(1)]), allTo(A, B), never);
  assert.equal(query(folder, 'SELECT count(*) FROM bundles'), 1);
  const [ofA] = await takeDue(outbox, A, clock.now());
  const [ofB] = await takeDue(outbox, B, clock.now());

  await recordAll(outbox, clock, A, [[ofA!, delivered(clock)]]);
  assert.equal(query(folder, 'SELECT refs FROM bundle_refs'), 1);
  await recordAll(outbox, clock, B, [[ofB!, delivered(clock)]]);

  assert.equal(query(folder, 'SELECT refs FROM bundle_refs'), 0);
  assert.equal(
    query(folder, "SELECT count(*) FROM ledger WHERE result = 'delivered' AND status = 200"),
    2,
  );
});

test('the same outcome recorded twice lets go of the body once', async (t) => {
  const { folder, clock, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf([eventOf(1)]), allTo(A, B), never);
  const [due] = await takeDue(outbox, A, clock.now());

  await recordAll(outbox, clock, A, [
    [due!, delivered(clock)],
    [due!, delivered(clock)],
  ]);

  assert.equal(query(folder, 'SELECT refs FROM bundle_refs'), 1);
  assert.equal((await takeDue(outbox, B, clock.now())).length, 1);
});

test('a dead letter keeps its bytes', async (t) => {
  const { folder, clock, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A]);
  await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
  const [due] = await takeDue(outbox, A, clock.now());

  await recordAll(outbox, clock, A, [[due!, dead(clock)]]);

  const raw = query(
    folder,
    'SELECT substr(raw, at + 1, size) FROM dead JOIN events USING (seq) JOIN bundles ON bundles.id = bundle WHERE status = 400',
  );
  assert.deepEqual(Buffer.from(raw as Uint8Array), eventOf(1).raw);
});

test('what could not be cut becomes a dead letter of route 0, once', async (t) => {
  const { folder, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A]);
  const leftovers = [{ raw: Buffer.from('{"half'), why: 'the page ended early' }];

  await outbox.commit({ events: [], leftovers }, allTo(A), never);
  await outbox.commit({ events: [], leftovers }, allTo(A), never);

  assert.equal(query(folder, 'SELECT count(*) FROM dead WHERE route = 0'), 1);
  assert.deepEqual(
    Buffer.from(query(folder, 'SELECT raw FROM bundles') as Uint8Array),
    leftovers[0]!.raw,
  );
});

test('a long queue stays on disk: the window over it is small', async (t) => {
  const { clock, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A]);
  for (let page = 0; page < 20; page += 1) {
    await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000, 'x'.repeat(2_000))), allTo(A), never);
  }
  global.gc?.();
  const before = process.memoryUsage().arrayBuffers;

  const taken = await takeDue(outbox, A, clock.now(), 1);

  assert.equal(taken.length, 1);
  // 20,000 events of 2 KB are 40 MB; the window holds 2,250 of them at most.
  assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
});

test('tidy notices what another process changed, and due wakes', async (t) => {
  const { folder, clock, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A]);
  await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
  const [due] = await takeDue(outbox, A, clock.now());
  await recordAll(outbox, clock, A, [[due!, dead(clock)]]);
  const next = outbox.due({ key: A.key, room: async () => {} }, never)[Symbol.asyncIterator]();
  const waiting = next.next();
  const other = openDatabase(join(folder, 'state.db'));
  other.exec(
    `BEGIN; INSERT INTO owed (route, due_at, seq) SELECT route, ${clock.now()}, seq FROM dead;
     DELETE FROM dead; COMMIT`,
  );
  other.close();

  await outbox.tidy();

  assert.equal((await waiting).value.event.id, eventOf(1).id);
});

test('what other processes asked of a route, and gaps, are kept', async (t) => {
  const { folder, open } = storeFor(t);
  const outbox = await open();
  await outbox.adopt([A, B]);
  const other = openDatabase(join(folder, 'state.db'));
  other.prepare('UPDATE routes SET paused_at = 5, resumed_at = 7 WHERE key = ?').run(B.key);
  other.close();

  const changed = await outbox.tidy();
  const gap = {
    at: 9,
    kind: 'beyond-retention',
    fromMs: 1,
    toMs: 2,
    why: 'off too long',
  } as const;
  await outbox.commit({ events: [], gaps: [gap] }, allTo(A), never);

  assert.equal(changed, true);
  assert.deepEqual(await outbox.wishes(), [
    { key: A.key, paused: false },
    { key: B.key, paused: true, resumedAt: 7 },
  ]);
  assert.equal(
    query(folder, 'SELECT at || kind || from_at || to_at || why FROM gaps'),
    '9beyond-retention12off too long',
  );
});
