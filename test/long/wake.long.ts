/**
 * Sleep and wake on the real process: Debian's faketime moves its wall clock while its timers go on as they were, which
 * is what a laptop that slept sees.
 */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { Daemon } from '../support/daemon.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { requireTool } from '../support/tools.ts';

/** "At once": the clock is looked at once a second, and the machine may be busy. */
const AT_ONCE_MS = 10_000;
const skip = process.platform === 'linux' ? false : 'faketime is for Linux';

test('polls at once on waking, and a clock that is set back holds up no retry', {
  skip,
}, async (t) => {
  const { org } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const clockFile = sandbox.write('clock', '+0\n');
  addEvents(org, 3, 10_000, 1);
  const daemon = new Daemon(sandbox, {
    org,
    routes: [['.', receiver.url]],
    args: ['--interval', '1h'],
    env: {
      LD_PRELOAD: libfaketime(),
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  await daemon.until(() => receiver.accepted === 3, 'the first events');
  assert.equal(org.requestCount, 1);

  addEvents(org, 3, 0, 2);
  writeFileSync(clockFile, '+8h\n');
  await daemon.until(() => receiver.accepted === 6, 'the events after waking', AT_ONCE_MS);
  assert.equal(org.requestCount, 2);

  receiver.answer = ({ attempt }) => ({ status: attempt === 1 ? 500 : 204 });
  addEvents(org, 3, 0, 3);
  writeFileSync(clockFile, '+9h\n');
  await daemon.until(() => receiver.received.length === 9, 'three refused events', AT_ONCE_MS);
  writeFileSync(clockFile, '-15h\n');
  await daemon.until(() => receiver.accepted === 9, 'the retries', 6_000 + AT_ONCE_MS);

  await new SystemClock().sleep(1_500);
  const { code } = await daemon.stop();
  assert.equal(receiver.received.length, 12);
  assert.deepEqual(daemon.warnings(), []);
  assert.equal(daemon.said('stopped')[0]?.owed, 0);
  assert.equal(daemon.loghook.stderr, '');
  assert.equal(code, 0);
});

test('a paused route stays paused as long as it was asked to when the clock is set back', {
  skip,
}, async (t) => {
  const { org } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const clockFile = sandbox.write('clock', '+0\n');
  receiver.answer = ({ attempt }) =>
    attempt === 1 ? { status: 429, headers: { 'retry-after': '8' } } : { status: 204 };
  addEvents(org, 1);
  const daemon = new Daemon(sandbox, {
    org,
    routes: [['.', receiver.url]],
    args: ['--interval', '1h'],
    env: {
      LD_PRELOAD: libfaketime(),
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  });
  await daemon.untilSaid('route slowed');

  writeFileSync(clockFile, '-1d\n');
  await daemon.until(() => receiver.accepted === 1, 'the retry', 8_000 + AT_ONCE_MS);
  const { code } = await daemon.stop();

  const [first, second] = receiver.received.map(({ at }) => at);
  assert.ok(second! - first! >= 7_000, `retried ${second! - first!} ms after Retry-After: 8`);
  assert.equal(code, 0);
});

/** The library that `faketime` preloads; the program itself would fake timers too. */
function libfaketime(): string {
  requireTool('faketime', 'faketime');
  for (const folder of readdirSync('/usr/lib', { withFileTypes: true })) {
    const library = join('/usr/lib', folder.name, 'faketime');
    if (folder.isDirectory() && exists(library)) return join(library, 'libfaketime.so.1');
  }
  throw new Error('faketime is here but its library is not: apt-get install libfaketime');
}

function exists(folder: string): boolean {
  try {
    return readdirSync(folder).includes('libfaketime.so.1');
  } catch {
    return false; // not every folder has one
  }
}
