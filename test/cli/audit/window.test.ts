/** Which part of what is asked for can be judged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, windowOf } from '../../../src/cli/audit/window.ts';
import { ConfigError } from '../../../src/errors.ts';
import type { Horizon } from '../../../src/state/beside/audit-desk.ts';

const MINUTE = 60_000;
const NOW = Date.parse('2026-11-21T12:00:00.000Z');

function ago(minutes: number): number {
  return NOW - minutes * MINUTE;
}

function version(id: number, at: number, query = '') {
  return { id, at, query, routes: [] };
}

/** It began two hours ago and has read up to half a minute ago. */
const HORIZON: Horizon = {
  versions: [version(1, ago(120))],
  beganAt: ago(120),
  readTo: ago(0.5),
};

const CUT: readonly (readonly [
  what: string,
  asked: Omit<Asked, 'now'>,
  horizon: Partial<Horizon>,
  window: readonly [since: number, until: number],
  notes: RegExp,
])[] = [
  [
    'ends 5 minutes before the last reading by itself: what is late was there then',
    { since: ago(60) },
    {},
    [ago(60), ago(5.5)],
    /^$/,
  ],
  ['ends where it is told to', { since: ago(60), until: ago(9) }, {}, [ago(60), ago(9)], /^$/],
  [
    'says that what is late may seem missing where it is told to end early',
    { since: ago(60), until: ago(2) },
    {},
    [ago(60), ago(2)],
    /^after 2026-11-21T11:54:30.000Z what came late may count as missing/,
  ],
  [
    'never ends later than what was read',
    { since: ago(60), until: NOW },
    {},
    [ago(60), ago(0.5)],
    /^up to 2026-11-21T11:59:30.000Z: what came later loghook has not read yet$/m,
  ],
  [
    'says so where a tail that stands still cuts it by itself',
    { since: ago(60) },
    { readTo: ago(30) },
    [ago(60), ago(35)],
    /^up to 2026-11-21T11:25:00.000Z: loghook has read up to 2026-11-21T11:30:00.000Z,/,
  ],
  [
    'begins with the first start',
    { since: ago(600) },
    {},
    [ago(120), ago(5.5)],
    /^from 2026-11-21T10:00:00.000Z on: loghook's first start/,
  ],
  [
    'begins after what the ledger may have forgotten',
    { since: ago(600) },
    { forgottenTo: ago(60) },
    [ago(60) + 1, ago(5.5)],
    /ledger may have forgotten/,
  ],
  [
    'begins after what cannot be judged',
    { since: ago(600) },
    { forgottenTo: ago(60), unjudgedTo: ago(50) },
    [ago(50) + 1, ago(5.5)],
    /which routes wanted/,
  ],
  [
    'begins no earlier than Okta lists anything',
    { since: ago(200 * 1_440) },
    { beganAt: ago(400 * 1_440) },
    [ago(90 * 1_440), ago(5.5)],
    /Okta keeps 90 days/,
  ],
  [
    'begins with the filter that is in force',
    { since: ago(600) },
    {
      versions: [
        version(1, ago(120), 'filter=a'),
        version(2, ago(90)),
        version(3, ago(80), 'filter=a'),
        version(4, ago(70), 'filter=a'),
      ],
    },
    [ago(80), ago(5.5)],
    /another filter was in force before/,
  ],
];

for (const [what, asked, horizon, [since, until], notes] of CUT) {
  test(`a window ${what}`, () => {
    const window = windowOf({ ...asked, now: NOW }, { ...HORIZON, ...horizon });

    assert.deepEqual([window.since, window.until], [since, until]);
    assert.match(window.notes.join('\n'), notes);
  });
}

const REFUSED: readonly (readonly [
  what: string,
  asked: Omit<Asked, 'now'>,
  horizon: Horizon,
  words: RegExp,
])[] = [
  ['ends before it begins', { since: ago(10), until: ago(20) }, HORIZON, /not after --since/],
  ['lies before the first start', { since: ago(600), until: ago(300) }, HORIZON, /first start/],
  ['begins after what was read', { since: ago(3) }, HORIZON, /ends 5 minutes before/],
  [
    'asks before what can be judged was read',
    { since: ago(200) },
    { ...HORIZON, readTo: ago(130) },
    /Nothing can be yet: loghook has read up to 2026-11-21T09:50:00.000Z, and not before 2026-11-21T10:00/,
  ],
  ['asks of a state that never ran', { since: ago(60) }, { versions: [] }, /start `loghook run`/],
  [
    'asks before anything was read',
    { since: ago(60) },
    { versions: HORIZON.versions, beganAt: ago(120) },
    /nothing was read yet: start/,
  ],
];

for (const [what, asked, horizon, words] of REFUSED) {
  test(`refuses a window that ${what}`, () => {
    assert.throws(
      () => windowOf({ ...asked, now: NOW }, horizon),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.problems.map(({ message, hint }) => `${message} ${hint}`).join(), words);
        return true;
      },
    );
  });
}
