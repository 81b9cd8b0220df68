import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from '../../src/config/did-you-mean.ts';

const STATUSES = ['due', 'waiting', 'delivered', 'dead', 'dropped', 'held', 'paused'];
const KEYS = ['name', 'match', 'url', 'method', 'headers', 'enabled', 'concurrency', 'maxAge'];

const ASKED: readonly (readonly [
  word: string,
  allowed: readonly string[],
  meant: string | undefined,
])[] = [
  ['deliverd', STATUSES, 'delivered'],
  ['dilevered', STATUSES, 'delivered'],
  ['DEAD', STATUSES, 'dead'],
  ['dea', STATUSES, 'dead'],
  ['puased', STATUSES, 'paused'],
  ['wating ', STATUSES, 'waiting'],
  ['concurency', KEYS, 'concurrency'],
  ['max_age', KEYS, 'maxAge'],
  ['header', KEYS, 'headers'],
  ['hedaers', KEYS, 'headers'],
  ['success', STATUSES, undefined],
  ['x', ['y'], undefined],
  ['', STATUSES, undefined],
  ['due', [], undefined],
  ['d'.repeat(10_000), STATUSES, undefined],
];

for (const [word, allowed, meant] of ASKED) {
  test(`"${word.slice(0, 12)}" of ${allowed.length} words: ${meant ?? 'nothing near'}`, () => {
    assert.equal(didYouMean(word, allowed), meant);
  });
}
