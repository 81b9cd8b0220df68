/** An outbox as a daemon holds it: by a fake clock, in a folder of its own unless the test names one. */
import type { TestContext } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from './fake-clock.ts';
import { tempFolder } from './temp-folder.ts';

interface Kept {
  readonly folder?: string;
  readonly clock?: FakeClock;
  /** What the disk has room for. */
  readonly freeBytes?: () => number;
}

/** Closed after the test. */
export function openOutbox(
  t: TestContext,
  { folder = tempFolder(t), clock = new FakeClock(), ...more }: Kept = {},
) {
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid, ...more });
  t.after(() => outbox.close());
  return { folder, clock, outbox };
}
