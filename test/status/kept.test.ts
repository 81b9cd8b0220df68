/** What is costly to make is made seldom, and anew when something was changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kept } from '../../src/status/kept.ts';
import { deferred } from '../support/loghook.ts';

/** Each making takes `costMs`; `at` moves the time on. */
function opened(costMs: number) {
  let now = 0;
  let made = 0;
  const kept = new Kept({ monotonic: () => now }, async () => {
    now += costMs;
    made += 1;
    return made;
  });
  const at = (ms: number) => {
    now = ms;
    return kept.get();
  };
  return { kept, at };
}

test('it is kept for ten times as long as it took', async () => {
  const { at } = opened(20);

  assert.deepEqual([await at(0), await at(219), await at(220)], [1, 1, 2]);
});

test('it is never kept for more than a second', async () => {
  const { at } = opened(500);

  assert.deepEqual([await at(0), await at(1_499), await at(1_500)], [1, 1, 2]);
});

test('what costs nothing is not kept', async () => {
  const { at } = opened(0);

  assert.deepEqual([await at(0), await at(0)], [1, 2]);
});

test('what was forgotten is made anew', async () => {
  const { kept, at } = opened(20);
  await at(0);

  kept.forget();

  assert.equal(await at(50), 2);
});

test('what was being made when it was forgotten is not kept', async () => {
  const old = deferred<string>();
  let now = 0;
  const answers = [old.promise, Promise.resolve('new')];
  const kept = new Kept({ monotonic: () => (now += 10) }, async () => answers.shift() ?? 'newer');
  const asked = kept.get();

  kept.forget();
  old.resolve('old');

  assert.deepEqual([await asked, await kept.get()], ['old', 'new']);
});
