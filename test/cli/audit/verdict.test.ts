/** The last lines of an audit: whether it is a proof, and what there is to do if not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Coverage } from '../../../src/cli/audit/coverage.ts';
import { Tally, type Term } from '../../../src/cli/audit/tally.ts';
import { type Audited, addsUp, verdict } from '../../../src/cli/audit/verdict.ts';

const ROUTE = {
  id: 1,
  key: 'a',
  name: 'siem',
  retired: false,
  disabled: false,
  state: { kind: 'flowing' },
} as const;

type Counts = Partial<Pick<Tally, 'changed' | 'duplicates'>>;

function tallyOf(terms: Partial<Record<Term, number>>, counts: Counts = {}, retired = false) {
  const tally = new Tally({ ...ROUTE, retired });
  Object.assign(tally.terms, terms);
  return Object.assign(tally, counts);
}

function auditedOf(parts: Partial<Audited>, listed = 9, leftOut = 0): Audited {
  return {
    org: 'acme.okta.com',
    events: 9,
    window: { since: 0, until: 1, notes: [] },
    partial: false,
    unreadable: 0,
    tallies: [tallyOf({ delivered: 9 })],
    ...parts,
    coverage: Object.assign(new Coverage(), { listed, leftOut }),
  };
}

const LATE = Date.parse('2026-11-21T08:00:00.000Z');

const VERDICTS: readonly (readonly [
  what: string,
  audited: Audited,
  isProof: boolean,
  lines: readonly (string | RegExp)[],
])[] = [
  ['all is there', auditedOf({}), true, [/^it adds up: nothing missing, changed or sent twice$/]],
  [
    'some waits',
    auditedOf({ tallies: [tallyOf({ owed: 3 }), tallyOf({ owed: 2 })] }),
    true,
    [/^it adds up: .*; 5 still to be sent$/],
  ],
  [
    'nothing happened',
    auditedOf({ events: 0, tallies: [] }, 0),
    true,
    [/^it adds up/, 'but neither Okta nor the ledger has any event of that time'],
  ],
  [
    'one is not listed',
    auditedOf({}, 9, 1),
    true,
    [/^it adds up/, /^but Okta's answer leaves out 1 event that the ledger has: it may leave out/],
  ],
  [
    'the list has holes',
    auditedOf({ events: 0 }, 0, 9),
    false,
    [
      "IT DOES NOT ADD UP: Okta's answer leaves out 9 of the 9 events that the ledger has",
      /^such a list proves nothing: run it again/,
    ],
  ],
  [
    'each kind of fault is summed over the routes',
    auditedOf({
      tallies: [
        tallyOf({ missing: 2 }, { changed: 1 }),
        tallyOf({ missing: 1 }, { changed: 1, duplicates: 4 }),
      ],
      unreadable: 5,
      partial: true,
    }),
    false,
    [
      'IT DOES NOT ADD UP: 3 missing, 2 changed, 4 sent twice, 5 unreadable, not read to its end',
      'owe what is missing: run it again with --repair',
    ],
  ],
  ['it was not read to its end', auditedOf({ partial: true }), false, [/: not read to its end$/]],
  ['a piece is unreadable', auditedOf({ unreadable: 1 }), false, [/: 1 unreadable$/]],
  [
    'one is changed',
    auditedOf({ tallies: [tallyOf({}, { changed: 1 })] }),
    false,
    [/: 1 changed$/],
  ],
  [
    'one was sent twice',
    auditedOf({ tallies: [tallyOf({}, { duplicates: 1 })] }),
    false,
    [/: 1 sent twice$/],
  ],
  [
    'what is missing was owed',
    auditedOf({ tallies: [tallyOf({ missing: 2 })], repaired: 2 }),
    false,
    [/: 2 missing$/, '2 owed now: run it again to see them delivered'],
  ],
  [
    'a route is off, and the tail stands still',
    auditedOf({
      tallies: [tallyOf({ missing: 2 }, {}, true), tallyOf({ missing: 1 })],
      behind: LATE,
    }),
    false,
    [
      /: 3 missing$/,
      "loghook has read up to 2026-11-21T08:00:00.000Z: what reached Okta's log later, it will read by itself",
      'owe what is missing: run it again with --repair',
      '2 missing on routes that are not in force: nobody would send them',
    ],
  ],
];

for (const [what, audited, isProof, lines] of VERDICTS) {
  test(`${isProof ? 'adds up' : 'does not add up'} where ${what}`, () => {
    const said = verdict(audited);

    assert.equal(addsUp(audited), isProof);
    assert.equal(said.length, lines.length, said.join('\n'));
    for (const [n, line] of lines.entries()) {
      if (typeof line === 'string') assert.equal(said[n], line);
      else assert.match(String(said[n]), line);
    }
  });
}
