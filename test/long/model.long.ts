/**
 * The model test: many seeds, each a story of late events, refusals, crashes and clocks that jump, and of people who
 * change the routes, pause them and have events sent again. Run one again with LOGHOOK_SEED and LOGHOOK_SEEDS=1;
 * LOGHOOK_STORY=1 prints what happened in it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelReport, runModel } from '../support/model/run.ts';
import { numberFrom, repeatWith } from '../support/seeds.ts';

const FIRST = numberFrom('LOGHOOK_SEED', 1);
const SEEDS = numberFrom('LOGHOOK_SEEDS', 300);
/** So many failing seeds are shown before the rest is left alone. */
const ENOUGH = numberFrom('LOGHOOK_FAILURES', 5);

function explain(seed: number, { violations, story, log }: ModelReport): string {
  return [
    repeatWith('long/model.long', { LOGHOOK_SEED: seed, LOGHOOK_SEEDS: 1, LOGHOOK_STORY: 1 }),
    ...violations.slice(0, 10),
    ...(process.env.LOGHOOK_STORY ? log : story.slice(-10)),
  ].join('\n');
}

test(`keeps every promise for ${SEEDS} seeds`, async (t) => {
  const failed: string[] = [];
  const sum = { events: 0, pairs: 0, dead: 0, attempts: 0 };
  for (let seed = FIRST; seed < FIRST + SEEDS && failed.length < ENOUGH; seed += 1) {
    const report = await runModel(seed);
    sum.events += report.counts.events;
    sum.pairs += report.counts.pairs;
    sum.dead += report.counts.dead;
    sum.attempts += report.counts.attempts;
    if (report.violations.length > 0) failed.push(explain(seed, report));
  }
  t.diagnostic(
    `${SEEDS} seeds, ${sum.events} events, ${sum.pairs} deliveries in ${sum.attempts} attempts, ${sum.dead} dead letters`,
  );
  assert.equal(failed.join('\n\n'), '');
});
