import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedKeys } from '../../src/routing/changes.ts';
import type { Route } from '../../src/routing/route.ts';

const ROUTE: Route = {
  key: 'name:siem',
  name: 'siem',
  patterns: ['.*'],
  url: new URL('https://a.example/in?token=1'),
  headers: [['x-key', 'abc']],
  secrets: [{ key: Buffer.from('first') }],
  order: { by: 'key', laneOf: () => undefined },
  rate: { count: 1, perMs: 1_000 },
  tls: { ca: 'PEM', servername: 'a' },
};

const SAME: readonly (readonly [what: string, change: Partial<Route>])[] = [
  ['nothing', {}],
  ['its patterns', { patterns: ['^user'] }],
  ['an equal URL', { url: new URL('https://a.example/in?token=1') }],
  ['an equal order', { order: { by: 'key', laneOf: () => 'x' } }],
  ['the order of names', { tls: { servername: 'a', ca: 'PEM' } }],
  ['what it was formerly', { formerly: 'abc' }],
];
for (const [what, change] of SAME) {
  test(`a route goes on when ${what} changed`, () => {
    assert.deepEqual([...changedKeys([ROUTE], [{ ...ROUTE, ...change }])], []);
  });
}

const OTHER: readonly (readonly [what: string, change: Partial<Route>])[] = [
  ['its URL', { url: new URL('https://a.example/in?token=2') }],
  ['its name', { name: 'other' }],
  ['a header', { headers: [['x-key', 'abd']] }],
  ['a secret', { secrets: [{ key: Buffer.from('other') }] }],
  ['when a secret ends', { secrets: [{ key: Buffer.from('first'), until: 1 }] }],
  ['its order', { order: { by: 'strict', laneOf: () => '' } }],
  ['its rate', { rate: { count: 2, perMs: 1_000 } }],
  ['its proxy', { proxy: new URL('http://proxy.example') }],
  ['something that was not said before', { concurrency: 4 }],
];
for (const [what, change] of OTHER) {
  test(`a route starts anew when ${what} changed`, () => {
    assert.deepEqual([...changedKeys([ROUTE], [{ ...ROUTE, ...change }])], [ROUTE.key]);
  });
}

test('a route that another one takes over starts anew; one that is gone does not', () => {
  const gone = { ...ROUTE, key: 'gone' };
  const moved = { ...ROUTE, key: 'hash' };

  const keys = changedKeys([gone, moved], [{ ...ROUTE, formerly: 'hash' }]);

  assert.deepEqual([...keys], ['hash']);
});
