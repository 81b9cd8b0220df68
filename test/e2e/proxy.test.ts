/** The real process behind a proxy: Okta and receivers over https, the token and the events out of the proxy's sight. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { Authority } from '../support/certificates.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { openProxy, type ProxyOptions } from '../support/proxy.ts';
import { openTlsFront } from '../support/tls-front.ts';
import { openTlsReceiver } from '../support/tls-receiver.ts';

const ORG = 'acme.okta.test';
const authority = new Authority();
after(() => authority.close());

async function openScene(t: TestContext, options: ProxyOptions = {}) {
  const { org } = await openOrg(t);
  const receiver = await openTlsReceiver(t, authority.issue(['DNS:receiver.test']));
  const identity = authority.issue([`DNS:${ORG}`]);
  const front = await openTlsFront(t, org.url, { ...identity, origin: `https://${ORG}` });
  const ports = { [ORG]: front.port, 'receiver.test': receiver.port };
  const proxy = await openProxy(t, { credentials: 'user:PROXYSECRET', ports, ...options });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.,https://receiver.test/hook\n');
  const env = {
    OKTA_ORG_URL: `https://${ORG}`,
    OKTA_API_KEY: org.token,
    HTTPS_PROXY: proxy.url.href,
    NODE_EXTRA_CA_CERTS: sandbox.write('ca.pem', authority.cert),
  };
  return { org, receiver, proxy, sandbox, env };
}

for (const kind of ['http', 'https'] as const) {
  test(`reads Okta and delivers through tunnels of an ${kind} proxy that reads neither`, async (t) => {
    const tls = kind === 'https' ? { tls: authority.issue(['IP:127.0.0.1']) } : {};
    const { org, receiver, proxy, sandbox, env } = await openScene(t, tls);
    const events = addEvents(org, 3, 60_000);

    const { code, stdout, stderr } = await sandbox.run(['--once'], { env });

    assert.equal(code, 0, stdout + stderr);
    assert.equal(receiver.received.length, events.length);
    assert.deepEqual(
      [...new Set(proxy.asked)].sort(),
      [`CONNECT ${ORG}:443`, 'CONNECT receiver.test:443'].sort(),
    );
    assert.ok(!proxy.seen.join().includes(org.token));
    assert.match(stdout, new RegExp(`"proxy":"${proxy.url.host}"`));
    assert.doesNotMatch(stdout + stderr, /PROXYSECRET/);
  });
}

test('tails through the proxy too', async (t) => {
  const { org, proxy, sandbox, env } = await openScene(t);
  const [event] = addEvents(org, 1, 3_600_000);

  const { code, stdout } = await sandbox.run(['tail', '--since', '2h', '--until', '30m'], { env });

  assert.equal(code, 0);
  assert.equal(stdout, `${event}\n`);
  assert.deepEqual([...new Set(proxy.asked)], [`CONNECT ${ORG}:443`]);
});

test('names a proxy that refuses, and not its password', async (t) => {
  const { org, sandbox, env, proxy } = await openScene(t, { status: 407 });
  addEvents(org, 1, 60_000);

  const loghook = sandbox.start(['--interval', '1s'], { env });
  const said = await loghook.logged('okta unreachable');
  const { stdout, stderr } = await loghook.stop();

  assert.equal(said.reason, `the proxy ${proxy.url.host}: it answered 407 to CONNECT`);
  assert.equal(org.requests.length, 0);
  assert.doesNotMatch(stdout + stderr, /PROXYSECRET/);
});

test('goes direct where NO_PROXY says so', async (t) => {
  const { sandbox, env, proxy } = await openScene(t);

  const loghook = sandbox.start(['--interval', '1s'], { env: { ...env, NO_PROXY: '.okta.test' } });
  await loghook.logged('okta unreachable'); // there is no such host
  await loghook.stop();

  assert.deepEqual(proxy.asked, []);
});

test('never asks a proxy for what runs on this machine', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const proxy = await openProxy(t);
  addEvents(org, 3, 60_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.,${receiver.url}/hook\n`);
  const proxies = { HTTP_PROXY: proxy.url.href, HTTPS_PROXY: proxy.url.href };

  const { code } = await sandbox.run(['--once'], { env: { ...env, ...proxies } });

  assert.equal(code, 0);
  assert.equal(receiver.received.length, 3);
  assert.deepEqual(proxy.asked, []);
});

test('says what is wrong with the proxy that is set, without its password', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.,http://127.0.0.1:9/\n');
  const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: '00x' };

  const { code, stderr } = await sandbox.run(['--once'], {
    env: { ...env, HTTPS_PROXY: 'socks5://user:PROXYSECRET@proxy.example:1080' },
  });

  assert.equal(code, 2);
  assert.match(stderr, /HTTPS_PROXY: its scheme is socks5, not http or https/);
  assert.doesNotMatch(stderr, /PROXYSECRET/);
});

test('refuses a route to cloud metadata before anything starts', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '^a,https://h.example/\n.,http://0xa9fea9fe/latest/SECRET\n');
  const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: '00x' };

  const { code, stderr } = await sandbox.run(['--once'], { env });

  assert.equal(code, 2);
  assert.match(
    stderr,
    /loghook\.csv line 2: 169\.254\.169\.254 is never connected to \(cloud metadata\)\n.*no receiver/,
  );
  assert.doesNotMatch(stderr, /SECRET/);
});
