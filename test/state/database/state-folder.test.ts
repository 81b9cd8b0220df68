/** The state folder: who may hold it, and what is refused and left as it is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StateError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { holderOf } from '../../../src/state/database/folder.ts';
import { SCHEMA_VERSION } from '../../../src/state/database/schema.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { A, allTo, eventsOf, never, pageOf } from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const onPosix = { skip: process.platform === 'win32' ? 'Windows has no file modes' : false };

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

function hashOf(folder: string): string {
  return createHash('sha256')
    .update(readFileSync(join(folder, 'state.db')))
    .digest('hex');
}

/** A folder with nothing but a whole database of today's, changed by `change`. */
async function folderWith(t: TestContext, change: (bytes: Buffer) => void): Promise<string> {
  const whole = join(tempFolder(t), 'whole');
  const outbox = open(whole);
  await outbox.adopt([A]);
  await outbox.commit(pageOf(eventsOf(1, 2_000)), allTo(A), never);
  await outbox.close();
  const folder = tempFolder(t);
  const bytes = readFileSync(join(whole, 'state.db'));
  change(bytes);
  writeFileSync(join(folder, 'state.db'), bytes);
  return folder;
}

test('a folder that a daemon holds is refused, naming its pid, and free at once after kill -9', async (t) => {
  const folder = join(tempFolder(t), 'org');
  const script = fileURLToPath(new URL('../../support/hold-folder.js', import.meta.url));
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
  // The user version: https://www.sqlite.org/fileformat.html#user_version_number
  const folder = await folderWith(t, (bytes) => bytes.writeUInt32BE(SCHEMA_VERSION + 1, 60));
  const before = hashOf(folder);

  const error = refusal(folder);

  assert.match(String(error.cause), new RegExp(`its version is ${SCHEMA_VERSION + 1}`));
  assert.match(error.hint ?? '', /newer loghook/);
  assert.equal(hashOf(folder), before);
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
  const before = hashOf(folder);

  const error = refusal(folder);

  assert.match(error.hint ?? '', /damaged.*left as it is/);
  assert.equal(hashOf(folder), before);
});

test('a database whose pages are damaged is refused and left byte for byte as it was', async (t) => {
  const folder = await folderWith(t, (bytes) => bytes.fill(0xa5, 8_192));
  const before = hashOf(folder);

  const error = refusal(folder);

  assert.match(error.hint ?? '', /damaged.*left as it is/);
  assert.equal(hashOf(folder), before);
});

test('a folder that may not be written is refused, with a hint', onPosix, async (t) => {
  const folder = tempFolder(t);
  chmodSync(folder, 0o500);
  if (process.getuid?.() === 0) return; // root may write anywhere: the next test is for it

  const error = refusal(folder);

  assert.match(error.hint ?? '', /Check who owns/);
});
