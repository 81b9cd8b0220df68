/** Run by state-folder.test.ts, with the folder of a tmpfs as its argument. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { StateError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';

const [disk = ''] = process.argv.slice(2);

test('state on a read-only disk, there or not, is refused with a hint', () => {
  const open = (folder: string) =>
    SqliteOutbox.open({ folder, clock: new FakeClock(), log: silentLog(), pid: process.pid });
  const isRefused = (error: unknown) =>
    error instanceof StateError && /read-only|may write/.test(error.hint ?? '');
  const sample = fileURLToPath(new URL('../support/sample-state.js', import.meta.url));
  execFileSync(process.execPath, [sample, join(disk, 'there')]);

  execFileSync('mount', ['-o', 'remount,ro', disk]);

  assert.throws(() => open(join(disk, 'there')), isRefused);
  assert.throws(() => open(join(disk, 'new')), isRefused);
});
