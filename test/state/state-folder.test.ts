/** The state folder: who may hold it, and what is refused and left as it is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StateError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { holderOf } from '../../src/state/folder.ts';
import { SCHEMA_VERSION } from '../../src/state/schema.ts';
import { openDatabase } from '../../src/state/sqlite.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { A, allTo, eventsOf, never, pageOf } from '../support/outbox-events.ts';
import { onSmallDisk } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';

const onPosix = { skip: process.platform === 'win32' ? 'Windows has no file modes' : false };
const onLinux = { skip: process.platform === 'linux' ? false : 'tmpfs is on Linux only' };

function open(folder: string): SqliteOutbox {
  return SqliteOutbox.open({ folder, clock: new FakeClock(), log: silentLog(), pid: process.pid });
}

function refusal(folder: string): StateError {
  try {
    void open(folder).close();
  } catch (error) {
    assert.ok(error instanceof StateError, String(error));
    return error;
  }
  throw new Error('it was opened');
}

/** Every file's name and bytes but the lock's. */
function contentOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => /^state/.test(name));
  return Object.fromEntries(
    names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]),
  );
}

test('a folder that a daemon holds is refused, naming its pid, and free at once after kill -9', async (t) => {
  const folder = join(tempFolder(t), 'org');
  const script = fileURLToPath(new URL('../support/hold-folder.js', import.meta.url));
  const holder = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');

  const error = refusal(folder);
  const seen = holderOf(folder);
  holder.kill('SIGKILL');
  await once(holder, 'exit');

  assert.match(error.message, new RegExp(`pid ${holder.pid}\\b`));
  assert.match(error.hint ?? '', /--state/);
  assert.equal(seen, holder.pid);
  assert.equal(holderOf(folder), undefined);
  const outbox = open(folder);
  assert.equal(await outbox.cursor(), undefined);
  await outbox.close();
});

test('a folder is given back on close', async (t) => {
  const folder = tempFolder(t);
  await open(folder).close();

  const again = open(folder);

  await again.close();
  assert.equal(holderOf(folder), undefined);
});

test('the folder is made for its owner alone', onPosix, async (t) => {
  const folder = join(tempFolder(t), 'a', 'b');

  await open(folder).close();

  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder, '..')).mode & 0o777, 0o700);
});

test('a folder that a newer loghook wrote is refused and left as it is', async (t) => {
  const folder = tempFolder(t);
  await open(folder).close();
  const newer = openDatabase(join(folder, 'state.db'));
  newer.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  newer.close();
  const before = contentOf(folder);

  const error = refusal(folder);

  assert.match(String(error.cause), new RegExp(`its version is ${SCHEMA_VERSION + 1}`));
  assert.match(error.hint ?? '', /newer loghook/);
  assert.deepEqual(contentOf(folder), before);
  assert.equal(holderOf(folder), undefined);
});

test('a database of another program is refused and left as it is', async (t) => {
  const folder = tempFolder(t);
  const foreign = openDatabase(join(folder, 'state.db'));
  foreign.exec('CREATE TABLE recipes (name TEXT)');
  foreign.close();

  const error = refusal(folder);

  assert.match(String(error.cause), /another program/);
  const database = openDatabase(join(folder, 'state.db'));
  assert.deepEqual(
    database
      .prepare('SELECT name FROM sqlite_master')
      .all()
      .map((row) => row.name),
    ['recipes'],
  );
  database.close();
});

test('a file that is no database is refused and left byte for byte as it was', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'state.db'), 'not a database, but somebody needs it\n'.repeat(500));
  const before = contentOf(folder);

  const error = refusal(folder);

  assert.match(error.hint ?? '', /damaged.*left as it is/);
  assert.deepEqual(contentOf(folder), before);
});

test('a database whose pages are damaged is refused, and its file left byte for byte as it was', async (t) => {
  const whole = join(tempFolder(t), 'whole');
  const outbox = open(whole);
  await outbox.adopt([A]);
  await outbox.commit(pageOf(eventsOf(1, 2_000)), allTo(A), never);
  await outbox.close();
  const folder = tempFolder(t);
  const bytes = readFileSync(join(whole, 'state.db'));
  bytes.fill(0xa5, 8_192);
  writeFileSync(join(folder, 'state.db'), bytes);
  const before = contentOf(folder);

  const error = refusal(folder);

  assert.match(error.hint ?? '', /damaged/);
  assert.equal(contentOf(folder)['state.db'], before['state.db']);
});

test('a folder that may not be written is refused, with a hint', onPosix, async (t) => {
  const folder = tempFolder(t);
  chmodSync(folder, 0o500);
  if (process.getuid?.() === 0) return; // root may write anywhere: the next test is for it

  const error = refusal(folder);

  assert.match(error.hint ?? '', /Check who owns/);
});

test('a disk that is mounted read-only is refused, with a hint', onLinux, async (t) => {
  const file = fileURLToPath(new URL('./read-only.inside.js', import.meta.url));

  assert.match(await onSmallDisk(file, tempFolder(t)), /pass 1\b/);
});
