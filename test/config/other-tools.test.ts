/** What Okta's SDKs and command line call the settings, and which of them may go together. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Environment } from '../../src/config/environment.ts';
import { orgSettings } from '../../src/config/org-settings.ts';
import { ecKey, jwkOf, marksOf, pemOf } from '../support/keys.ts';
import { allTextOf, complaintsOf, hintsOf } from './complaints.ts';
import { file, tempFolder, withoutPermission } from './temp-folder.ts';

type Names = Record<string, string>;

const ACME = 'https://acme.okta.com';
const OTHER = 'https://other.okta.com';
const EVIL = 'https://evil.example';
const KEY = ecKey();
const PEM = pemOf(KEY);
const ESCAPED = PEM.replaceAll('\n', '\\n');

/** A home with this ~/.okta/okta.yaml. */
function homeWith(t: TestContext, yaml: string): Names {
  const home = tempFolder(t);
  mkdirSync(join(home, '.okta'));
  chmodSync(file(join(home, '.okta'), 'okta.yaml', yaml), 0o600);
  return { HOME: home };
}

/** Lines below `okta: client:`. */
function client(...lines: readonly string[]): string {
  return `okta:\n  client:\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

function read(outer: Names, inner: Names = {}) {
  return orgSettings(new Environment(outer, inner), '/');
}

/** What would be sent where, in short, and where it was found. */
function inShort(outer: Names, inner: Names = {}) {
  const { org, orgFrom, identity, identityFrom, app } = read(outer, inner);
  const who = identity.kind === 'token' ? identity.token : identity.clientId;
  return {
    to: org.url.host,
    who,
    from: [orgFrom, ...(app ? [app.clientIdFrom] : []), identityFrom, app?.keyIdFrom]
      .filter((where) => where !== undefined)
      .join(', '),
  };
}

test("reads the variables of Okta's SDKs", () => {
  const url = { OKTA_CLIENT_ORGURL: 'https://acme-admin.okta.com' };

  assert.deepEqual(inShort({ ...url, OKTA_CLIENT_TOKEN: 'tok' }), {
    to: 'acme.okta.com',
    who: 'tok',
    from: 'OKTA_CLIENT_ORGURL in the environment, OKTA_CLIENT_TOKEN in the environment',
  });
  const app = { OKTA_CLIENT_CLIENTID: 'app', OKTA_CLIENT_PRIVATEKEY: ESCAPED };
  assert.deepEqual(inShort({ ...url, ...app, OKTA_CLIENT_KEYID: 'kid' }), {
    to: 'acme.okta.com',
    who: 'app',
    from: [
      'OKTA_CLIENT_ORGURL',
      'OKTA_CLIENT_CLIENTID',
      'OKTA_CLIENT_PRIVATEKEY',
      'OKTA_CLIENT_KEYID',
    ]
      .map((name) => `${name} in the environment`)
      .join(', '),
  });
  assert.match(
    read({ ...url, OKTA_CLIENT_TOKEN: 'tok' }).org.notes.join(),
    /^OKTA_CLIENT_ORGURL: /,
  );
});

test('reads OKTA_CLIENT_PRIVATEKEY as a path too, and says whose file it is', (t) => {
  const path = file(tempFolder(t), 'key.pem', PEM);
  chmodSync(path, 0o644);
  const names = { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_CLIENTID: 'app' };

  const { identity, identityFrom, org } = read({ ...names, OKTA_CLIENT_PRIVATEKEY: path });

  assert.ok(identity.kind === 'app' && identity.privateKey.equals(KEY));
  assert.equal(identityFrom, 'OKTA_CLIENT_PRIVATEKEY in the environment (key.pem)');
  assert.match(org.notes.join(), /can be read by everyone/);
});

test("prefers loghook's own names, each for itself", () => {
  const others = {
    OKTA_CLIENT_ORGURL: ACME,
    OKTA_CLIENT_CLIENTID: 'other',
    OKTA_CLIENT_PRIVATEKEY: PEM,
    OKTA_CLIENT_KEYID: 'other-kid',
  };

  assert.equal(inShort({ ...others, OKTA_API_KEY: 'own' }).who, 'own');
  assert.equal(inShort({ ...others, OKTA_CLIENT_ID: 'own' }).who, 'own');
  assert.equal(
    inShort({ ...others, OKTA_ORG_URL: OTHER, OKTA_API_KEY: 'own' }).to,
    'other.okta.com',
  );
  const ownKey = read({ ...others, OKTA_PRIVATE_KEY: JSON.stringify(jwkOf(KEY)) });
  assert.equal(ownKey.identity.kind === 'app' && ownKey.identity.keyId, undefined);
});

test('lets authorizationMode say which is meant when both are there', () => {
  const both = {
    OKTA_CLIENT_ORGURL: ACME,
    OKTA_CLIENT_TOKEN: 'tok',
    OKTA_CLIENT_CLIENTID: 'app',
    OKTA_CLIENT_PRIVATEKEY: PEM,
  };

  assert.equal(inShort({ ...both, OKTA_CLIENT_AUTHORIZATIONMODE: 'SSWS' }).who, 'tok');
  assert.equal(inShort({ ...both, OKTA_CLIENT_AUTHORIZATIONMODE: 'PrivateKey' }).who, 'app');
  assert.match(complaintsOf(() => read(both)).join(), /both an API token .* and a service app/);
  const bearer = { ...both, OKTA_CLIENT_AUTHORIZATIONMODE: 'Bearer' };
  assert.match(complaintsOf(() => read(bearer)).join(), /an OAuth access token/);
});

test('reads ~/.okta/okta.yaml last', (t) => {
  const token = homeWith(t, client(`orgUrl: ${ACME}/`, 'token: tok'));
  const app = homeWith(
    t,
    client(
      `orgUrl: ${ACME}`,
      'clientId: app',
      'privateKey: |',
      ...PEM.trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
      'keyId: kid',
      'scopes: [okta.logs.read, okta.users.read]',
    ),
  );
  const jwk = JSON.stringify(jwkOf(KEY, { kid: 'of-the-key' }));
  const mapping = homeWith(t, client(`orgUrl: ${ACME}`, 'clientId: app', `privateKey: ${jwk}`));
  const place = (name: string) => `okta.client.${name} in ~/.okta/okta.yaml`;

  assert.deepEqual(inShort(token), {
    to: 'acme.okta.com',
    who: 'tok',
    from: `${place('orgUrl')}, ${place('token')}`,
  });
  assert.deepEqual(inShort(app), {
    to: 'acme.okta.com',
    who: 'app',
    from: ['orgUrl', 'clientId', 'privateKey', 'keyId'].map(place).join(', '),
  });
  assert.deepEqual(read(app).org.notes, []);
  assert.match(inShort(mapping).from, /kid in the key$/);
  assert.equal(inShort({ ...app, OKTA_ORG_URL: OTHER, OKTA_API_KEY: 'own' }).who, 'own');
  assert.equal(inShort({ ...token, OKTA_CLIENT_TOKEN: 'tok2' }).who, 'tok2');
});

test('reads the path of a key from ~/.okta/okta.yaml, beside which it lies', (t) => {
  const yaml = client(`orgUrl: ${ACME}`, 'clientId: app', 'privateKey: ./key.pem', 'scopes: a b');
  const home = homeWith(t, yaml);
  chmodSync(file(join(home.HOME ?? '', '.okta'), 'key.pem', PEM), 0o600);

  assert.equal(inShort(home).who, 'app');
  assert.deepEqual(read(home).org.notes, [
    'okta.client.scopes in ~/.okta/okta.yaml: okta.logs.read is not among them; loghook asks for that scope alone',
  ]);
});

/** Each: what is set outside, what in `.env`, what in ~/.okta/okta.yaml below client, and the host or the complaint. */
const MIXES: readonly (readonly [
  why: string,
  outer: Names,
  inner: Names,
  home: readonly string[],
  expected: string | RegExp,
])[] = [
  [
    'a token of home, the URL outside, no URL at home',
    { OKTA_ORG_URL: ACME },
    {},
    ['token: t'],
    'acme.okta.com',
  ],
  [
    'the same org in both',
    { OKTA_ORG_URL: ACME },
    {},
    [`orgUrl: ${ACME}`, 'token: t'],
    'acme.okta.com',
  ],
  [
    'its Admin Console is the same org',
    { OKTA_ORG_URL: ACME },
    {},
    ['orgUrl: https://acme-admin.okta.com', 'token: t'],
    'acme.okta.com',
  ],
  [
    'a token of home for another org',
    { OKTA_ORG_URL: ACME },
    {},
    [`orgUrl: ${OTHER}`, 'token: SECRET'],
    /^okta\.client\.token in .*: the token is for the org that okta\.client\.orgUrl in ~\/\.okta\/okta\.yaml names, and not for acme\.okta\.com/,
  ],
  [
    'a key of home for another org',
    { OKTA_ORG_URL: ACME },
    {},
    [`orgUrl: ${OTHER}`, 'clientId: a', `privateKey: "${ESCAPED}"`],
    /the private key is for the org/,
  ],
  [
    'a token of home beside a broken URL',
    { OKTA_ORG_URL: ACME },
    {},
    ['orgUrl: https://{yourOktaDomain}', 'token: t'],
    /the token is for the org/,
  ],
  [
    'the URL of home, a token outside',
    { OKTA_API_KEY: 't' },
    {},
    [`orgUrl: ${ACME}`],
    'acme.okta.com',
  ],
  [
    'the URL of home, a token in .env',
    {},
    { OKTA_API_KEY: 't' },
    [`orgUrl: ${ACME}`],
    'acme.okta.com',
  ],
  [
    'the URL in .env, a token of home',
    {},
    { OKTA_ORG_URL: EVIL },
    ['token: SECRET'],
    /^OKTA_ORG_URL: it comes from \.env, but the token does not/,
  ],
  [
    'the URL in .env, a token of home for another org',
    {},
    { OKTA_ORG_URL: EVIL },
    [`orgUrl: ${ACME}`, 'token: SECRET'],
    /^OKTA_ORG_URL: it comes from \.env/,
  ],
  [
    'the URL in .env, which is that of home',
    {},
    { OKTA_ORG_URL: ACME },
    [`orgUrl: ${ACME}`, 'token: t'],
    'acme.okta.com',
  ],
  [
    "an SDK's URL in .env, a token outside",
    { OKTA_CLIENT_TOKEN: 'SECRET' },
    { OKTA_CLIENT_ORGURL: EVIL },
    [],
    /^OKTA_CLIENT_ORGURL: it comes from \.env/,
  ],
  [
    "an SDK's URL in .env, loghook's token outside",
    { OKTA_API_KEY: 'SECRET' },
    { OKTA_CLIENT_ORGURL: EVIL },
    [],
    /^OKTA_CLIENT_ORGURL: it comes from \.env/,
  ],
  [
    "an SDK's URL and token in .env",
    {},
    { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_TOKEN: 't' },
    [],
    'acme.okta.com',
  ],
  [
    "an SDK's token beside another org's URL",
    { OKTA_ORG_URL: ACME, OKTA_CLIENT_ORGURL: OTHER, OKTA_CLIENT_TOKEN: 'SECRET' },
    {},
    [],
    /^OKTA_CLIENT_TOKEN: the token is for the org that OKTA_CLIENT_ORGURL in the environment names, and not for acme\.okta\.com/,
  ],
  [
    "an SDK's key beside another org's URL",
    {
      OKTA_ORG_URL: ACME,
      OKTA_CLIENT_ORGURL: OTHER,
      OKTA_CLIENT_CLIENTID: 'a',
      OKTA_CLIENT_PRIVATEKEY: PEM,
    },
    {},
    [],
    /the private key is for the org/,
  ],
  [
    "an SDK's token outside, its URL in .env, loghook's URL outside",
    { OKTA_ORG_URL: ACME, OKTA_CLIENT_TOKEN: 't' },
    { OKTA_CLIENT_ORGURL: OTHER },
    [],
    'acme.okta.com',
  ],
  [
    "loghook's URL in .env, an SDK's pair outside",
    { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_TOKEN: 'SECRET' },
    { OKTA_ORG_URL: EVIL },
    [],
    /^OKTA_ORG_URL: it comes from \.env/,
  ],
  [
    "loghook's URL in .env, which is that of an SDK's pair outside",
    { OKTA_CLIENT_ORGURL: ACME, OKTA_CLIENT_TOKEN: 't' },
    { OKTA_ORG_URL: ACME },
    [],
    'acme.okta.com',
  ],
  [
    'a home that .env names',
    {},
    { HOME: '/SECRET', OKTA_ORG_URL: ACME },
    [],
    /^OKTA_API_KEY: it is not set/,
  ],
];

for (const [why, outer, inner, home, expected] of MIXES) {
  test(`lets go together what belongs together: ${why}`, (t) => {
    const names = home.length === 0 ? outer : { ...outer, ...homeWith(t, client(...home)) };

    if (typeof expected === 'string') {
      assert.equal(inShort(names, inner).to, expected);
      return;
    }
    const reading = () => read(names, inner);
    assert.match(complaintsOf(reading).join('\n'), expected);
    assert.equal(complaintsOf(reading).length, 1);
    assert.notEqual(hintsOf(reading)[0], undefined);
    assert.doesNotMatch(allTextOf(reading), /SECRET/);
    for (const mark of marksOf(KEY)) assert.ok(!allTextOf(reading).includes(mark));
  });
}

test('says what is wrong with ~/.okta/okta.yaml once, and repeats nothing of it', (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, '.okta', 'okta.yaml'), { recursive: true });
  const table: readonly (readonly [home: Names, complaint: RegExp])[] = [
    [homeWith(t, 'okta:\n  client: {token: SECRET\n'), /okta\.yaml: it is not YAML: see line \d$/],
    [homeWith(t, 'okta: &a [*b] SECRET'), /okta\.yaml: it is not YAML: see line 1$/],
    [homeWith(t, client('token: *SECRET')), /okta\.yaml: it is not YAML/],
    [{ HOME: folder }, /okta\.yaml: it is a folder, not a file$/],
  ];

  for (const [home, complaint] of table) {
    const reading = () => read(home);
    const [first = '', ...others] = complaintsOf(reading);
    assert.match(first, complaint);
    assert.deepEqual(others, ['OKTA_API_KEY: it is not set']);
    assert.doesNotMatch(allTextOf(reading), /SECRET/);
    assert.equal(inShort({ ...home, OKTA_ORG_URL: ACME, OKTA_API_KEY: 't' }).who, 't');
  }
});

test('does without ~/.okta/okta.yaml where there is none, or nothing in it', (t) => {
  for (const yaml of ['', '{}', 'okta:', 'okta: 1', 'okta:\n  client: [1]', client('orgUrl:')]) {
    assert.deepEqual(
      complaintsOf(() => read(homeWith(t, yaml))),
      ['OKTA_ORG_URL: it is not set', 'OKTA_API_KEY: it is not set'],
    );
  }
});

test('says when ~/.okta/okta.yaml may not be read, or by everyone', (t) => {
  const home = homeWith(t, client(`orgUrl: ${ACME}`, 'token: t'));
  const path = join(home.HOME ?? '', '.okta', 'okta.yaml');

  const complaints = withoutPermission(path, () => complaintsOf(() => read(home)));
  chmodSync(path, 0o644);

  assert.match(complaints[0] ?? '', /^~\/\.okta\/okta\.yaml: could not read it: permission denied/);
  assert.match(read(home).org.notes.join(), /^~\/\.okta\/okta\.yaml: .* everyone on this machine/);
});
