/** Who shares Okta's rate limit with the daemon. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { openReader, readersBeside } from '../../../src/state/beside/readers.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const MINUTE_MS = 60_000;

function opened(t: TestContext) {
  const folder = tempFolder(t);
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  const beside = new Beside(folder, { readOnly: false });
  t.after(async () => {
    beside.close();
    await outbox.close();
  });
  return { clock, outbox, beside };
}

/** Of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

test('the daemon gives up half of its share while somebody reads, and a minute longer', async (t) => {
  const { clock, outbox, beside } = opened(t);
  assert.equal(await outbox.rateShare(), 0.5);

  const reader = openReader(beside, { pid: process.pid, what: 'backfill 1', now: clock.now() });
  assert.equal(await outbox.rateShare(), 0.25);
  for (let minute = 0; minute < 10; minute += 1) {
    await clock.advance(MINUTE_MS);
    assert.equal(reader.share(clock.now(), 'runs'), 0.25);
    assert.equal(await outbox.rateShare(), 0.25);
  }
  reader.close(clock.now());
  await clock.advance(MINUTE_MS);
  assert.equal(await outbox.rateShare(), 0.25);
  await clock.advance(MINUTE_MS);

  assert.equal(await outbox.rateShare(), 0.5);
});

test('a reader that was killed counts for a minute after it was last heard of', async (t) => {
  const { clock, outbox, beside } = opened(t);
  openReader(beside, { pid: deadPid(), what: 'backfill 1', now: clock.now() });

  await clock.advance(MINUTE_MS - 1);
  const before = await outbox.rateShare();
  await clock.advance(1);

  assert.deepEqual([before, await outbox.rateShare()], [0.25, 0.5]);
});

test('several readers divide what they have, and one alone without a daemon has all', (t) => {
  const { clock, beside } = opened(t);
  const now = clock.now();
  const first = openReader(beside, { pid: process.pid, what: 'backfill 1', now });
  const alone = [first.share(now, 'none'), first.share(now, 'runs')];
  openReader(beside, { pid: process.ppid, what: 'audit', now });
  openReader(beside, { pid: deadPid(), what: 'audit', now });

  assert.deepEqual(alone, [0.5, 0.25]);
  assert.deepEqual([first.share(now, 'none'), first.share(now, 'runs')], [0.25, 0.125]);
  const found = readersBeside(beside, now).map(({ what, isAlive }) => `${what} ${isAlive}`);
  assert.deepEqual(found.sort(), ['audit false', 'audit true', 'backfill 1 true']);
});
