/**
 * A disk that is full, or read-only, for real: a tmpfs of a few MB, so it wants the right to mount one. What runs there
 * is in the `.inside.ts` files.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { onSmallDisk } from '../support/small-disk.ts';
import { tempFolder } from '../support/temp-folder.ts';

const onLinux = { skip: process.platform === 'linux' ? false : 'tmpfs is on Linux only' };

const SCENARIOS = [
  'a page waits while the disk is full, nothing is sent, and it goes on by itself',
  'outcomes are kept while the disk is full, nothing more is sent, and nothing is lost',
  'while only a large page does not fit, sending goes on, and it is said once',
  'a stop ends the wait for room; what cannot be recorded is counted and may be sent again',
  'what is kept for replays gives way on a small disk, and nothing waits for it',
  'on a disk that is full from the start, opening says what to do',
  'however little room there is, an opening that lacks it is told from other faults',
];

for (const name of SCENARIOS) {
  test(name, onLinux, async (t) => {
    const file = fileURLToPath(new URL('./full-disk.inside.js', import.meta.url));

    const output = await onSmallDisk(file, tempFolder(t), `^${name}$`);

    assert.match(output, new RegExp(`^ok \\d+ - ${name}$`, 'm'));
  });
}

test('a disk that is mounted read-only is refused, with a hint', onLinux, async (t) => {
  const file = fileURLToPath(new URL('./read-only.inside.js', import.meta.url));

  assert.match(await onSmallDisk(file, tempFolder(t)), /pass 1\b/);
});
