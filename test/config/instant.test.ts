import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInstant } from '../../src/config/instant.ts';

const now = Date.parse('2026-11-21T08:00:00.000Z');

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
