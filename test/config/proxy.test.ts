import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment, type Variables } from '../../src/config/environment.ts';
import { parseProxy, proxySettings } from '../../src/config/proxy.ts';
import { allTextOf, complaintsOf, hintsOf } from './complaints.ts';

const PROXY = 'http://proxy.example:3128';

function proxyFor(variables: Variables, url: string): string | undefined {
  return proxySettings(new Environment(variables))(new URL(url))?.href;
}

test('goes direct when nothing is set', () => {
  assert.equal(proxyFor({}, 'https://h.example'), undefined);
  assert.equal(proxyFor({ HTTPS_PROXY: ' ' }, 'https://h.example'), undefined);
});

test('has a proxy for https and one for http', () => {
  const variables = { HTTPS_PROXY: 'https://s.example', HTTP_PROXY: 'http://p.example:81' };

  assert.equal(proxyFor(variables, 'https://h.example'), 'https://s.example/');
  assert.equal(proxyFor(variables, 'http://h.example'), 'http://p.example:81/');
  assert.equal(proxyFor({ HTTP_PROXY: PROXY }, 'https://h.example'), undefined);
});

test('takes the names in lower case too, and first', () => {
  assert.equal(proxyFor({ https_proxy: PROXY }, 'https://h.example'), `${PROXY}/`);
  assert.equal(
    proxyFor({ https_proxy: PROXY, HTTPS_PROXY: 'http://other.example' }, 'https://h.example'),
    `${PROXY}/`,
  );
  assert.equal(proxyFor({ HTTPS_PROXY: PROXY, no_proxy: '*' }, 'https://h.example'), undefined);
});

test('takes a proxy without a scheme for an http one', () => {
  assert.equal(
    proxyFor({ HTTPS_PROXY: 'u:p@p.example:99' }, 'https://h'),
    'http://u:p@p.example:99/',
  );
});

test('never proxies this machine', () => {
  const all = { HTTPS_PROXY: PROXY, HTTP_PROXY: PROXY };
  for (const host of ['localhost', 'a.localhost', '127.0.0.1:4700', '127.9.9.9', '[::1]:80']) {
    assert.equal(proxyFor(all, `http://${host}`), undefined, host);
    assert.equal(proxyFor(all, `https://${host}`), undefined, host);
  }
  assert.equal(proxyFor(all, 'http://localhost.example'), `${PROXY}/`);
});

/** What NO_PROXY says, what it spares, and what it does not. */
const NO_PROXY: readonly (readonly [written: string, direct: string[], proxied: string[]])[] = [
  ['*', ['https://a.example', 'https://10.0.0.1'], []],
  [
    'corp.example',
    ['https://corp.example', 'https://a.corp.example:8443', 'https://CORP.example.'],
    ['https://xcorp.example', 'https://corp.example.org'],
  ],
  ['.corp.example', ['https://a.corp.example'], ['https://corp.example', 'https://xcorp.example']],
  ['*.corp.example', ['https://a.corp.example'], ['https://corp.example']],
  [
    'a.example:8443, b.example:443',
    ['https://a.example:8443', 'https://b.example'],
    ['https://a.example', 'https://b.example:8443'],
  ],
  ['10.1.2.3', ['https://10.1.2.3', 'https://0xa010203:81'], ['https://10.1.2.4']],
  ['10.1.2.3:81', ['https://10.1.2.3:81'], ['https://10.1.2.3']],
  [
    '10.0.0.0/8 fd00::/8',
    ['https://10.255.0.1', 'https://[fd12::1]:81'],
    ['https://11.0.0.1', 'https://[fe00::1]', 'https://10.example'],
  ],
  ['[fd00::1]:81,fd00::2', ['https://[fd00::1]:81', 'https://[fd00::2]'], ['https://[fd00::1]']],
  [' , UPPER.example ,,', ['https://upper.example'], ['https://a.example']],
  ['a b\tc.example', ['https://c.example'], ['https://abc.example']],
];

for (const [written, direct, proxied] of NO_PROXY) {
  test(`NO_PROXY=${JSON.stringify(written)} spares ${direct}`, () => {
    const variables = { HTTPS_PROXY: PROXY, NO_PROXY: written };

    for (const url of direct) assert.equal(proxyFor(variables, url), undefined, url);
    for (const url of proxied) assert.equal(proxyFor(variables, url), `${PROXY}/`, url);
  });
}

test('says what is wrong with each, all at once, and repeats neither user nor password', () => {
  const read = () =>
    proxySettings(
      new Environment({
        HTTPS_PROXY: 'socks5://hidden:hidden@p.example',
        http_proxy: 'http://hidden:hid#den@p.example',
        NO_PROXY: '10.0.0.0/33',
      }),
    );

  assert.deepEqual(complaintsOf(read), [
    'http_proxy: it is not a URL',
    'HTTPS_PROXY: its scheme is socks5, not http or https',
    'NO_PROXY: "10.0.0.0/33" is not a network',
  ]);
  assert.ok(hintsOf(read).every((hint) => hint !== undefined));
  assert.doesNotMatch(allTextOf(read), /hid/);
});

test('reads a proxy as a person wrote it', () => {
  const table: readonly (readonly [written: string, read: string | RegExp])[] = [
    [' http://p.example ', 'http://p.example/'],
    ['p.example:3128', 'http://p.example:3128/'],
    ['https://u:p%40@p.example:3128', 'https://u:p%40@p.example:3128/'],
    ['[::1]:3128', 'http://[::1]:3128/'],
    ['', /not a URL/],
    ['http://', /not a URL/],
    ['http://p.example:99999', /not a URL/],
    ['http://p example', /not a URL/],
    ['ftp://p.example', /scheme is ftp/],
    ['http://p.example/x', /has a path/],
    ['http://p.example?x', /has a path/],
    ['http://u:12#x@p.example', /has a path/],
    ['http://u:%zz@p.example', /stray %/],
  ];

  for (const [written, read] of table) {
    const parsed = parseProxy(written);
    if (typeof read === 'string') assert.equal(parsed instanceof URL && parsed.href, read, written);
    else assert.match('error' in parsed ? parsed.error : 'taken', read, written);
  }
});
