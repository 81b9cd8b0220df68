/** A state whose file is damaged behind its first page: every command says so, ends with 3 and changes nothing. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Sandbox } from '../support/loghook.ts';
import { A, allTo, eventsOf, never, pageOf } from '../support/outbox-events.ts';

const ENV = { OKTA_ORG_URL: 'http://127.0.0.1:9', OKTA_API_KEY: 'any' };

const COMMANDS: readonly string[] = [
  'run',
  'status',
  'deliveries',
  'show event-000001',
  'dead list',
  'dead replay --all',
  'pause --all',
  'resume --all',
  'route list',
  'replay --since 1h',
  'backfill --since 1h',
  'audit --since 1h',
];

async function damagedState(t: TestContext) {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const whole = join(sandbox.home, 'whole');
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder: whole, clock, log: silentLog(), pid: process.pid });
  await outbox.adopt([A]);
  await outbox.commit(pageOf(eventsOf(1, 50)), allTo(A), never);
  await outbox.close();
  const bytes = readFileSync(join(whole, 'state.db')).fill(0xa5, 8_192);
  const folder = join(sandbox.cwd, 'state', '127.0.0.1-9');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'state.db');
  writeFileSync(path, bytes);
  return { sandbox, path, bytes };
}

for (const command of COMMANDS) {
  test(`${command}: exits 3, names the file and leaves it byte for byte as it was`, async (t) => {
    const { sandbox, path, bytes } = await damagedState(t);

    const args = [...command.split(' '), '--state', 'state'];
    const { code, stderr } = await sandbox.run(args, { env: ENV });

    assert.equal(code, 3, stderr);
    assert.match(
      stderr,
      /could not .*state\.db \(database disk image is malformed\)\n {2}→ The file/,
    );
    assert.ok(readFileSync(path).equals(bytes));
  });
}
