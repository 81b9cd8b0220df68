import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRetryAfter } from '../../src/delivery/retry-after.ts';

const NOW = Date.parse('2026-11-21T08:00:00.000Z');
const DAY = 24 * 3_600_000;

const CASES: readonly (readonly [
  value: string | readonly string[] | undefined,
  expected: number | undefined,
  why: string,
])[] = [
  [undefined, undefined, 'no header'],
  ['', undefined, 'an empty one'],
  ['   ', undefined, 'blanks'],
  ['0', 0, 'zero seconds'],
  ['1', 1_000, 'one second'],
  ['  120\t', 120_000, 'white space around it'],
  ['007', 7_000, 'leading zeros are digits'],
  ['86400', DAY, 'a day'],
  ['86401', DAY, 'more than a day is cut to one'],
  ['1000000000', DAY, '10^9 is cut to a day'],
  ['999999999999999', DAY, '15 digits are cut to a day'],
  ['99999999999999999999', undefined, 'more digits than any clock'],
  ['-5', undefined, 'negative: Date.parse would take it for May 2001'],
  ['+5', undefined, 'a sign'],
  ['1.5', undefined, 'a fraction: Date.parse would take it for January 2001'],
  ['1e3', undefined, 'an exponent'],
  ['0x10', undefined, 'hexadecimal'],
  ['5s', undefined, 'a unit'],
  ['5, 6', undefined, 'a list'],
  ['soon', undefined, 'a word'],
  ['Infinity', undefined, 'no number'],
  ['٥', undefined, 'digits of another script'],
  ['Sat, 21 Nov 2026 08:01:30 GMT', 90_000, 'a date to come'],
  ['Sat, 21 Nov 2026 07:59:00 GMT', 0, 'a date that has passed'],
  ['Sat, 28 Nov 2026 08:00:00 GMT', DAY, 'a date in a week is cut to a day'],
  ['Sun, 22 Nov 2026 08:01:30 GMT', DAY, 'a day and a little is cut'],
  ['Mon, 21 Nov 2026 08:01:30 GMT', undefined, 'the wrong weekday'],
  ['Sat, 31 Feb 2026 08:01:30 GMT', undefined, 'a day that does not exist'],
  ['Sat, 21 Nov 2026 25:01:30 GMT', undefined, 'an hour that does not exist'],
  ['Sat, 21 Nov 2026 08:01:30 +0000', undefined, 'a zone that is not GMT'],
  ['Saturday, 21-Nov-26 08:01:30 GMT', undefined, 'the form of RFC 850'],
  ['Sat Nov 21 08:01:30 2026', undefined, 'the form of asctime'],
  ['2026-11-21T08:01:30Z', undefined, 'ISO 8601'],
  [['5', '30'], 30_000, 'of two headers the longer counts'],
  [['garbage', '30'], 30_000, 'of two headers the one that can be read'],
  [['garbage', '-1'], undefined, 'two that cannot be read'],
  [[], undefined, 'no value'],
];

for (const [value, expected, why] of CASES) {
  test(`Retry-After ${JSON.stringify(value)} is read as ${expected} ms: ${why}`, () => {
    assert.equal(parseRetryAfter(value, NOW), expected);
  });
}
