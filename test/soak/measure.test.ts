/** The soak's own judgement: what it calls growth. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growth, type Sample } from './measure.ts';

/** As 15 minutes of it measured them: memory held comes and goes by some MB, RSS warms up. */
const HELD = [25, 30, 31, 30, 33, 28, 31, 31, 31, 29, 30, 30, 30, 30, 31, 31];
const RSS = [86, 136, 177, 176, 177, 177, 177, 178, 179, 178, 178, 178, 178, 180, 179, 191];

function samplesOf(change: (n: number) => Partial<Sample> = () => ({})): Sample[] {
  return HELD.map((heldMb, n) => ({
    label: `after wave ${n}`,
    events: n * 12_000,
    rssMb: RSS[n] ?? 0,
    heldMb,
    handles: 42,
    diskMb: 46,
    walMb: 11,
    ...change(n),
  }));
}

test('what comes and goes is no growth', () => {
  assert.deepEqual(growth(samplesOf()), []);
  assert.deepEqual(growth(samplesOf().slice(0, 5)), []);
});

for (const { what, change, said } of [
  {
    what: 'half a MB a wave that is held',
    change: (n: number) => ({ heldMb: (HELD[n] ?? 0) + n / 2 }),
    said: 'memory held crept from 32 to 37 MB (at most 4)',
  },
  {
    what: '7 MB a wave outside of what V8 knows',
    change: (n: number) => ({ rssMb: 177 + 7 * n }),
    said: 'RSS crept from 233 to 268 MB (at most 30)',
  },
  {
    what: 'a file handle each three waves',
    change: (n: number) => ({ handles: 42 + Math.floor(n / 3) }),
    said: 'file handles grew from 42 to 47 (at most 4 more)',
  },
  {
    what: '5 KB an event on disk',
    change: (n: number) => ({ diskMb: 46 + n * 60 }),
    said: 'disk grew from 106 to 946 MB (at most 774)',
  },
]) {
  test(`${what} is growth`, () => {
    assert.deepEqual(growth(samplesOf(change)), [said]);
  });
}
