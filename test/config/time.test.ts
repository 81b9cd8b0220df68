import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration, parseInstant } from '../../src/config/time.ts';

const now = Date.parse('2026-11-21T08:00:00.000Z');

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

test('reads instants', () => {
  const table: readonly (readonly [text: string, expected: string])[] = [
    ['2h', '2026-11-21T06:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-20T10:00Z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20T10:00:00z', '2026-11-20T10:00:00.000Z'],
    ['2026-11-20 10:00:00.5+02:00', '2026-11-20T08:00:00.500Z'],
    ['2026-11-20T10:00:00-0800', '2026-11-20T18:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
  ];

  for (const [text, expected] of table) {
    const at = parseInstant(text, now);
    assert.equal(typeof at === 'number' ? new Date(at).toISOString() : at.error, expected, text);
  }
});

test('says why an instant is none', () => {
  const table: readonly (readonly [text: string, error: RegExp])[] = [
    ['', /neither/],
    ['yesterday', /neither/],
    ['20', /neither/],
    ['2026', /neither/],
    ['11/20/2026', /neither/],
    ['2026-11-20T10:00:00', /without its zone/],
    ['2026-02-30', /calendar/],
    ['2026-13-01T10:00Z', /calendar/],
    ['2026-11-20T25:00Z', /time of the day/],
  ];

  for (const [text, error] of table) {
    const at = parseInstant(text, now);
    assert.match(typeof at === 'number' ? new Date(at).toISOString() : at.error, error, text);
  }
});
