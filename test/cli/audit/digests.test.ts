/** Which digests were added. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Digests } from '../../../src/cli/audit/digests.ts';
import { digestOf } from '../../../src/state/owed/digest.ts';

function digest(n: number): Buffer {
  return digestOf(Buffer.from(String(n)));
}

test('knows those that were added, in any order, and no others', () => {
  const digests = new Digests();
  assert.equal(digests.isEmpty, true);
  assert.equal(digests.has(digest(1)), false);

  for (let n = 0; n < 70_000; n += 1) digests.add(digest(n));

  assert.equal(digests.isEmpty, false);
  for (const n of [0, 1, 65_535, 65_536, 69_999]) assert.equal(digests.has(digest(n)), true);
  for (const n of [-1, 70_000, 90_000]) assert.equal(digests.has(digest(n)), false);
});
