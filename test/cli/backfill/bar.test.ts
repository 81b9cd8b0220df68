/** How far a backfill has come, as people see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bar } from '../../../src/cli/backfill/bar.ts';
import { Progress } from '../../../src/cli/bounded-read/progress.ts';

const FROM = Date.parse('2026-11-20T00:00:00.000Z');
const HOUR_MS = 3_600_000;

function desk(isTTY: boolean, eventsBefore = 0, columns = 100) {
  let written = '';
  let now = 0;
  const stderr = {
    isTTY,
    columns,
    write: (text: string | Uint8Array) => {
      written += text;
    },
  };
  const progress = new Progress(stderr);
  const span = { from: FROM, until: FROM + 10 * HOUR_MS };
  const parts = { progress, stderr, isDry: false, ...span, monotonic: () => now };
  const bar = new Bar(parts, eventsBefore);
  return {
    waits: (ms: number) => bar.waits(ms),
    show: (hours: number, events: number, afterMs: number) => {
      now = afterMs;
      bar.show({ events, owed: 7, readTo: FROM + hours * HOUR_MS });
    },
    shown: () => written.split('\r\u001b[K').at(-1),
    written: () => written,
  };
}

test('a terminal gets a bar by how far it has come in time, with what is left', () => {
  const { show, shown } = desk(true);

  show(2.5, 3_000, 2_000);

  assert.equal(shown(), '[#####...............] 25%  3,000 events read, 7 owed, 1,500/s, 6 s left');
});

test('the rate is of this run, not of the one that was cut off', () => {
  const { show, shown } = desk(true, 2_000);

  show(5, 3_000, 1_000);

  assert.match(shown() ?? '', /50% {2}3,000 events read, 7 owed, 1,000\/s, 1 s left$/);
});

test('a bar that stands still says why', () => {
  const { show, waits, shown } = desk(true);
  show(5, 1_000, 1_000);

  waits(1_999);
  const short = shown();
  waits(40_000);

  assert.doesNotMatch(short ?? '', /waits/);
  assert.match(shown() ?? '', /50% {2}1,000 events read, waits 40 s for the rate limit$/);
});

test('a narrow terminal gets as much as fits on a line', () => {
  const { show, shown } = desk(true, 0, 40);

  show(2.5, 3_000, 2_000);

  assert.equal(shown(), '[#####...............] 25%  3,000 event');
});

test('where there is no terminal a line comes every ten seconds', () => {
  const { show, written } = desk(false);

  show(1, 100, 9_999);
  show(2, 200, 10_000);
  show(3, 300, 19_999);
  show(4, 400, 20_000);

  assert.equal(
    written(),
    `200 events read, 7 owed, 20/s, 40 s left, up to 2026-11-20T02:00:00.000Z
400 events read, 7 owed, 20/s, 30 s left, up to 2026-11-20T04:00:00.000Z
`,
  );
});
