/** Every spelling of a Link header that a server or a proxy may send, and those that nobody should trust. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLinks } from '../../src/okta/link-header.ts';

const SELF = 'https://org.example.com/api/v1/logs?since=2026-11-21T08%3A00%3A00.000Z&limit=1000';
const NEXT = `${SELF}&after=1648112954504_1`;
const LONG = `${SELF}&filter=${'eventType+eq+%22user.session.start%22+or+'.repeat(400)}`;

const READABLE: readonly (readonly [why: string, header: string | string[]])[] = [
  ['two headers, as undici gives them', [`<${SELF}>; rel="self"`, `<${NEXT}>; rel="next"`]],
  ['next first', [`<${NEXT}>; rel="next"`, `<${SELF}>; rel="self"`]],
  ['one joined header', `<${SELF}>; rel="self", <${NEXT}>; rel="next"`],
  ['joined without spaces', `<${SELF}>;rel="self",<${NEXT}>;rel="next"`],
  [
    'spaces and tabs everywhere',
    `  <${SELF}> ;\t rel = "self"  ,\t <${NEXT}>  ;  rel  =  "next"  `,
  ],
  ['no quotes', `<${SELF}>; rel=self, <${NEXT}>; rel=next`],
  ['single quotes', `<${SELF}>; rel='self', <${NEXT}>; rel='next'`],
  ['REL and NEXT in capitals', `<${SELF}>; REL="self", <${NEXT}>; Rel="NEXT"`],
  ['rel after another parameter', `<${SELF}>; rel=self, <${NEXT}>; title="a, b; c"; rel="next"`],
  ['rel before another parameter', `<${SELF}>; rel=self, <${NEXT}>; rel="next"; title="x"`],
  ['two relations in one', [`<${SELF}>; rel="self"`, `<${NEXT}>; rel="next last"`]],
  ['empty elements', `, <${SELF}>; rel="self", , <${NEXT}>; rel="next",`],
];

for (const [why, header] of READABLE) {
  test(`finds next and self: ${why}`, () => {
    const { byRel, fault } = readLinks(header);

    assert.equal(fault, undefined);
    assert.equal(byRel.get('next'), NEXT);
    assert.equal(byRel.get('self'), SELF);
  });
}

const URLS: readonly (readonly [why: string, url: string])[] = [
  ['commas and semicolons', 'https://o.example/api/v1/logs?filter=a,b;rel="next",c'],
  ['what looks like another link', 'https://o.example/api/v1/logs?q=x, <https://evil.example/'],
  ['escapes in both cases', 'https://o.example/api/v1/logs?q=%2f%2F+%20~'],
  ['parameters named rel and url', 'https://o.example/api/v1/logs?rel=x&url=evil&__proto__=1'],
  ['far more than 2,000 characters', LONG],
];

for (const [why, url] of URLS) {
  test(`keeps a URL byte for byte: ${why}`, () => {
    assert.equal(readLinks(`<${url}>; rel="next"`).byRel.get('next'), url);
  });
}

test('reads two long links, where parse-link-header alone says that there is none', () => {
  const { byRel } = readLinks(`<${LONG}>; rel="self", <${LONG}&after=1_1>; rel="next"`);

  assert.equal(byRel.get('next'), `${LONG}&after=1_1`);
});

const UNREADABLE: readonly (readonly [why: string, header: string | string[]])[] = [
  ['empty', ''],
  ['empty among others', [`<${SELF}>; rel="self"`, '']],
  ['no angle brackets', `${NEXT}; rel="next"`],
  ['cut within the URL', `<${NEXT.slice(0, 40)}`],
  ['no relation', `<${NEXT}>`],
  ['an empty relation', `<${NEXT}>; rel=""`],
  ['cut within the relation', `<${SELF}>; rel="self", <${NEXT}>; rel="`],
  ['two next links that differ', `<${NEXT}>; rel="next", <${SELF}>; rel="next"`],
  ['rubbish after a good link', `<${NEXT}>; rel="next", rubbish`],
  ['megabytes', `<${NEXT}>; rel="next"${' '.repeat(1_000_000)}`],
];

for (const [why, header] of UNREADABLE) {
  test(`is a fault, not the end of the log: ${why}`, () => {
    const { byRel, fault } = readLinks(header);

    assert.match(fault ?? '', /Link|links/);
    assert.equal(byRel.size, 0);
  });
}

test('no header is no fault', () => {
  assert.deepEqual(readLinks(undefined), { byRel: new Map() });
});

test('a fault never repeats what came', () => {
  for (const [, header] of UNREADABLE) {
    assert.ok(!(readLinks(header).fault ?? '').includes('org.example.com'));
  }
});

test('runs of white space and quotes take no time', { timeout: 5_000 }, () => {
  for (const filler of [' ', '\t', ' \t', '"', '; ', '= ', ';rel = ', '\\', 'a', ',', '<', '> ']) {
    const run = filler.repeat(Math.floor(200_000 / filler.length));
    readLinks(`<${NEXT}>;${run}`);
    readLinks(`<${NEXT}>; rel="next"${run}`);
    readLinks(run);
  }
});
