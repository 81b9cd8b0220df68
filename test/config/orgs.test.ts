// biome-ignore-all lint/suspicious/noTemplateCurlyInString: loghook.yaml has them
/** Several orgs in one loghook.yaml: what is made of them, and what is refused. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Flags, loadConfig, loadConfigs } from '../../src/config/config.ts';
import { allTextOf, complaintsOf, hintsOf, settled } from './complaints.ts';
import { file, tempFolder } from './temp-folder.ts';
import { complaintsAbout } from './yaml/yaml-file.ts';

const EMEA = '00emeaTOKENofAboutTheUsualLength42characters';
const US = '00usTOKENofAboutTheUsualLength42characters00';

const TWO = `
routes:
  - { name: siem, match: .*, url: 'https://siem.example/' }
alerts: https://alerts.example/
orgs:
  emea:
    url: acme-emea.okta.com
    token: \${EMEA_TOKEN}
    routes:
      - { name: audit, match: ^user, url: 'https://siem.example/' }
  us:
    url: https://acme-us.okta.com
    token: \${file:us.token}
    interval: 30s
    filter: severity eq "WARN"
    alerts: https://us.example/
`;

function input(t: TestContext, text: string, flags: Flags = {}, env = {}) {
  const cwd = tempFolder(t);
  file(cwd, 'loghook.yaml', text);
  file(cwd, 'us.token', `${US}\n`);
  const outside = { platform: 'linux', homedir: '/home/me', isTerminal: false, now: 0 } as const;
  return { ...outside, cwd, flags, env: { EMEA_TOKEN: EMEA, ...env } };
}

test('each org has the routes of the file and its own', async (t) => {
  const [emea, us, ...others] = await loadConfigs(input(t, TWO));

  assert.deepEqual(others, []);
  const names = [emea, us].map((config) => config?.routes.all.map(({ name }) => name));
  assert.deepEqual(names, [
    ['siem', 'audit', 'alerts'],
    ['siem', 'alerts'],
  ]);
  assert.deepEqual(
    [emea?.alerts?.url.host, us?.alerts?.url.host],
    ['alerts.example', 'us.example'],
  );
});

test('says when everyone on the machine may read the file of a token', async (t) => {
  const outside = input(t, TWO);
  const path = join(outside.cwd, 'us.token');

  chmodSync(path, 0o644);
  const [emea, us] = await loadConfigs(outside);
  chmodSync(path, 0o600);
  const [, careful] = await loadConfigs(outside);

  const note = `\${file:us.token}: ${path} can be read by everyone on this machine; chmod 600 it`;
  assert.ok(!emea?.org.notes.includes(note));
  assert.deepEqual(us?.org.notes, [note]);
  assert.deepEqual(careful?.org.notes, []);
});

test('each org has its own URL, token, filter and interval', async (t) => {
  const [emea, us] = await loadConfigs(input(t, TWO, {}, { LOGHOOK_RETRY_SECONDS: '20' }));

  assert.equal(emea?.org.url.href, 'https://acme-emea.okta.com/');
  assert.deepEqual(emea?.org.notes, [
    'url of emea: it has no scheme; using https://acme-emea.okta.com',
  ]);
  assert.deepEqual(emea?.identity, { kind: 'token', token: EMEA });
  assert.deepEqual([emea?.interval, emea?.filter, emea?.orgName], [20_000, undefined, 'emea']);
  assert.deepEqual(us?.identity, { kind: 'token', token: US });
  assert.deepEqual([us?.interval, us?.filter, us?.orgName], [30_000, 'severity eq "WARN"', 'us']);
  assert.equal(emea?.identityFrom, '${EMEA_TOKEN} in loghook.yaml');
});

test('a flag goes before what the file says', async (t) => {
  const [, us] = await loadConfigs(input(t, TWO, { interval: '5s', filter: 'x' }));

  assert.deepEqual([us?.interval, us?.filter], [5_000, 'x']);
});

test('takes a service app and its key', async (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const text = `
orgs:
  - name: us
    url: https://acme-us.okta.com
    clientId: 0oa1
    keyId: k1
    privateKey: \${KEY}
    routes: [{ name: siem, match: .*, url: 'https://siem.example/' }]
`;

  const { identity } = await loadConfig(input(t, text, {}, { KEY: pem }));

  assert.ok(identity.kind === 'app' && identity.privateKey.equals(privateKey));
  assert.deepEqual([identity.clientId, identity.keyId], ['0oa1', 'k1']);
});

test('says that the org of the environment is not used', async (t) => {
  const env = { OKTA_ORG_URL: 'https://other.okta.com', OKTA_API_KEY: 'other' };

  const [emea, us] = await loadConfigs(input(t, TWO, {}, env));

  const note = 'OKTA_ORG_URL, OKTA_API_KEY are set, but not used: loghook.yaml names its orgs';
  assert.deepEqual([emea?.notes, us?.notes], [[note], []]);
});

for (const [org, host] of [
  ['us', 'acme-us.okta.com'],
  ['acme-emea.okta.com', 'acme-emea.okta.com'],
  ['https://acme-emea.okta.com/', 'acme-emea.okta.com'],
  ['EMEA', 'acme-emea.okta.com'],
] as const) {
  test(`--org ${org} chooses ${host}`, async (t) => {
    const config = await loadConfig(input(t, TWO, { org }));

    assert.equal(config.org.url.host, host);
  });
}

test('says that a heartbeat of several orgs hides the silence of one', async (t) => {
  const [emea, us] = await loadConfigs(input(t, `heartbeat: https://ping.example/\n${TWO}`));

  assert.match(String(emea?.notes), /several orgs ping one `heartbeat`/);
  assert.deepEqual(
    [emea, us].map((config) => config?.heartbeat?.url.host),
    ['ping.example', 'ping.example'],
  );
});

test('one of several orgs has to be named', async (t) => {
  const none = await settled(loadConfig(input(t, TWO)));
  const wrong = await settled(loadConfig(input(t, TWO, { org: 'emaa' })));

  assert.deepEqual(complaintsOf(none), ['--org: there are several orgs']);
  assert.deepEqual(hintsOf(none), ['name one of emea, us']);
  assert.deepEqual(complaintsOf(wrong), ['--org: no org has this name or host']);
  assert.deepEqual(hintsOf(wrong), ['did you mean emea?']);
});

test('--org may name the only org there is, and no other', async (t) => {
  const text = "routes: [{ name: siem, match: .*, url: 'https://siem.example/' }]";
  const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: 'x' };

  const right = await loadConfig(input(t, text, { org: 'acme.okta.com' }, env));
  const wrong = await settled(loadConfig(input(t, text, { org: 'emea' }, env)));

  assert.equal(right.orgName, undefined);
  assert.deepEqual(complaintsOf(wrong), ['--org: no org has this name or host']);
});

test('no route may carry the token of any org, nor an org that of another', async (t) => {
  const text = `
orgs:
  - { name: emea, url: 'https://a.okta.com', token: '\${EMEA_TOKEN}', routes: [{ name: r, match: a, url: 'https://h/' }] }
  - { name: us, url: 'https://b.okta.com', token: '\${file:us.token}', routes: [{ name: q, match: a, url: 'https://h/\${EMEA_TOKEN}' }] }
  - { name: apac, url: 'https://c.okta.com', token: '\${EMEA_TOKEN}', routes: [{ name: p, match: a, url: 'https://h/' }] }
`;

  const read = await settled(loadConfigs(input(t, text)));

  assert.deepEqual(complaintsOf(read), [
    'loghook.yaml: the route q holds the token of emea',
    'loghook.yaml: the route q holds the token of apac',
    "loghook.yaml: the token of apac is the token of emea too: each would be sent to the other's org",
  ]);
  assert.doesNotMatch(allTextOf(read), /TOKENof/);
});

test('what is wrong elsewhere is said too, and nothing of OKTA_ORG_URL', async (t) => {
  const read = await settled(loadConfigs(input(t, `orgs: []\n`, { interval: 'x' })));

  assert.deepEqual(complaintsOf(read), [
    'loghook.yaml line 1 column 7: orgs: it holds no orgs',
    '--interval: "x" is not a duration',
  ]);
});

const SIEM = "{ name: siem, match: a, url: 'http://h/' }";
const REST = `routes: [${SIEM}]`;

const REFUSED: readonly (readonly [why: string, text: string, complaints: readonly string[]])[] = [
  [
    'a token in the file itself',
    `orgs: [{ name: a, url: 'https://a.okta.com', token: 00S3CRET, ${REST} }]`,
    ['1:53 a secret stands in the file itself'],
  ],
  [
    'a key in the file itself',
    `orgs: [{ name: a, url: 'https://a.okta.com', clientId: x, privateKey: S3CRET, ${REST} }]`,
    ['1:71 a secret stands in the file itself'],
  ],
  [
    'the token of OKTA_ORG_URL',
    `orgs: [{ name: a, url: 'https://a.okta.com', token: '\${OKTA_API_KEY}', ${REST} }]`,
    ['1:53 it asks for OKTA_API_KEY'],
  ],
  [
    'an org twice',
    `${REST}\norgs:\n - { name: a, url: 'https://a.okta.com', token: '\${T}' }\n - { name: b, url: 'https://a-admin.okta.com', token: '\${T}' }`,
    ['4:20 url: "a.okta.com" is that of the org in line 3 too'],
  ],
  [
    'a name twice',
    `${REST}\norgs:\n - { name: a, url: 'https://a.okta.com', token: '\${T}' }\n - { name: a, url: 'https://b.okta.com', token: '\${T}' }`,
    ['4:12 name: "a" is that of the org in line 3 too'],
  ],
  [
    'a name that is the host of another',
    `${REST}\norgs:\n - { name: B.okta.com, url: 'https://a.okta.com', token: '\${T}' }\n - { name: b, url: 'https://b.okta.com', token: '\${T}' }`,
    ['3:12 name: "B.okta.com" is the host of the org in line 4'],
  ],
  [
    'an org without credentials',
    `orgs: [{ name: a, url: 'https://a.okta.com', ${REST} }]`,
    ['1:8 the org: it has no credentials'],
  ],
  [
    'an org with both kinds of credentials',
    `orgs: [{ name: a, url: 'https://a.okta.com', token: '\${T}', clientId: b, ${REST} }]`,
    ['1:8 the org: it has a token and a service app'],
  ],
  [
    'an app without its key',
    `orgs: [{ name: a, url: 'https://a.okta.com', clientId: b, ${REST} }]`,
    ['1:8 the org: it has a clientId and no privateKey'],
  ],
  [
    'a key that is none',
    `orgs: [{ name: a, url: 'https://a.okta.com', clientId: b, privateKey: '\${T}', ${REST} }]`,
    ['1:71 privateKey: it is neither PEM (-----BEGIN …) nor a JWK ({"kty": …})'],
  ],
  [
    'an org without routes',
    "orgs: [{ name: a, url: 'https://a.okta.com', token: '${T}' }]",
    ['1:8 the org has no routes'],
  ],
  [
    'a route named as one of all orgs',
    `${REST}\norgs: [{ name: a, url: 'https://a.okta.com', token: '\${T}', ${REST} }]`,
    ['2:78 name: "siem" is taken by the route in line 1'],
  ],
  [
    'what is wrong with a route of an org',
    "orgs: [{ name: a, url: 'https://a.okta.com', token: '${T}', routes: { siem: { match: '(', url: 'http://h/' } } }]",
    ['1:86 match: "(" is not a regular expression (missing closing ): `(`)'],
  ],
  [
    'a misspelt key',
    `orgs: [{ name: a, url: 'https://a.okta.com', tokem: '\${T}', ${REST} }]`,
    ['1:46 "tokem" is no key here'],
  ],
  [
    'an org over http',
    `orgs: [{ name: a, url: 'http://a.okta.com', token: '\${T}', ${REST} }]`,
    ['1:24 url: it is http to a.okta.com, which would send the API token in the clear'],
  ],
  ['a list that is none', 'orgs: 7', ['1:7 orgs: it is a number, not a list']],
];

test('a file with orgs that is no YAML is all that is wrong', async (t) => {
  const read = await settled(loadConfigs(input(t, `${TWO}  apac: {\n`)));

  assert.match(complaintsOf(read).join(), /^loghook\.yaml line \d+ column \d+: [^,]*, or a /);
  assert.equal(complaintsOf(read).length, 1);
});

test('refuses by line and column, and repeats no secret', (t) => {
  const folder = tempFolder(t);
  const said = REFUSED.map(([why, text]) => [
    why,
    complaintsAbout({ folder, text, variables: { T: '00S3CRETtoken' } }),
  ]);

  assert.deepEqual(
    said,
    REFUSED.map(([why, , complaints]) => [why, complaints]),
  );
  assert.doesNotMatch(JSON.stringify(said), /S3CRET/);
});
