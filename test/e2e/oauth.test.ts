/** `loghook` as a service app, the real process: a practice org of its own, changes at Okta, and refusals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Authority } from '../support/certificates.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { openProxy } from '../support/proxy.ts';
import { CLIENT_ID, ecKey, KEY_ID, publicJwk, testApp } from '../support/service-app.ts';
import { SECRET } from '../support/service-app-scene.ts';
import { openTlsFront } from '../support/tls-front.ts';

test('practice-org --oauth prints three settings with which listen delivers its events', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const org = sandbox.start(['practice-org', '--oauth', '--port', '0', '--every', '50ms']);
  await org.line('stdout', /loghook listen 3000/);
  const env = Object.fromEntries(
    [...org.stdout.matchAll(/export (\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
  );

  const listen = sandbox.start(['listen', new URL(receiver.url).port, '--interval', '1s'], { env });
  await receiver.waitFor(3);
  const ended = [await listen.stop('SIGINT'), await org.stop('SIGINT')];

  assert.deepEqual(Object.keys(env), ['OKTA_ORG_URL', 'OKTA_CLIENT_ID', 'OKTA_PRIVATE_KEY_FILE']);
  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
  );
  const asked = org.stderr.split('\n').map((line) => line.replace(/^\S+ /, ''));
  const token = '/oauth2/v1/token';
  assert.deepEqual(asked.slice(0, 3), [
    `400 POST ${token}`,
    `400 POST ${token}`,
    `200 POST ${token}`,
  ]);
  assert.match(asked[3] ?? '', /^200 GET \/api\/v1\/logs since=/);
});

function settings(url: string, key: ReturnType<typeof ecKey>): Record<string, string> {
  return {
    OKTA_ORG_URL: url,
    OKTA_CLIENT_ID: CLIENT_ID,
    OKTA_KEY_ID: KEY_ID,
    OKTA_PRIVATE_KEY: String(key.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

test('goes on through expiry, revoked tokens and changed nonces without a word', async (t) => {
  const key = ecKey();
  const { app } = testApp({ tokenLifeS: 3, logNonce: true }, key);
  const { org } = await openOrg(t, { apps: [app] });
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
  addEvents(org, 3, 10_000, 1);
  const env = settings(org.url, key);
  const loghook = sandbox.start(['--interval', '1s', '--log-level', 'debug'], { env });
  await receiver.waitFor(3);

  org.oauth.revokeTokens();
  org.oauth.rotateNonce('log');
  addEvents(org, 3, 0, 2);
  await receiver.waitFor(6);
  org.oauth.rotateNonce('token');
  const before = org.oauth.tokenCount;
  while (org.oauth.tokenCount < before + 2) await org.waitForRequests(org.requestCount + 1);
  addEvents(org, 3, 0, 3);
  await receiver.waitFor(9);
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assert.equal(receiver.accepted, 9);
  assert.doesNotMatch(stdout, /"level":(40|50)/);
  assert.doesNotMatch(stdout + stderr, SECRET);
});

test('asks for tokens through the tunnel of the proxy too, over https', async (t) => {
  const authority = new Authority();
  t.after(() => authority.close());
  const name = 'acme.okta.test';
  const origin = `https://${name}`;
  const key = ecKey();
  const { org } = await openOrg(t, { apps: [testApp({}, key).app], origin });
  const front = await openTlsFront(t, org.url, { ...authority.issue([`DNS:${name}`]), origin });
  const proxy = await openProxy(t, { ports: { [name]: front.port } });
  const sandbox = new Sandbox(t);
  const [event] = addEvents(org, 1, 3_600_000);
  const env = {
    ...settings(origin, key),
    HTTPS_PROXY: proxy.url.href,
    NODE_EXTRA_CA_CERTS: sandbox.write('ca.pem', authority.cert),
  };

  const { code, stdout, stderr } = await sandbox.run(['tail', '--since', '2h', '--until', '30m'], {
    env,
  });

  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${event}\n`);
  assert.equal(org.oauth.tokenCount, 1);
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${name}:443`]);
  assert.doesNotMatch(proxy.seen.join(), SECRET);
});

test('ends with 4 at a first start if the org does not know the key, and says what to do', async (t) => {
  const key = ecKey();
  const { org } = await openOrg(t, { apps: [testApp({ keys: [publicJwk(ecKey())] }, key).app] });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const { code, stdout, stderr } = await sandbox.run([], { env: settings(org.url, key) });

  assert.equal(code, 4);
  assert.match(stderr, /no access token: HTTP 401 invalid_client /);
  assert.match(
    stderr,
    /→ Okta does not know the app, or the app does not know the key: .*OKTA_KEY_ID/,
  );
  assert.doesNotMatch(stdout + stderr, SECRET);
  assert.equal(org.oauth.requestCount, 1);
});

test('a reload takes a key that was changed, and keeps the old one while the file holds none', async (t) => {
  const [first, second] = [ecKey(), ecKey()];
  const { app } = testApp({}, first);
  const { org } = await openOrg(t, { apps: [app] });
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
  const { OKTA_PRIVATE_KEY: pem = '', ...rest } = settings(org.url, first);
  sandbox.write('key.pem', pem);
  const env = { ...rest, OKTA_PRIVATE_KEY_FILE: 'key.pem' };
  const loghook = sandbox.start(['--interval', '1s'], { env });
  await loghook.logged('ready');

  loghook.child.kill('SIGHUP');
  await loghook.logged('routes reloaded');
  const before = loghook.stdout;
  sandbox.write('key.pem', 'nothing');
  loghook.child.kill('SIGHUP');
  const kept = await loghook.logged('credentials not reloaded, the old ones stay in use');
  org.oauth.register({ ...app, keys: [publicJwk(second)] });
  org.oauth.revokeTokens();
  sandbox.write('key.pem', settings(org.url, second).OKTA_PRIVATE_KEY ?? '');
  loghook.child.kill('SIGHUP');
  const said = await loghook.logged('credentials reloaded');
  addEvents(org, 1, 0, 1);
  await receiver.waitFor(1);
  const { code } = await loghook.stop();

  assert.equal(code, 0);
  assert.doesNotMatch(before, /credentials reloaded/);
  assert.match(String(kept.problems), /neither PEM/);
  assert.match(String(said.keyFrom), /^OKTA_PRIVATE_KEY_FILE .*key\.pem$/);
  assert.doesNotMatch(loghook.stdout, /"level":50/);
  assert.ok(!(loghook.stdout + loghook.stderr).includes(pem.split('\n')[1] ?? '-'));
});
