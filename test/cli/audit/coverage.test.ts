/** How much of what the ledger has a list must have to prove something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coverage } from '../../../src/cli/audit/coverage.ts';

const LISTS: readonly (readonly [
  what: string,
  listed: number,
  leftOut: number,
  isEnough: boolean,
])[] = [
  ['of nothing at all', 0, 0, true],
  ['that has all', 1_000, 0, true],
  ['that is empty', 0, 1, false],
  ['that lacks a late one of a few', 2, 1, true],
  ['that lacks two of a few', 100, 2, false],
  ['that lacks one in a hundred', 990, 10, true],
  ['that lacks more', 989, 11, false],
  ['that was cut off', 1_000, 40_000, false],
];

for (const [what, listed, leftOut, isEnough] of LISTS) {
  test(`a list ${what} ${isEnough ? 'proves something' : 'proves nothing'}`, () => {
    const coverage = new Coverage();
    coverage.listed = listed;
    coverage.leftOut = leftOut;

    assert.equal(coverage.isEnough, isEnough);
  });
}
