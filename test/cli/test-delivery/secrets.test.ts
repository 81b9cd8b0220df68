/** What a receiver repeats of a request shows no secret of the route. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOf, withoutSecrets } from '../../../src/cli/test-delivery/secrets.ts';
import { parseDestination, type Route } from '../../../src/routing/route.ts';

function route(url: string, headers: Route['headers'] = []): Route {
  const destination = parseDestination(url);
  if ('error' in destination) throw new Error(destination.error);
  return { ...destination, name: 'siem', patterns: ['.*'], headers };
}

const ROUTE = route('https://ada:p%40ssword@h.example/services/T0123456789?key=k3yk3y', [
  ['x-api-key', 'Splunk 12345-abcde'],
]);

const REPEATED: readonly (readonly [text: string, shown: string])[] = [
  ['POST /services/T0123456789?key=k3yk3y', 'POST …'],
  ['token T0123456789 is wrong', 'token … is wrong'],
  ['key was k3yk3y', 'key was …'],
  ['{"x-api-key":"Splunk 12345-abcde"}', '{"x-api-key":"…"}'],
  ['only 12345-abcde', 'only …'],
  [`Basic ${Buffer.from('ada:p@ssword').toString('base64')}`, '…'],
  ['user ada:p@ssword', 'user …'],
  ['p@ssword', '…'],
  ['nothing to hide', 'nothing to hide'],
  ['cut in its middle: Splunk 123', 'cut in its middle: …'],
];

for (const [text, shown] of REPEATED) {
  test(`shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
    assert.equal(withoutSecrets(text, secretsOf(ROUTE)), shown);
  });
}

test('hides nothing of a plain URL', () => {
  assert.equal(withoutSecrets('a/b c', secretsOf(route('http://h.example/'))), 'a/b c');
});
