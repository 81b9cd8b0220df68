// biome-ignore-all lint/suspicious/noTemplateCurlyInString: loghook.yaml has them
/** What loghook.yaml is refused for: in which line and column, in which words, and with what to do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../certificate.ts';
import { file, tempFolder } from '../temp-folder.ts';
import { complaintsAbout, problemsAbout } from './yaml-file.ts';

const GOOD = "{ name: a, match: b, url: 'http://h/' }";

/** A text that is not one file of routes at all. */
const TEXTS: readonly (readonly [text: string | Buffer, complaint: string, hint: RegExp])[] = [
  ['', 'loghook.yaml it is empty', /loghook convert/],
  ['# only\n', 'loghook.yaml it is empty', /loghook convert/],
  ['\ufeff', 'loghook.yaml it is empty', /loghook convert/],
  [Buffer.from('routes:', 'utf16le'), 'loghook.yaml it holds a NUL byte', /to its end/],
  [Buffer.from('\ufeffroutes:', 'utf16le'), 'loghook.yaml it is UTF-16 text', /UTF-8/],
  [Buffer.from([0x61, 0xff]), 'loghook.yaml it holds bytes that are not UTF-8', /UTF-8/],
  [
    Buffer.alloc(5 * 1024 * 1024, 0x61),
    'loghook.yaml could not read it: it is larger than 4 MiB',
    /^$/,
  ],
  ['routes', '1:1 it is text, not a map (key: value)', /^$/],
  ['- a', '1:1 it is a list, not a map (key: value)', /^$/],
  ['7', '1:1 it is a number, not a map (key: value)', /^$/],
  ['a.*,https://u:p@h/', '1:1 it is text, not a map (key: value)', /^$/],
  ['routes:', '1:8 routes: nothing stands behind it, where a list belongs', /write it/],
  ['routes: []', '1:9 routes: it holds no routes', /name: …/],
  ['routes: {}', '1:9 routes: it holds no routes', /name: …/],
  ['routes: a', '1:9 routes: it is text, not a list', /^$/],
  ['{}', '1:1 routes: it is missing', /^$/],
  ['routes:\n\t- a', '2:1 a tab stands where YAML wants spaces', /indent with spaces/],
  [`routes: [${GOOD}]\n---\nroutes: []`, '2:1 a second document begins here (---)', /one document/],
  [`routes: [${GOOD}]\nroutes: []`, '2:1 "routes" stands here twice, first in line 1', /keep one/],
  [
    'routes: [{ name: a',
    '1:19 the indentation does not fit, or a [ or { is never closed',
    /two a level/,
  ],
  ['routes: "a', '1:11 something is opened and never closed, or a : or , is missing', /close/],
  ['routes: a: b', "1:9 a second ': ' stands in this line", /single quotes/],
  ['a\nroutes: b', '1:1 a line is no `key: value`', /space behind the colon/],
  ['routes: *nothing', '1:9 it refers to an anchor (&name) that is not there', /needs quotes/],
  [`routes: [${GOOD}]\n? [a]\n: b`, '2:3 a key is missing, or is not a word', /key: value/],
  ['%FOO\n---\nroutes: a', '1:1 a line that begins with % is not understood', /take it away/],
  ['routes: !foo a', '1:9 a ! begins a tag, which is not understood here', /single quotes/],
];

test('says what to do with a text that is no file of routes', (t) => {
  const folder = tempFolder(t);
  const said = TEXTS.map(([text]) => problemsAbout({ folder, text }));

  assert.deepEqual(
    TEXTS.map(([text]) => complaintsAbout({ folder, text })[0]),
    TEXTS.map(([, complaint]) => complaint),
  );
  for (const [index, [, complaint, hint]] of TEXTS.entries()) {
    assert.match(said[index]?.[0]?.hint ?? '', hint, complaint);
  }
});

/** The value of `match`, and what becomes of it in YAML. */
const MATCHES: readonly (readonly [match: string, complaint: string, hint: RegExp])[] = [
  ['[a-z]', '1:28 match: without quotes YAML takes [ ] for a list', /'\[a-z\]'/],
  ['[^a-z]', '1:28 match: without quotes YAML takes [ ] for a list', /'\[a-z\]'/],
  ['[]', '1:28 match: it is empty', /'\.\*'/],
  ['*', '1:28 a * begins an alias, and no name follows', /single quotes/],
  ['*.x', '1:28 it refers to an anchor (&name) that is not there', /needs quotes/],
  ['@x', '1:28 YAML keeps this character for itself at the start of text', /single quotes/],
  ['"a\\.b"', '1:30 in double quotes a backslash begins an escape, and this is none', /'\^user/],
  ['"a\\b"', '1:28 match: the regex holds a control character', /backspace/],
  ['{a}', '1:28 match: it is a map, not text or a list', /^$/],
  ['true', '1:28 match: true is true or false, not text or a list', /^$/],
  ['7', '1:28 match: 7 is a number, not text or a list', /^$/],
  ['[7]', '1:29 match: 7 is a number, not text', /quotes/],
  ['""', '1:28 match: the regex is empty', /'\.\*'/],
  ['(', '1:28 match: "(" is not a regular expression (missing closing ): `(`)', /re2|RE2/],
  ['a, b: c', '1:31 "b" is no key here', /the keys are name, match, url, /],
];

test('says what YAML makes of a regex without quotes', (t) => {
  const folder = tempFolder(t);
  for (const [match, complaint, hint] of MATCHES) {
    const text = `routes: [{ name: a, match: ${match}, url: "http://h/" }]`;
    const position = (line: string) => line.replace(/^1:(\d+)/, (_, column) => `1:${column}`);
    const [problem] = problemsAbout({ folder, text });

    assert.equal(position(complaintsAbout({ folder, text })[0] ?? ''), complaint, match);
    assert.match(problem?.hint ?? '', hint, match);
  }
});

test('takes no for text, as YAML 1.2 does, and false for what it is in YAML 1.1', (t) => {
  const folder = tempFolder(t);
  const text = 'routes: [{ name: a, match: no, url: "http://h/" }]';

  assert.deepEqual(complaintsAbout({ folder, text }), []);
  assert.deepEqual(complaintsAbout({ folder, text: `%YAML 1.1\n---\n${text}` }), [
    '3:28 match: false is true or false, not text or a list',
  ]);
});

/** An option of a route, and what is wrong with it; the value begins in column 5 behind its key. */
const OPTIONS: readonly (readonly [option: string, complaint: string, hint?: RegExp])[] = [
  ['nmae: b', '5:5 "nmae" is no key here', /^did you mean name\? The keys are name, match/],
  ['colour: b', '5:5 "colour" is no key here', /^the keys are name, match/],
  ['"https://SECRET": b', '5:5 it is no key here', /^the keys are/],
  ['method: post', '5:13 method: "post" is not one of POST, PUT, PATCH', /did you mean POST/],
  ['method: DELETE', '5:13 method: "DELETE" is not one of POST, PUT, PATCH', /one of them/],
  ['headers: [a]', '5:14 headers: it is a list, not a map (key: value)'],
  ['retry: [a]', '5:12 retry: it is a list, not a map (key: value)'],
  ['tls: [a]', '5:10 tls: it is a list, not a map (key: value)'],
  ['order: [a]', '5:12 order: it is a list, not one of none, key, strict or a map (key: value)'],
  ['headers: { A: 7 }', '5:19 headers.A: it is a number, not text', /quotes/],
  [
    'headers: { A: "x\\nSECRET" }',
    '5:19 headers.A: the value holds a character that no header can carry',
    /one line/,
  ],
  ['headers: { "A B": SECRET }', '5:16 headers: this is not the name of a header', /X-Api-Key/],
  ['headers: { A: b, a: c }', '5:22 headers.a: a stands here twice', /keep one/],
  ['headers: { Host: x }', '5:16 headers.Host: host cannot be set', /route's url/],
  [
    'headers: { Content-Length: 7 }',
    '5:16 headers.Content-Length: content-length cannot be set',
    /counts/,
  ],
  [
    'headers: { Connection: x }',
    '5:16 headers.Connection: connection cannot be set',
    /loghook looks after/,
  ],
  [
    'headers: { transfer-encoding: x }',
    '5:16 headers.transfer-encoding: transfer-encoding cannot be set',
    /./,
  ],
  [
    'headers: { Webhook-Id: x }',
    '5:16 headers.Webhook-Id: webhook-id cannot be set',
    /each attempt/,
  ],
  ['headers: { Loghook-Org: x }', '5:16 headers.Loghook-Org: loghook-org cannot be set', /./],
  ['headers: { loghook-route: x }', '5:16 headers.loghook-route: loghook-route cannot be set', /./],
  ['enabled: yes', '5:14 enabled: "yes" is text, not true or false', /without quotes/],
  ['enabled: "true"', '5:14 enabled: "true" is text, not true or false', /without quotes/],
  ['secrets: SECRET', '5:14 secrets: it does not begin with whsec_', /secret new/],
  ['secrets: whsec_SE=RET', '5:14 secrets: behind whsec_ there is an = before the end'],
  ['secrets: whsec_SECRETSECRET', '5:14 secrets: it holds 9 bytes, not 24 to 64', /secret new/],
  ['secrets: []', '5:14 secrets: it is empty'],
  ['secrets: [$NEW, $OLD]', '5:14 secrets: the second secret has no end date', /until/],
  [
    'secrets: [$NEW, { secret: $NEW, until: 2027-01-01 }]',
    '5:14 secrets: the two secrets are the same',
  ],
  [
    'secrets: [{ secret: $NEW, until: 2027-01-01 }]',
    '5:14 secrets: the first secret has an end date',
    /without until/,
  ],
  [
    'secrets: [$NEW, { secret: $OLD, until: 2027-01-01 }, $OLD]',
    '5:14 secrets: there are more than 2',
  ],
  ['secrets: [$NEW, { secret: $OLD }]', '5:55 secrets.until: it is missing'],
  [
    'secrets: [$NEW, { secret: $OLD, until: 30d }]',
    '5:112 secrets.until: it is not a date',
    /2027-01-31/,
  ],
  ['secrets: [$NEW, { secret: $OLD, until: 2027-02-30 }]', '5:112 secrets.until: it is not a date'],
  ['order: strickt', '5:12 order: "strickt" is not one of none, key, strict', /strict\?/],
  ['order: { key: a b }', '5:19 order.key: "a b" is not a path', /target\.0\.id/],
  ['order: {}', '5:12 order.key: it is missing'],
  ['order: 7', '5:12 order: 7 is a number, not one of none, key, strict or a map (key: value)'],
  ['concurrency: 0', '5:18 concurrency: 0 is not a whole number from 1 to 64'],
  ['concurrency: 65', '5:18 concurrency: 65 is not a whole number from 1 to 64'],
  ['concurrency: 1.5', '5:18 concurrency: 1.5 is not a whole number from 1 to 64'],
  ['concurrency: "7"', '5:18 concurrency: "7" is text, not a number', /without quotes/],
  ['rate: 10', '5:11 rate: 10 is a number, not text', /10\/s/],
  ['rate: 10/d', '5:11 rate: "10/d" is not a rate', /10\/s/],
  ['rate: 0/s', '5:11 rate: "0/s" is never'],
  ['rate: 9999999/s', '5:11 rate: "9999999/s" is more than any receiver takes'],
  ['retry: { schedule: [] }', '5:24 retry.schedule: it is empty', /5s, 1m/],
  ['retry: { schedule: [5] }', '5:25 retry.schedule: 5 is a number, not text', /30s/],
  ['retry: { schedule: [8d] }', '5:25 retry.schedule: "8d" is too long', /from 1s to 7d/],
  ['retry: { event: [200] }', '5:22 retry.event: 200 is not a whole number from 300 to 599'],
  ['retry: { event: [410] }', '5:22 retry.event: 410 has a meaning of its own', /leave it out/],
  ['retry: { route: [429] }', '5:22 retry.route: 429 has a meaning of its own', /leave it out/],
  [
    'retry: { event: [404], route: [403, 404] }',
    '5:12 retry: 404 stands under event and under route',
    /keep one/,
  ],
  ['retry: { event: 404 }', '5:21 retry.event: 404 is a number, not a list'],
  ['maxAge: 3 days', '5:13 maxAge: "3 days" is not a duration', /1d/],
  ['maxAge: 5s', '5:13 maxAge: "5s" is too short', /from 1m/],
  ['publicOnly: 1', '5:17 publicOnly: 1 is a number, not true or false', /without quotes/],
  ['proxy: ftp://SECRET', '5:12 proxy: its scheme is ftp, not http or https', /none/],
  [
    'proxy: http://h/SECRET',
    '5:12 proxy: it has a path, a query or a fragment, which a proxy does not',
  ],
  ['proxy: http://SECRET:50%SECRET@proxy:3128', '5:12 proxy: it holds a stray %', /%25, or none/],
  ['proxy: SECRET:SECRET/SECRET@proxy', '5:12 proxy: it is not a URL', /@ as %40.*, or none/],
  ['tls: { ca: nope.pem }', '5:16 tls.ca: the file "nope.pem" is not there', /BEGIN/],
  ['tls: { ca: MIISECRET/SECRET }', '5:16 tls.ca: the file is not there', /BEGIN/],
  ['tls: { ca: . }', '5:16 tls.ca: the file is a folder'],
  ['tls: { ca: key.pem }', '5:16 tls.ca: "key.pem" holds no certificate'],
  ['tls: { ca: broken.pem }', '5:16 tls.ca: certificate 1 cannot be read', /whole/],
  ['tls: { cert: cert.pem }', '5:10 tls: there is a cert and no key', /add the key/],
  ['tls: { key: key.pem }', '5:10 tls: there is a key and no cert', /add the cert/],
  ['tls: { key: cert.pem, cert: cert.pem }', '5:17 tls.key: "cert.pem" holds no private key'],
  [
    'tls: { key: locked.pem, cert: cert.pem }',
    '5:17 tls.key: the private key is encrypted',
    /openssl pkey/,
  ],
  ['tls: { key: other.pem, cert: cert.pem }', '5:10 tls: key and cert do not belong together'],
  ['tls: { servername: "SECRET x" }', '5:24 tls.servername: it is not the name of a host'],
  ['tls: { insecure: 1 }', '5:22 tls.insecure: 1 is a number, not true or false'],
  ['expect: 15m', '5:13 expect: "15m" is not a number of events in a time', /1 per 15m/],
  ['expect: 1 per 5s', '5:13 expect: the time does not fit', /from 1m/],
  ['expect:', '5:12 expect: nothing stands behind it, where text belongs', /take the line away/],
];

const NEW = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const OLD = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

test('says what is wrong with each option, and repeats no secret', (t) => {
  const folder = tempFolder(t);
  const other = tempFolder(t);
  makeCertificate(folder);
  makeCertificate(other);
  file(folder, 'other.pem', readFileSync(join(other, 'key.pem')));
  file(folder, 'broken.pem', '-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----\n');
  file(folder, 'locked.pem', '-----BEGIN ENCRYPTED PRIVATE KEY-----\nSECRET\n');
  const said = OPTIONS.map(([option]) => {
    const written = option.replaceAll('$NEW', NEW).replaceAll('$OLD', OLD);
    const text = `routes:
  - name: a
    match: b
    url: http://h/
    ${written}
`;
    return {
      all: complaintsAbout({ folder, text }),
      hint: problemsAbout({ folder, text })[0]?.hint,
    };
  });

  assert.deepEqual(
    said.map(({ all }) => all),
    OPTIONS.map(([, complaint]) => [complaint]),
  );
  for (const [index, [option, , hint]] of OPTIONS.entries()) {
    if (hint !== undefined) assert.match(said[index]?.hint ?? '', hint, option);
  }
  assert.doesNotMatch(JSON.stringify(said), /SECRET|MfKQ|C2FV/);
});

/** The name, the URL, and what concerns the whole. */
const WHOLES: readonly (readonly [text: string, complaints: readonly string[]])[] = [
  [
    'routes:\n  - {}\n  - text\n  -\n  - [a]\n',
    [
      '2:5 name: it is missing',
      '2:5 match: it is missing',
      '2:5 url: it is missing',
      '3:5 the route: it is text, not a map (key: value)',
      '4:4 the route: nothing stands behind it, where a map (key: value) belongs',
      '5:5 the route: it is a list, not a map (key: value)',
    ],
  ],
  [
    "routes:\n  - { name: a b, match: b, url: 'ftp://SECRET' }\n  - { name: 7, match: b, url: 'SECRET' }",
    [
      '2:13 name: "a b" is not a name',
      "2:33 url: the URL's scheme is ftp, not http or https",
      '3:13 name: 7 is a number, not text',
      '3:31 url: the URL has no http:// or https://',
    ],
  ],
  [`routes:\n  - ${GOOD}\n  - ${GOOD}\n`, ['3:13 name: "a" is taken by the route in line 2']],
  [
    "alerts: http://h/\nroutes: [{ name: alerts, match: b, url: 'http://h/' }]",
    ['2:18 name: "alerts" is what `alerts:` is called'],
  ],
  [
    "routes:\n  a: { name: b, match: b, url: 'http://h/' }\n  c d: { match: b, url: 'http://h/' }\n",
    ['2:8 the name stands twice', '3:3 name: "c d" is not a name'],
  ],
  [
    `alerts: SECRET\nheartbeat: { url: 'http://h/', order: key, tls: 7 }\nroutes: [${GOOD}]`,
    [
      '1:9 alerts: the URL has no http:// or https://',
      '2:32 "order" is no key here',
      '2:49 heartbeat.tls: it is a number, not a map (key: value)',
    ],
  ],
  [
    `heartbeat: { url: 'http://[::1]/SECRET', publicOnly: true }
routes:
  - { name: a, match: b, url: 'https://SECRET:SECRET@0x7f.1/SECRET', publicOnly: true, rate: 5 }
  - { name: b, match: b, url: 'http://10.1.2.3/SECRET', publicOnly: false }
  - { name: c, match: b, url: 'http://localhost/SECRET', publicOnly: true }
  - { name: d, match: b, url: 'http://10.1.2.3/SECRET', publicOnly: true }`,
    [
      '1:19 heartbeat.url: ::1 is refused (loopback): the route is publicOnly',
      '3:31 url: 127.0.0.1 is refused (loopback): the route is publicOnly',
      '3:94 rate: 5 is a number, not text',
      '6:31 url: 10.1.2.3 is refused (private): the route is publicOnly',
    ],
  ],
  [
    `alert: x\nrutes: [${GOOD}]`,
    [
      '1:1 "alert" is no key here',
      '1:8 alerts: the URL has no http:// or https://',
      '2:1 "rutes" is no key here',
    ],
  ],
];

test('says all that is wrong at once, in the order of the file', (t) => {
  const folder = tempFolder(t);
  for (const [text, complaints] of WHOLES) {
    assert.deepEqual(complaintsAbout({ folder, text }), complaints);
    assert.doesNotMatch(JSON.stringify(problemsAbout({ folder, text })), /SECRET/);
  }
});

test('names what a value asks for and cannot have, and never what came', (t) => {
  const folder = tempFolder(t);
  file(folder, 'empty', '\n');
  file(folder, 'latin1', Buffer.from([0x61, 0xff]));
  file(folder, 'token', 'SECRET');
  const variables = {
    BLANK: ' ',
    NOT_A_RATE: 'SECRET',
    OKTA_API_KEY: 'SECRET',
    OKTA_API_KEY_FILE: join(folder, 'token'),
  };
  const table: readonly (readonly [value: string, complaint: string])[] = [
    ['${NOPE}', 'the variable NOPE is not set, or empty'],
    ['x${BLANK}', 'the variable BLANK is not set, or empty'],
    ['${file:nope}', 'the file "nope" is not there'],
    ['${file:empty}', 'the file "empty" is empty'],
    ['${file:.}', 'the file "." is a folder'],
    ['${file:latin1}', 'the file "latin1" is not UTF-8 text'],
    ['${file:$NOPE/x}', 'the variable NOPE is not set, or empty'],
    ['${credential:x}', 'there is no credential "x": CREDENTIALS_DIRECTORY is not set'],
    ['${a b}', 'a ${…} names no variable'],
    ['${NOPE:-SECRET}', 'a ${…} names no variable'],
    ['${NOPE', 'a ${ is never closed'],
    ['${OKTA_API_KEY}', 'it asks for OKTA_API_KEY'],
    ['${file:token}', 'the file "token" holds the Okta token'],
    ['${NOT_A_RATE}', 'rate: it is not a rate'],
  ];

  for (const [value, complaint] of table) {
    const text = `routes: [{ name: a, match: b, url: "http://h/", rate: '${value}' }]`;
    assert.deepEqual(complaintsAbout({ folder, text, variables }), [`1:55 ${complaint}`]);
    assert.doesNotMatch(JSON.stringify(problemsAbout({ folder, text, variables })), /SECRET/);
  }
});

test('refuses aliases that unfold to billions, or into themselves', (t) => {
  const folder = tempFolder(t);
  const laughs = Array.from(
    { length: 12 },
    (_, n) => `x${n + 1}: &x${n + 1} [${`*x${n},`.repeat(9)}]`,
  );

  assert.deepEqual(complaintsAbout({ folder, text: `x0: &x0 a\n${laughs.join('\n')}\n` }), [
    '1:1 its aliases (*name) unfold to far too much',
  ]);
  assert.match(complaintsAbout({ folder, text: 'routes: &a [*a]' })[0] ?? '', /nested too deeply/);
});

test('refuses YAML in a file that is called JSON', (t) => {
  const folder = tempFolder(t);
  const problems = problemsAbout({ folder, name: 'loghook.json', text: `routes: [${GOOD}]` });

  assert.deepEqual(
    problems.map(({ where, message }) => `${where}: ${message}`),
    ['loghook.json: it is YAML, not JSON'],
  );
});
