/** `loghook run` as a service app, from each place that can name one, past the end of its token's life. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import {
  type AppIdentity,
  CLIENT_ID,
  ecKey,
  KEY_ID,
  rsaKey,
  testApp,
} from '../support/service-app.ts';

const TOKEN_LIFE_S = 2;
// biome-ignore lint/suspicious/noTemplateCurlyInString: loghook.yaml has them
const KEY_FILE = '${file:key.pem}';

interface Form {
  readonly name: string;
  readonly dpop: boolean;
  readonly key: ReturnType<typeof ecKey>;
  /** Sets the sandbox up, and says what else is in the environment. */
  readonly settings: (
    sandbox: Sandbox,
    identity: AppIdentity,
    url: string,
  ) => Record<string, string>;
}

const pem = ({ privateKey }: AppIdentity, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8') =>
  String(privateKey.export({ format: 'pem', type }));
const jwk = ({ privateKey }: AppIdentity) =>
  JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: KEY_ID });

const FORMS: readonly Form[] = [
  {
    name: 'PEM in the environment, with DPoP',
    dpop: true,
    key: rsaKey(),
    settings: (_sandbox, identity, url) => ({
      OKTA_ORG_URL: url,
      OKTA_CLIENT_ID: CLIENT_ID,
      OKTA_PRIVATE_KEY: pem(identity).replaceAll('\n', '\\n'),
      OKTA_KEY_ID: KEY_ID,
    }),
  },
  {
    name: 'JWK in a file, as Bearer',
    dpop: false,
    key: ecKey(),
    settings: (sandbox, identity, url) => ({
      OKTA_ORG_URL: url,
      OKTA_CLIENT_ID: CLIENT_ID,
      OKTA_PRIVATE_KEY_FILE: sandbox.write('key.json', jwk(identity)),
    }),
  },
  {
    name: 'all in ~/.okta/okta.yaml, with DPoP',
    dpop: true,
    key: ecKey(),
    settings: (sandbox, identity, url) => {
      const folder = join(sandbox.home, '.okta');
      mkdirSync(folder);
      const client = { orgUrl: url, clientId: CLIENT_ID, privateKey: pem(identity), keyId: KEY_ID };
      writeFileSync(join(folder, 'okta.yaml'), JSON.stringify({ okta: { client } }));
      chmodSync(join(folder, 'okta.yaml'), 0o600);
      return {};
    },
  },
  {
    name: 'PKCS#1 as a systemd credential, with DPoP',
    dpop: true,
    key: rsaKey(3_072),
    settings: (sandbox, identity, url) => {
      sandbox.write('okta-private-key', pem(identity, 'pkcs1'));
      const CREDENTIALS_DIRECTORY = sandbox.cwd;
      return { OKTA_ORG_URL: url, OKTA_CLIENT_ID: CLIENT_ID, CREDENTIALS_DIRECTORY };
    },
  },
  {
    name: "under the names of Okta's SDKs, with DPoP",
    dpop: true,
    key: ecKey('P-384'),
    settings: (_sandbox, identity, url) => ({
      OKTA_CLIENT_ORGURL: url,
      OKTA_CLIENT_CLIENTID: CLIENT_ID,
      OKTA_CLIENT_PRIVATEKEY: pem(identity),
      OKTA_CLIENT_AUTHORIZATIONMODE: 'PrivateKey',
    }),
  },
  {
    name: 'SEC1 in a file that orgs: names, with DPoP',
    dpop: true,
    key: ecKey('P-521'),
    settings: (sandbox, identity, url) => {
      sandbox.write('key.pem', pem(identity, 'sec1'));
      const [match, to] = readFileSync(join(sandbox.cwd, 'loghook.csv'), 'utf8').trim().split(',');
      const acme = { url, clientId: CLIENT_ID, privateKey: KEY_FILE };
      const file = { routes: { siem: { match, url: to } }, orgs: { acme } };
      sandbox.write('loghook.yaml', JSON.stringify(file));
      return {};
    },
  },
];

for (const { name, dpop, key, settings } of FORMS) {
  test(`delivers as a service app past the life of its token: ${name}`, async (t) => {
    const { identity, app } = testApp({ dpop, tokenLifeS: TOKEN_LIFE_S }, key);
    const { org } = await openOrg(t, { apps: [app] });
    const receiver = await openReceiver(t);
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
    const env = settings(sandbox, identity, org.url);
    addEvents(org, 3, 10_000, 1);
    const loghook = sandbox.start(['--interval', '1s'], { env });
    await receiver.waitFor(3);
    const starting = await loghook.logged('starting');

    const before = org.oauth.tokenCount;
    await org.waitForRequests(org.requestCount + 5); // more than one a second: two tokens' lives
    addEvents(org, 3, 0, 2);
    await receiver.waitFor(6);
    const { code, stdout } = await loghook.stop();

    assert.equal(code, 0);
    assert.ok(org.oauth.tokenCount > before, 'a new token was asked for');
    assert.match(String(starting.appFrom), /CLIENT_?ID in the environment$|(okta|loghook)\.yaml$/i);
    assert.match(String(starting.keyFrom), /PRIVATE[_-]?KEY|(okta|loghook)\.yaml$/i);
    assert.doesNotMatch(stdout, /okta refused/);
  });
}
