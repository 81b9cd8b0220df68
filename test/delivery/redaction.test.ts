/** What a receiver repeats of a request shows no secret of the route. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerHead } from '../../src/delivery/answer-head.ts';
import { proxyRedaction, type Redaction, redactionOf } from '../../src/delivery/redaction.ts';
import { parseDestination, type Route } from '../../src/routing/route.ts';

function route(url: string, options: Pick<Route, 'headers' | 'secrets'> = {}): Route {
  const destination = parseDestination(url);
  if ('error' in destination) throw new Error(destination.error);
  return { ...destination, name: 'siem', patterns: ['.*'], ...options };
}

const KEY = Buffer.from('ÿsigning key of 32 bytes, or so…');
const ROUTE = route('https://ada:p%40ssword@h.example/services/T0123456789?key=k3yk3y%2Fk3y&v=1', {
  headers: [
    ['x-api-key', 'Splunk 12345-abcde'],
    ['x-odd', 'a<b>&"c"é/d'],
    ['authorization', 'Bearer eyJ0.eyJz.c2ln'],
  ],
  secrets: [{ key: KEY }],
});

const REPEATED: readonly (readonly [text: string, shown: string])[] = [
  ['POST /services/T0123456789?key=k3yk3y%2Fk3y&v=1', 'POST …'],
  ['/services/T0123456789 is not here', '/services/… is not here'],
  ['"\\/services\\/T0123456789?key=k3yk3y%2Fk3y&v=1"', '"…"'],
  ['/services/T0123456789?key=k3yk3y%2Fk3y&amp;v=1', '…'],
  ['token T0123456789 is wrong', 'token … is wrong'],
  ['key was k3yk3y/k3y, or k3yk3y%2Fk3y', 'key was …, or …'],
  ['{"x-api-key":"Splunk 12345-abcde"}', '{"x-api-key":"…"}'],
  ['only 12345-abcde', 'only …'],
  ['{"x-odd":"a<b>&\\"c\\"é/d"}', '{"x-odd":"…"}'],
  ['{"x-odd":"a\\u003cb\\u003e\\u0026\\"c\\"é/d"}', '{"x-odd":"…"}'],
  ['<p>a&lt;b&gt;&amp;&quot;c&quot;é/d</p>', '<p>…</p>'],
  ['Bearer tokens end: Bearer eyJ0.eyJz.c2ln', 'Bearer tokens end: …'],
  ['eyJ0.eyJz.c2ln', '…'],
  [`was Basic ${Buffer.from('ada:p@ssword').toString('base64')}`, 'was …'],
  ['user ada:p@ssword', 'user …'],
  ['p@ssword', '…'],
  [`secret whsec_${KEY.toString('base64')}.`, 'secret whsec_….'],
  [`secret ${KEY.toString('hex')}.`, 'secret ….'],
  ['12345-abcde12345-abcde', '…'],
  ['nothing to hide', 'nothing to hide'],
  ['cut in its middle: Splunk 123', 'cut in its middle: …'],
  ['begins again: Spluplunk, Splu', 'begins again: Spluplunk, …'],
];

for (const [text, shown] of REPEATED) {
  test(`shows ${JSON.stringify(text)} as ${JSON.stringify(shown)}`, () => {
    assert.equal(redactionOf(ROUTE).of(Buffer.from(text)).toString(), shown);
  });
}

test('hides nothing of a plain URL', () => {
  const text = Buffer.from('a/b c Basic');

  assert.equal(redactionOf(route('http://h.example/')).of(text), text);
});

test('hides what overlaps as a whole', () => {
  const two = redactionOf(
    route('http://h/', {
      headers: [
        ['a', 'abcd-123'],
        ['b', '-1234567'],
      ],
    }),
  );

  assert.equal(two.of(Buffer.from('x abcd-1234567 y')).toString(), 'x … y');
});

test('leaves the other bytes as they are, whatever their encoding', () => {
  const bytes = Buffer.from([0xff, 0xe9, 0x00, ...Buffer.from('p@ssword'), 0xc3, 0x28]);

  const shown = redactionOf(ROUTE).of(bytes);

  assert.deepEqual(shown, Buffer.from([0xff, 0xe9, 0x00, ...Buffer.from('…'), 0xc3, 0x28]));
});

test('hides a header as it went on the wire, one byte a character', () => {
  assert.equal(redactionOf(ROUTE).of(Buffer.from('a<b>&"c"é/d', 'latin1')).toString(), '…');
});

test('hides the user and the password of a proxy', () => {
  const { of } = wordsOf(proxyRedaction(new URL('http://prox:p%40xy-pw@proxy.example')));

  assert.equal(of('prox and p@xy-pw'), '… and …');
  assert.equal(of(`Basic ${Buffer.from('prox:p@xy-pw').toString('base64')}`), 'Basic …');
  assert.equal(wordsOf(proxyRedaction(new URL('http://proxy.example'))).of('prox:y'), 'prox:y');
});

function wordsOf(redaction: Redaction) {
  return { of: (text: string) => redaction.of(Buffer.from(text)).toString() };
}

/** Longer than all that is kept of an answer. */
const LONG_TOKEN = `tok-${'0123456789abcdef'.repeat(64)}`;

for (const at of [100, 190, 196, 197, 198, 199, 200, 201, 300, 505]) {
  for (const size of [1, 7, 64, 4096]) {
    test(`shows no start of a secret at byte ${at} of an answer in pieces of ${size}`, () => {
      const long = route('http://h.example/', { headers: [['authorization', LONG_TOKEN]] });
      const head = new AnswerHead(undefined, [undefined, redactionOf(long)]);
      const body = Buffer.from(`${'.'.repeat(at)}${LONG_TOKEN} and more`);

      for (let from = 0; from < body.length; from += size) {
        head.take(body.subarray(from, from + size));
      }

      const expected = Buffer.from(`${'.'.repeat(at)}…`).subarray(0, 200);
      assert.deepEqual(head.head, expected);
    });
  }
}
