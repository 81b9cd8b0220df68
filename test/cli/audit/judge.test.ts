/** Which patterns an event is judged by. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Judge } from '../../../src/cli/audit/judge.ts';
import { ConfigTimes } from '../../../src/state/configs.ts';

const HOUR_MS = 3_600_000;
const T0 = Date.parse('2026-11-21T08:00:00.000Z');

function at(hours: number): string {
  return new Date(T0 + hours * HOUR_MS).toISOString();
}

/** Route 1 first wants sessions, then everything, then nothing any more; route 2 comes with the second version. */
const VERSIONS = [
  { id: 10, at: T0, query: '', routes: [{ id: 1, patterns: ['^user\\.session', '^app'] }] },
  {
    id: 11,
    at: T0 + 2 * HOUR_MS,
    query: '',
    routes: [
      { id: 1, patterns: ['.*'] },
      { id: 2, patterns: ['^policy'] },
    ],
  },
  { id: 12, at: T0 + 4 * HOUR_MS, query: '', routes: [{ id: 2, patterns: ['^policy'] }] },
];

const SESSION = 'user.session.start';
const POLICY = 'policy.rule.update';

const JUDGED: readonly (readonly [
  what: string,
  type: string | undefined,
  published: string | undefined,
  config: number | undefined,
  wantedBy: readonly number[],
])[] = [
  ['by its row, not by its time', SESSION, at(3), 10, [1]],
  ['by its row, although the version is over', POLICY, at(5), 11, [1, 2]],
  ['by its time without a row', POLICY, at(1), undefined, []],
  ['by its time at the instant of a change', POLICY, at(2), undefined, [1, 2]],
  [
    'by its time a moment before',
    POLICY,
    new Date(T0 + 2 * HOUR_MS - 1).toISOString(),
    undefined,
    [],
  ],
  ['by the first version before there was any', SESSION, at(-9), undefined, [1]],
  ['by the newest version where it has no time', POLICY, 'yesterday', undefined, [2]],
  ['by the newest version without published', POLICY, undefined, undefined, [2]],
  ['by its time where its version is forgotten', SESSION, at(1), 3, [1]],
  ['without a type only by what matches all', undefined, at(3), undefined, [1]],
];

for (const [what, eventType, published, config, wantedBy] of JUDGED) {
  test(`judges ${what}`, () => {
    const judge = new Judge(VERSIONS);

    assert.deepEqual([...judge.wantedBy({ eventType, published }, config)].sort(), wantedBy);
  });
}

test('a clock that was ahead and set back does not bring an older version back', () => {
  const times = new ConfigTimes([
    { id: 1, at: 0 },
    { id: 2, at: 24 },
    { id: 3, at: 1 },
    { id: 4, at: 30 },
  ]);

  assert.deepEqual(
    [0, 0.5, 1, 23, 24, 29, 30].map((time) => times.inForceAt(time)),
    [1, 1, 3, 3, 3, 3, 4],
  );
});

test('no version is in force where there is none', () => {
  assert.equal(new ConfigTimes([]).inForceAt(5), undefined);
});
