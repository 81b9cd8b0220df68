/** When /healthz is red, and what it says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf, inWords, type OrgFacts } from '../../src/status/health.ts';

const MINUTE = 60_000;

const WELL: OrgFacts = {
  org: 'acme.okta.com',
  upMs: 60 * MINUTE,
  pollAgeMs: 12_340,
  mostPollAgeMs: 5 * MINUTE,
  mostQueueAgeMs: 60 * MINUTE,
  isTurning: true,
  isWritable: true,
  isReadable: true,
};

const { pollAgeMs: _, ...UNPOLLED } = WELL;
const waits = (ageMs: number, state = 'held') => ({ route: 'siem', state, ageMs });

const TABLE: readonly (readonly [
  what: string,
  facts: OrgFacts,
  status: string,
  reason?: RegExp,
])[] = [
  ['all well', WELL, 'ok'],
  ['a poll as old as it may be', { ...WELL, pollAgeMs: 5 * MINUTE }, 'ok'],
  [
    'a poll that is too old',
    { ...WELL, pollAgeMs: 5 * MINUTE + 1 },
    'failing',
    /^the System Log was last read 5 min ago, which should be at most 5 min$/,
  ],
  [
    'the same, and why',
    { ...WELL, pollAgeMs: 3 * 60 * MINUTE, trouble: 'okta refuses the credentials' },
    'failing',
    /^the System Log was last read 3 h ago, .*: okta refuses the credentials$/,
  ],
  ['trouble that is young', { ...WELL, trouble: 'okta cannot be reached' }, 'ok'],
  ['no poll yet, right after the start', { ...UNPOLLED, upMs: 5 * MINUTE }, 'starting'],
  [
    'no poll yet, long after the start',
    { ...UNPOLLED, upMs: 6 * MINUTE },
    'failing',
    /^the System Log has not been read once in the 6 min since the start/,
  ],
  ['an event that waits', { ...WELL, oldest: waits(59 * MINUTE) }, 'ok'],
  [
    'an event that waits too long',
    { ...WELL, oldest: waits(3 * 60 * MINUTE) },
    'failing',
    /^an event has waited 3 h for route siem \(held\), which should be at most 60 min$/,
  ],
  [
    'a loop that stands still',
    { ...WELL, isTurning: false },
    'failing',
    /^the daemon stands still/,
  ],
  ['a full disk', { ...WELL, isWritable: false }, 'failing', /^the state cannot be written/],
  ['a state that cannot be read', { ...WELL, isReadable: false }, 'failing', /cannot be read/],
];

for (const [what, facts, status, reason] of TABLE) {
  test(`${what} is ${status}`, () => {
    const health = healthOf([facts], facts.upMs);

    assert.equal(health.status, status);
    assert.equal(health.reasons.length, reason === undefined ? 0 : 1);
    if (reason !== undefined) assert.match(health.reasons[0] ?? '', reason);
  });
}

test('all that is wrong is said', () => {
  const facts = {
    ...WELL,
    isWritable: false,
    pollAgeMs: 9 * MINUTE,
    oldest: waits(2 * 60 * MINUTE),
  };

  assert.equal(healthOf([facts], 0).reasons.length, 3);
});

test('one org that fails makes it red, and is named', () => {
  const other = { ...WELL, org: 'other.okta.com', isTurning: false };

  const health = healthOf([WELL, other], 0);

  assert.equal(health.status, 'failing');
  assert.deepEqual(
    health.orgs.map(({ org, status }) => [org, status]),
    [
      ['acme.okta.com', 'ok'],
      ['other.okta.com', 'failing'],
    ],
  );
  assert.match(health.reasons.join(), /^other\.okta\.com: the daemon stands still/);
});

test('one org that starts is no failure of all', () => {
  assert.equal(healthOf([WELL, { ...UNPOLLED, upMs: 0 }], 0).status, 'starting');
});

test('no org at all is a start, and red when that lasts', () => {
  assert.equal(healthOf([], MINUTE).status, 'starting');
  assert.equal(healthOf([], 6 * MINUTE).status, 'failing');
});

test('ages are numbers, and null where there is none', () => {
  const { orgs } = healthOf([WELL], 0);

  assert.deepEqual([orgs[0]?.lastPollSeconds, orgs[0]?.oldestQueuedSeconds], [12.3, null]);
});

test('an age is said in the largest unit that leaves two of it', () => {
  const said = [0, 1_999, 119_999, 120_000, 7_199_999, 7_200_000, 172_800_000].map(inWords);

  assert.deepEqual(said, ['0 s', '1 s', '119 s', '2 min', '119 min', '2 h', '2 d']);
});
