/** A handful of the model test's seeds; `npm run test:long` runs hundreds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runModel } from '../support/model/run.ts';

/** Seeds that failed once, and what was wrong then. */
const REGRESSIONS: readonly (readonly [seed: number, what: string])[] = [
  [140, 'a nap of 6 s made it forget what it had sent in the window, and take its share twice'],
  [2, 'a clock that was set back sent what was in flight again after its 2xx was recorded'],
];
const OTHERS = [1, 3, 10, 12];

for (const [seed, what] of REGRESSIONS) {
  test(`keeps every promise for seed ${seed}: ${what}`, () => holds(seed, true));
}

for (const seed of OTHERS) {
  test(`keeps every promise for seed ${seed}`, () => holds(seed));
}

async function holds(seed: number, plain = false): Promise<void> {
  const { violations, story } = await runModel(seed, plain);

  assert.deepEqual(violations, [], story.join('\n'));
}
