/** The last line of the terminal while a stretch of the log is read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../../src/cli/bounded-read/progress.ts';

function desk(isTTY: boolean) {
  let written = '';
  const write = (text: string | Uint8Array) => {
    written += text;
  };
  const progress = new Progress({ isTTY, columns: 80, write });
  return { progress, shown: () => written.split('\r\u001b[K').at(-1) };
}

test('says why it stands still, until it goes on', () => {
  const { progress, shown } = desk(true);

  progress.waits(30_000);
  const before = shown();
  progress.show(1_000, undefined);
  progress.waits(1_999);
  const short = shown();
  progress.waits(30_000);
  const long = shown();
  progress.show(2_000, undefined);

  assert.equal(before, '');
  assert.equal(short, '1,000 events (^C to see what there is so far)');
  assert.equal(
    long,
    '1,000 events, waits 30 s for the rate limit (^C to see what there is so far)',
  );
  assert.equal(shown(), '2,000 events (^C to see what there is so far)');
});

test('shows nothing where there is no terminal', () => {
  const { progress, shown } = desk(false);

  progress.show(1_000, undefined);
  progress.waits(30_000);

  assert.equal(shown(), '');
});
