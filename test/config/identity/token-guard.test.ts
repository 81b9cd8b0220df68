import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Environment } from '../../../src/config/environment.ts';
import { readAll } from '../../../src/config/problems.ts';
import { findRouteFile, routeFileReader } from '../../../src/config/route-file.ts';
import { ecKey, jwkOf, marksOf, pemOf } from '../../support/keys.ts';
import { allTextOf, complaintsOf } from '../complaints.ts';
import { file, tempFolder } from '../temp-folder.ts';

const TOKEN = '00practiceTOKENofAboutTheUsualLength42chars';

async function reading(
  t: TestContext,
  name: string,
  text: string,
  variables: Record<string, string>,
) {
  const cwd = tempFolder(t);
  file(cwd, name, text);
  const read = await routeFileReader(findRouteFile(undefined, cwd));
  return () => readAll({ routes: () => read(new Environment(variables)) });
}

const BASIC = Buffer.from(`:${TOKEN}`).toString('base64');
const LEAKS: readonly (readonly [line: string, why: string])[] = [
  [`url: 'https://h.example/?token=${TOKEN}'`, 'in the URL'],
  [`url: 'https://me:${TOKEN}@h.example/'`, 'as the password of Basic auth'],
  [`url: https://h.example/\n    headers: { Authorization: SSWS ${TOKEN} }`, 'in a header'],
  [`url: https://h.example/\n    headers: { X: Basic ${BASIC} }`, 'in base64'],
  [`url: https://h.example/\n    headers: { X: '\${COPY}' }`, 'from another variable'],
  [`url: https://h.example/\n    proxy: 'http://me:${TOKEN}@p.example/'`, 'to the proxy'],
  [`url: https://h.example/\n    enabled: false\n    headers: { X: ${TOKEN} }`, 'while disabled'],
];

for (const [line, why] of LEAKS) {
  test(`refuses a route that carries the Okta token: ${why}`, async (t) => {
    const text = `routes:\n  - name: siem\n    match: .*\n    ${line}\n`;
    const read = await reading(t, 'loghook.yaml', text, { OKTA_API_KEY: TOKEN, COPY: TOKEN });

    assert.deepEqual(complaintsOf(read), ['loghook.yaml: the route siem holds the Okta token']);
    assert.doesNotMatch(allTextOf(read), /TOKENof/);
  });
}

test('refuses it in loghook.csv, for alerts and for the heartbeat too', async (t) => {
  const csv = await reading(t, 'loghook.csv', `.*,https://h.example/${TOKEN}\n`, {
    OKTA_API_KEY: `SSWS ${TOKEN}`,
  });
  const routes = 'routes:\n  - { name: a, match: .*, url: https://h.example/ }\n';
  const news = `alerts: https://h.example/${TOKEN}\nheartbeat: https://h.example/${TOKEN}\n`;
  const yaml = await reading(t, 'loghook.yaml', `${routes}${news}`, { OKTA_API_KEY: TOKEN });

  assert.match(
    complaintsOf(csv).join(),
    /^loghook\.csv: the route h\.example#.* holds the Okta token$/,
  );
  assert.deepEqual(complaintsOf(yaml), [
    'loghook.yaml: the route alerts holds the Okta token',
    'loghook.yaml: the route heartbeat holds the Okta token',
  ]);
});

test('says nothing where there is no token, a broken one, or one that is a word', async (t) => {
  for (const OKTA_API_KEY of ['', `${TOKEN} ${TOKEN}`, 'h.example']) {
    const read = await reading(t, 'loghook.csv', `.*,https://h.example/${TOKEN}\n`, {
      OKTA_API_KEY,
    });

    assert.deepEqual(complaintsOf(read), []);
  }
});

const KEY = ecKey();
const PEM = pemOf(KEY);
const { d: NUMBER = '' } = jwkOf(KEY);
const BODY = PEM.split('\n').slice(1, -2).join('');
const KEY_LEAKS: readonly (readonly [line: string, why: string])[] = [
  [`url: https://h.example/\n    headers: { X: '${PEM.replaceAll('\n', '\\n')}' }`, 'as PEM'],
  [`url: https://h.example/\n    headers: { X: '\${COPY}' }`, 'from another variable'],
  [`url: 'https://h.example/?k=${encodeURIComponent(BODY)}'`, 'in the URL'],
  [`url: https://h.example/\n    headers: { X: '${NUMBER}' }`, 'as the number of the JWK'],
  [`url: https://h.example/\n    headers: { X: 'Basic ${base64(PEM)}' }`, 'in base64'],
  [`url: https://h.example/\n    headers: { X: '${jwkText()}' }`, 'as JWK'],
];

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function jwkText(): string {
  return JSON.stringify(jwkOf(KEY));
}

for (const [line, why] of KEY_LEAKS) {
  test(`refuses a route that carries the private key: ${why}`, async (t) => {
    const text = `routes:\n  - name: siem\n    match: .*\n    ${line}\n`;
    const COPY = PEM.replaceAll('\n', ' ').trim();
    const read = await reading(t, 'loghook.yaml', text, { OKTA_PRIVATE_KEY: PEM, COPY });

    assert.deepEqual(complaintsOf(read), [
      'loghook.yaml: the route siem holds the Okta private key',
    ]);
    for (const mark of marksOf(KEY)) assert.ok(!allTextOf(read).includes(mark));
  });
}

test('refuses what any place holds, also one that another goes before', async (t) => {
  const home = tempFolder(t);
  mkdirSync(join(home, '.okta'));
  file(join(home, '.okta'), 'okta.yaml', `okta: { client: { token: ${TOKEN} } }\n`);
  for (const variables of [{ OKTA_CLIENT_TOKEN: TOKEN }, { HOME: home }]) {
    const read = await reading(t, 'loghook.csv', `.*,https://h.example/${TOKEN}\n`, {
      OKTA_API_KEY: 'another-token-of-the-usual-length',
      ...variables,
    });

    assert.match(complaintsOf(read).join(), /holds the Okta token$/);
  }
});

test('refuses a route that asks for the settings or files of a secret', async (t) => {
  const home = tempFolder(t);
  mkdirSync(join(home, '.okta'));
  file(join(home, '.okta'), 'okta.yaml', 'okta: {}\n');
  const path = file(home, 'key.pem', 'not even a key');
  const names = ['OKTA_CLIENT_TOKEN', 'OKTA_PRIVATE_KEY', 'OKTA_CLIENT_PRIVATEKEY'];
  const files = [path, join(home, '.okta', 'okta.yaml'), join(home, 'okta-private-key')];

  for (const [asked, complaint] of [
    ...names.map((name) => [name, `it asks for ${name}`] as const),
    ...files.map((one) => [`file:${one}`, /holds the Okta (private key|token)$/] as const),
  ]) {
    const text = `routes: [{ name: a, match: b, url: "https://h/", headers: { X: '\${${asked}}' } }]`;
    const read = await reading(t, 'loghook.yaml', text, {
      OKTA_CLIENT_TOKEN: 'x',
      OKTA_PRIVATE_KEY_FILE: path,
    });
    assert.match(
      complaintsOf(read).join(),
      typeof complaint === 'string' ? new RegExp(complaint) : complaint,
    );
  }
});
