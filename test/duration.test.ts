import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '../src/duration.ts';

test('reads durations', () => {
  const table: readonly (readonly [text: string, ms: number | undefined])[] = [
    ['15s', 15_000],
    ['500ms', 500],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    [' 2H ', 7_200_000],
    ['0s', 0],
    ['', undefined],
    ['15', undefined],
    ['s', undefined],
    ['-2h', undefined],
    ['2 h', undefined],
    ['2h ago', undefined],
    ['1e3s', undefined],
    ['2y', undefined],
    ['9999999999999999999w', undefined],
  ];

  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
});

test('writes durations as they are read', () => {
  for (const text of ['15s', '500ms', '1h30m', '7d', '1d2h3m4s5ms', '0s']) {
    assert.equal(formatDuration(parseDuration(text) ?? -1), text);
  }
});

test('counts a number without a unit in the unit that the setting has', () => {
  assert.equal(parseDuration('15', 's'), 15_000);
  assert.equal(parseDuration('1.5', 's'), 1_500);
  assert.equal(parseDuration('1m', 's'), 60_000);
  assert.equal(parseDuration('1.2.3', 's'), undefined);
});
