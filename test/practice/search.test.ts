import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFilter, parseKeywords } from '../../src/practice/search.ts';

const EVENT = {
  eventType: 'user.session.start',
  outcome: { result: 'FAILURE', reason: null },
  actor: { alternateId: 'zoe.alvarez@example.com', displayName: 'Zoë "Z" Álvarez' },
  target: [{ id: '00u1' }, { id: '00g2' }],
  securityContext: { isProxy: true },
};

const FILTERS: readonly (readonly [filter: string, found: boolean])[] = [
  ['eventType eq "user.session.start"', true],
  ['eventType EQ "user.session.start"', true],
  ['eventType eq "user.session"', false],
  ['eventtype eq "user.session.start"', false],
  ['eventType sw "user."', true],
  ['eventType ew ".start"', true],
  ['eventType co "session"', true],
  ['eventType ne "a.b"', true],
  ['eventType pr', true],
  ['outcome.reason pr', false],
  ['outcome.result eq "FAILURE"', true],
  ['securityContext.isProxy eq "true"', true],
  ['actor.displayName co "\\"Z\\""', true],
  ['target.id eq "00u1" and target.id eq "00g2"', true],
  ['target.id eq "00u1" and target.id eq "00g3"', false],
  ['eventType eq "a" or eventType sw "user"', true],
  ['eventType sw "user" or eventType sw "user" and eventType eq "a"', true],
  ['(eventType sw "user" or eventType sw "user") and eventType eq "a"', false],
  ['not (eventType eq "a")', true],
  ['not eventType sw "user"', false],
  ['  eventType   eq   "user.session.start"  ', true],
];

for (const [filter, found] of FILTERS) {
  test(`${found ? 'finds' : 'does not find'} with ${filter}`, () => {
    const predicate = parseFilter(filter);

    assert.equal(predicate?.(EVENT), found);
  });
}

const NO_FILTERS = [
  '',
  'eventType',
  'eventType eq',
  'eventType eq user',
  'eventType eq "a',
  'eventType eq "\\x"',
  'eventType like "a"',
  'eventType eq "a" and',
  'eventType eq "a" or or eventType eq "b"',
  '(eventType eq "a"',
  'eventType eq "a")',
  'eventType eq "a" eventType eq "b"',
  'target[type eq "User"]',
  'published sw "2026"',
  '"eventType" eq "a"',
  'eventType toString "a"',
  'not',
];

for (const filter of NO_FILTERS) {
  test(`does not take ${filter || 'nothing'} for a filter`, () => {
    assert.equal(parseFilter(filter), undefined);
  });
}

test('finds keywords whole or as a part between spaces or hyphens, in any case', () => {
  const found = (text: string) => parseKeywords(text)?.(EVENT);

  assert.equal(found('FAILURE'), true);
  assert.equal(found('zoë user.session.start'), true);
  assert.equal(found('fail'), false);
  assert.equal(found('failure absent'), false);
});

test('takes ten keywords of forty characters and no more', () => {
  const keyword = 'ë'.repeat(40);

  assert.ok(parseKeywords(Array(10).fill(keyword).join(' ')));
  assert.equal(parseKeywords(Array(11).fill('a').join(' ')), undefined);
  assert.equal(parseKeywords(`${keyword}e`), undefined);
});
