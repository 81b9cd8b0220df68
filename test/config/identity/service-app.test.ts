import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Environment } from '../../../src/config/environment.ts';
import { orgSettings } from '../../../src/config/identity/org-settings.ts';
import { ecKey, jwkOf, marksOf, pemOf, rsaKey } from '../../support/keys.ts';
import { allTextOf, complaintsOf, hintsOf } from '../complaints.ts';
import { file, tempFolder, withoutPermission } from '../temp-folder.ts';

const OKTA_ORG_URL = 'https://acme.okta.com';
const OKTA_CLIENT_ID = '0oa1practice2CLIENT3';
const KEY = ecKey();
const PEM = pemOf(KEY);

function settings(variables: Record<string, string>, cwd = '/') {
  return orgSettings(new Environment({ OKTA_ORG_URL, OKTA_CLIENT_ID, ...variables }), cwd);
}

/** Which key, whose, and where it was found. */
function found(variables: Record<string, string>, cwd?: string) {
  const { identity, identityFrom, app, org } = settings(variables, cwd);
  assert.ok(identity.kind === 'app');
  assert.ok(identity.privateKey.equals(KEY));
  assert.equal(identity.clientId, OKTA_CLIENT_ID);
  return { keyId: identity.keyId, identityFrom, app, notes: org.notes };
}

test('takes the key of a service app from the environment, a file or a systemd credential', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'okta-private-key', PEM);
  chmodSync(path, 0o600);
  const app = {
    clientIdFrom: 'OKTA_CLIENT_ID in the environment',
    keyKind: 'EC P-256',
  };
  const common = { keyId: undefined, app, notes: [] };

  assert.deepEqual(found({ OKTA_PRIVATE_KEY: PEM }), {
    ...common,
    identityFrom: 'OKTA_PRIVATE_KEY in the environment',
  });
  assert.deepEqual(found({ OKTA_PRIVATE_KEY: PEM.replaceAll('\n', '\\n') }).notes, []);
  const named = { ...common, identityFrom: `OKTA_PRIVATE_KEY_FILE ${path}` };
  assert.deepEqual(found({ OKTA_PRIVATE_KEY_FILE: path }), named);
  assert.deepEqual(found({ OKTA_PRIVATE_KEY_FILE: './okta-private-key' }, folder), named);
  const ofHome = { OKTA_PRIVATE_KEY_FILE: '~/okta-private-key', HOME: folder };
  assert.deepEqual(found(ofHome), named);
  assert.deepEqual(found({ CREDENTIALS_DIRECTORY: folder }), {
    ...common,
    identityFrom: `credential okta-private-key ${path}`,
  });
});

test('takes the key id from OKTA_KEY_ID, else from the JWK', () => {
  const jwk = JSON.stringify(jwkOf(KEY, { kid: 'of-the-key' }));
  const ofJwk = found({ OKTA_PRIVATE_KEY: jwk });
  const ofVariable = found({ OKTA_PRIVATE_KEY: jwk, OKTA_KEY_ID: ' set ' });

  assert.equal(ofJwk.keyId, 'of-the-key');
  assert.equal(ofJwk.app?.keyIdFrom, 'kid in the key');
  assert.equal(ofVariable.keyId, 'set');
  assert.equal(ofVariable.app?.keyIdFrom, 'OKTA_KEY_ID in the environment');
});

test('says when everyone on the machine may read the key, and goes on', (t) => {
  const path = file(tempFolder(t), 'key.pem', PEM);
  chmodSync(path, 0o644);

  assert.deepEqual(found({ OKTA_PRIVATE_KEY_FILE: path }).notes, [
    `OKTA_PRIVATE_KEY_FILE: ${path} can be read by everyone on this machine; chmod 600 it`,
  ]);
  chmodSync(path, 0o640);
  assert.deepEqual(found({ OKTA_PRIVATE_KEY_FILE: path }).notes, []);
});

test('a key in binary form is to be written as PEM, and text of another kind to be saved anew', (t) => {
  const folder = tempFolder(t);
  const der = file(folder, 'key.der', KEY.export({ type: 'pkcs8', format: 'der' }));
  const utf16 = file(folder, 'key.pem', Buffer.from(`\ufeff${PEM}`, 'utf16le'));

  for (const [path, hint] of [
    [der, /openssl pkey -inform DER/],
    [utf16, /^save it as UTF-8$/],
  ] as const) {
    const read = () => found({ OKTA_PRIVATE_KEY_FILE: path });

    assert.deepEqual(complaintsOf(read), [`OKTA_PRIVATE_KEY_FILE: ${path} is not UTF-8 text`]);
    assert.match(hintsOf(read).join(), hint);
  }
});

const BAD: readonly (readonly [
  variables: Record<string, string>,
  complaint: string,
  hint: RegExp,
])[] = [
  [
    {},
    'OKTA_CLIENT_ID: the private key of this app is not set (the client id is: OKTA_CLIENT_ID in the environment)',
    /^set OKTA_PRIVATE_KEY_FILE or OKTA_PRIVATE_KEY$/,
  ],
  [
    { OKTA_CLIENT_ID: '', OKTA_PRIVATE_KEY: PEM },
    'OKTA_PRIVATE_KEY: the client id of the app that this key belongs to is not set',
    /^set OKTA_CLIENT_ID: it stands on the page/,
  ],
  [
    { OKTA_API_KEY: 'SECRET', OKTA_PRIVATE_KEY: PEM },
    'OKTA_API_KEY: both an API token (OKTA_API_KEY in the environment) and a service app (OKTA_PRIVATE_KEY in the environment) are set',
    /^unset OKTA_API_KEY to be the app, or OKTA_CLIENT_ID and OKTA_PRIVATE_KEY to use the token$/,
  ],
  [
    { OKTA_PRIVATE_KEY: PEM, OKTA_PRIVATE_KEY_FILE: '/x' },
    'OKTA_PRIVATE_KEY: both OKTA_PRIVATE_KEY (in the environment) and OKTA_PRIVATE_KEY_FILE (in the environment) are set',
    /^unset one of them$/,
  ],
  [
    { OKTA_PRIVATE_KEY: '/etc/loghook/key.pem' },
    'OKTA_PRIVATE_KEY: it is a path, not the key itself',
    /^set OKTA_PRIVATE_KEY_FILE/,
  ],
  [
    { OKTA_PRIVATE_KEY: 'keys/okta-key.pem' },
    'OKTA_PRIVATE_KEY: it is a path, not the key itself',
    /^set OKTA_PRIVATE_KEY_FILE/,
  ],
  [
    { OKTA_PRIVATE_KEY_FILE: PEM },
    'OKTA_PRIVATE_KEY_FILE: there is no such file',
    /the private key itself goes into OKTA_PRIVATE_KEY$/,
  ],
  [
    { OKTA_PRIVATE_KEY_FILE: PEM.split('\n').slice(1, -2).join('') },
    'OKTA_PRIVATE_KEY_FILE: there is no such file',
    /set it to a path/,
  ],
  [
    { OKTA_PRIVATE_KEY_FILE: '/none/key.pem' },
    'OKTA_PRIVATE_KEY_FILE: there is no file /none/key.pem',
    /^undefined$/,
  ],
  [
    { OKTA_PRIVATE_KEY: pemOf(rsaKey(1_024)) },
    'OKTA_PRIVATE_KEY: it is an RSA key of 1024 bits, which is too small',
    /2048/,
  ],
  [
    { OKTA_PRIVATE_KEY: PEM, OKTA_CLIENT_ID: `two ${PEM}` },
    'OKTA_CLIENT_ID: the client id is not one plain word',
    /copy it again/,
  ],
  [
    { OKTA_PRIVATE_KEY: PEM, OKTA_KEY_ID: 'SECRET SECRET' },
    'OKTA_KEY_ID: the key id is not one plain word',
    /copy it again/,
  ],
];

for (const [variables, complaint, hint] of BAD) {
  test(`refuses, and repeats no secret: ${complaint}`, () => {
    const read = () => settings(variables);

    assert.deepEqual(complaintsOf(read), [complaint]);
    assert.match(String(hintsOf(read)[0]), hint);
    assert.doesNotMatch(allTextOf(read), /SECRET/);
    for (const mark of marksOf(KEY)) assert.ok(!allTextOf(read).includes(mark), mark);
  });
}

test('says everything that is wrong with an app at once', () => {
  const read = () => settings({ OKTA_PRIVATE_KEY: 'x', OKTA_CLIENT_ID: '', OKTA_KEY_ID: 'a b' });

  assert.deepEqual(
    complaintsOf(read).map((complaint) => complaint.split(':')[0]),
    ['OKTA_PRIVATE_KEY', 'OKTA_KEY_ID', 'OKTA_PRIVATE_KEY'],
  );
});

test('names the file of a key that is none, or may not be read', (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'okta-private-key', 'SECRET');

  const read = () => settings({ CREDENTIALS_DIRECTORY: folder });
  const unreadable = withoutPermission(path, () =>
    complaintsOf(() => settings({ OKTA_PRIVATE_KEY_FILE: path })),
  );

  assert.match(
    complaintsOf(read).join(),
    new RegExp(`^credential okta-private-key: ${path} is neither PEM`),
  );
  assert.deepEqual(unreadable, [
    `OKTA_PRIVATE_KEY_FILE: could not read ${path}: permission denied (EACCES)`,
  ]);
  assert.doesNotMatch(allTextOf(read), /SECRET/);
});

test('keeps to the token when there is a client id without a key, and says so', () => {
  const { identity, org } = settings({ OKTA_API_KEY: '00abc' });

  assert.deepEqual(identity, { kind: 'token', token: '00abc' });
  assert.deepEqual(org.notes, [
    'OKTA_CLIENT_ID: it is not used, as there is an API token and no private key',
  ]);
});

test("sends no assertion to the org of a folder's .env but with the key of that .env", (t) => {
  const folder = tempFolder(t);
  const path = file(folder, 'okta-private-key', PEM);
  const read = (outer: Record<string, string>, inner: Record<string, string>) => () =>
    orgSettings(
      new Environment(outer, {
        OKTA_ORG_URL: 'https://evil.example',
        OKTA_CLIENT_ID: 'inner',
        ...inner,
      }),
      folder,
    );

  assert.equal(read({}, { OKTA_PRIVATE_KEY: PEM })().org.url.host, 'evil.example');
  assert.equal(
    read({ OKTA_CLIENT_ID }, { OKTA_PRIVATE_KEY: PEM })().orgFrom,
    'OKTA_ORG_URL in .env',
  );
  for (const refused of [
    read({ OKTA_PRIVATE_KEY: PEM }, {}),
    read({}, { OKTA_PRIVATE_KEY_FILE: path }),
    read({ OKTA_PRIVATE_KEY_FILE: path }, {}),
    read({ CREDENTIALS_DIRECTORY: folder }, {}),
    read({ OKTA_CLIENT_PRIVATEKEY: PEM }, {}),
    read({}, { OKTA_CLIENT_PRIVATEKEY: join(folder, 'okta-private-key') }),
  ]) {
    assert.match(
      complaintsOf(refused).join(),
      /^OKTA_ORG_URL: it comes from \.env, but the private key does not/,
    );
    assert.match(hintsOf(refused).join(), /OKTA_PRIVATE_KEY in \.env too/);
  }
});
