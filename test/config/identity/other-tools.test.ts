/** What Okta's SDKs and command line call the settings. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ecKey, jwkOf, pemOf } from '../../support/keys.ts';
import { allTextOf, complaintsOf } from '../complaints.ts';
import { file, tempFolder, withoutPermission } from '../temp-folder.ts';
import { client, homeWith, inShort, type Names, read } from './okta-home.ts';

const ACME = 'https://acme.okta.com';
const OTHER = 'https://other.okta.com';
const KEY = ecKey();
const PEM = pemOf(KEY);
const ESCAPED = PEM.replaceAll('\n', '\\n');

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
