/** What doctor finds in a state folder: real SQLite, beside a daemon that holds it or without one. */
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { Sandbox } from '../../support/loghook.ts';
import { A, allTo, dead, never, recordAll, takeDue } from '../../support/outbox-events.ts';
import { diagnose, found, notFound } from './desk.ts';
import { closedState, ENV, owe, poll } from './state-desk.ts';

const DAY_MS = 86_400_000;

test('nothing has run yet', async (t) => {
  const { findings } = await diagnose(new Sandbox(t), ENV);

  found(findings, 'state-none', /nothing has run/);
  found(findings, 'daemon-none', /no daemon runs/, /loghook run/);
});

test('a sound state with nothing overdue, which looking at it leaves as it is', async (t) => {
  const { sandbox, folder } = await closedState(t, 60_000, poll);
  const before = readFileSync(join(folder, 'state.db'));

  const { findings } = await diagnose(sandbox, ENV);

  found(findings, 'state-sound', /the database is sound, 1 MB/);
  found(findings, 'deliveries-fine', /nothing is overdue, 0 queued/);
  found(findings, 'folder-fine', /./);
  for (const id of ['token-idle', 'gaps-seen', 'dead-letters', 'trouble-noted'] as const)
    notFound(findings, id);
  assert.deepEqual(readFileSync(join(folder, 'state.db')), before);
});

test('a folder that --state names itself, and the only org there is', async (t) => {
  const { sandbox, folder } = await closedState(t, 60_000, poll);

  const named = await diagnose(sandbox, ENV, ['--state', folder]);
  const only = await diagnose(sandbox, {});

  for (const { findings } of [named, only]) found(findings, 'state-sound', /./);
});

test('gaps, trouble and dead letters', async (t) => {
  const { sandbox } = await closedState(t, 60_000, async (desk) => {
    const { outbox, clock } = desk;
    await owe(desk);
    const gap = { at: clock.now(), kind: 'refused-link', why: 'Okta answered 400' } as const;
    await outbox.commit({ events: [], gaps: [gap] }, allTo(A), never);
    await outbox.saveTrouble('HTTP 401 \u001b[31m');
    const [one] = await takeDue(outbox, A, clock.now());
    assert.ok(one);
    await recordAll(outbox, clock, A, [[one, dead(clock)]]);
  });

  const { findings } = await diagnose(sandbox, ENV);
  const shown = await sandbox.run(['doctor'], { env: ENV });

  found(findings, 'gaps-seen', /^1 gap in the last 7 days, .*refused link/, /audit.*backfill/);
  found(findings, 'trouble-noted', /the last run could not read Okta, since .*HTTP 401/, /above/);
  found(findings, 'dead-letters', /^1 dead letter waiting/, /loghook dead list/);
  assert.doesNotMatch(shown.stdout, /(?!\n)\p{Cc}/u);
});

test('gaps of last month are over', async (t) => {
  const { sandbox } = await closedState(t, 10 * DAY_MS, async ({ outbox, clock }) => {
    const gap = { at: clock.now(), kind: 'refused-link', why: 'Okta answered 400' } as const;
    await outbox.commit({ events: [], gaps: [gap] }, allTo(A), never);
  });

  notFound((await diagnose(sandbox, ENV)).findings, 'gaps-seen');
});

test('a token that nobody has used for weeks', async (t) => {
  const { sandbox } = await closedState(t, 25 * DAY_MS, poll);

  const { findings } = await diagnose(sandbox, ENV);

  found(findings, 'token-idle', /last polled .*25 days ago.* 30 days/, /let loghook run/);
});

test('a state that a newer loghook wrote, and one that an older did', async (t) => {
  const { sandbox, folder } = await closedState(t, 60_000, poll);
  const database = openDatabase(join(folder, 'state.db'));
  database.exec('PRAGMA user_version = 99');
  database.close();
  const other = new Sandbox(t);
  const older = join(other.home, '.local/state/loghook/127.0.0.1-9');
  cpSync(fileURLToPath(new URL('../../../../test/data/state-v1', import.meta.url)), older, {
    recursive: true,
  });
  const before = readFileSync(join(older, 'state.db'));

  const newer = await diagnose(sandbox, ENV);
  const { findings } = await diagnose(other, ENV);

  found(
    newer.findings,
    'state-newer',
    /has version 99, this loghook knows up to \d+$/,
    /newer loghook/,
  );
  found(findings, 'state-older', /has version 1, .*makes it new/);
  assert.deepEqual(readFileSync(join(older, 'state.db')), before);
});

test('a database that is none, and one of another program', async (t) => {
  const garbage = new Sandbox(t);
  const folder = join(garbage.home, '.local/state/loghook/127.0.0.1-9');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'state.db'), 'x'.repeat(100_000));
  const foreign = new Sandbox(t);
  const theirs = join(foreign.home, '.local/state/loghook/127.0.0.1-9');
  mkdirSync(theirs, { recursive: true });
  const database = openDatabase(join(theirs, 'state.db'));
  database.exec('CREATE TABLE theirs (x)');
  database.close();

  found(
    (await diagnose(garbage, ENV)).findings,
    'state-unreadable',
    /could not read the state .*not a database/,
    /damaged/,
  );
  found((await diagnose(foreign, ENV)).findings, 'state-unreadable', /another program/, /--state/);
});

test('a database with damage inside', async (t) => {
  const { sandbox, folder } = await closedState(t, 60_000, owe);
  const path = join(folder, 'state.db');
  const { length } = readFileSync(path);
  const file = openSync(path, 'r+');
  for (let at = 4 * 8192; at < length; at += 8192)
    writeSync(file, Buffer.alloc(512, 0xa5), 0, 512, at);

  const { findings } = await diagnose(sandbox, ENV);

  found(findings, 'state-damaged', /the database is damaged: /, /backup/);
});

test('a lock that is damaged: nothing else is lost with it', async (t) => {
  const { sandbox, folder } = await closedState(t, 60_000, owe);
  const lock = join(folder, 'lock.db');
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  for (const spoil of [() => writeFileSync(lock, 'x'.repeat(9_000)), () => mkdirSync(lock)]) {
    rmSync(lock);
    spoil();
    const { findings } = await diagnose(sandbox, ENV);

    found(findings, 'lock-damaged', /lock\.db is (not a database|a folder)/, /Nothing is lost/);
    found(findings, 'state-sound', /./);
  }
  rmSync(lock, { recursive: true });
  writeFileSync(lock, 'x'.repeat(9_000));
  const { code, stderr } = await sandbox.run(['--once'], { env: ENV });

  assert.equal(code, 3);
  assert.match(
    stderr,
    /could not lock .*lock\.db \(.*\)\n {2}→ It holds nothing but the lock: .*remove it/,
  );
});

test('a lock that we may not look at says nothing of a daemon', async (t) => {
  const { sandbox, folder } = await closedState(t, 60_000, poll);
  rmSync(join(folder, 'lock.db'));
  symlinkSync('lock.db', join(folder, 'lock.db'));

  const { findings } = await diagnose(sandbox, ENV);

  found(findings, 'daemon-unknown', /cannot be seen \(ELOOP/, /sudo -u loghook/);
  notFound(findings, 'daemon-none');
});

test('a large database, and a large log before it', async (t) => {
  const made = await closedState(t, 60_000, poll);
  // A copy: where SQLite is a package, what was closed may be tidied up only later.
  const sandbox = new Sandbox(t);
  const folder = join(sandbox.home, '.local/state/loghook/127.0.0.1-9');
  cpSync(made.folder, folder, { recursive: true });
  truncateSync(join(folder, 'state.db'), 1_600_000_000);
  writeFileSync(join(folder, 'state.db-wal'), '');
  truncateSync(join(folder, 'state.db-wal'), 300_000_000);

  const { findings } = await diagnose(sandbox, ENV);

  found(findings, 'state-large', /has 1\.6 GB/, /loghook status/);
  found(findings, 'wal-large', /has 300 MB/, /restart/);
  found(findings, 'state-sound', /but for the events' bytes/);
});
