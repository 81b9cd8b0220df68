/** The real process with routes that say how they are reached: proxy, TLS, public addresses only. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Authority } from '../support/certificates.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { openProxy } from '../support/proxy.ts';
import { openTlsReceiver } from '../support/tls-receiver.ts';

const authority = new Authority();
after(() => authority.close());

test('reaches each route in its own way', async (t) => {
  const { org, env } = await openOrg(t);
  const identity = authority.issue(['DNS:receiver.test', 'IP:127.0.0.1']);
  const mutual = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  const [trusted, careless, strict] = await Promise.all([
    openTlsReceiver(t, identity),
    openTlsReceiver(t, identity),
    openTlsReceiver(t, { ...identity, ...mutual }),
  ]);
  const plain = await openReceiver(t);
  const proxy = await openProxy(t, {
    credentials: 'user:PROXYSECRET',
    ports: { 'receiver.test': trusted.port },
  });
  const [event] = addEvents(org, 1);
  const sandbox = new Sandbox(t);
  const client = authority.issue(['DNS:loghook']);
  sandbox.write('ca.pem', authority.cert);
  sandbox.write('client.pem', client.cert);
  sandbox.write('client.key', client.key);
  sandbox.write(
    'loghook.yaml',
    `routes:
  - { name: tunnelled, match: '.', url: https://receiver.test/hook, proxy: "${proxy.url.href}", tls: { ca: ca.pem } }
  - { name: forwarded, match: '.', url: "${plain.url}/hook", proxy: "${proxy.url.href}" }
  - { name: careless, match: '.', url: "https://127.0.0.1:${careless.port}/", tls: { insecure: true } }
  - name: strict
    match: '.'
    url: https://127.0.0.1:${strict.port}/
    tls: { ca: ca.pem, cert: client.pem, key: client.key, servername: receiver.test }
  - { name: public, match: '.', url: "${plain.url.replace('127.0.0.1', 'localhost')}/public", publicOnly: true }
`,
  );

  const { code, stdout, stderr } = await sandbox.run(['--once'], { env });

  assert.equal(code, 5, stdout + stderr); // what is owed to `public` stays owed
  for (const receiver of [trusted, careless, strict]) assert.equal(receiver.received.length, 1);
  assert.equal(strict.received[0]?.servername, 'receiver.test');
  assert.deepEqual(
    plain.received.map(({ path, body }) => [path, `${body}`]),
    [['/hook', `${event}`]],
  );
  assert.deepEqual(
    [...proxy.asked].sort(),
    ['CONNECT receiver.test:443', `POST ${plain.url}/hook`].sort(),
  );
  assert.match(stdout, /(127\.0\.0\.1|::1) is refused \(loopback\): the route is publicOnly/);
  assert.match(stdout, /"level":40,[^\n]*"route":"careless"[^\n]*certificate/);
  assert.doesNotMatch(stdout + stderr, /PROXYSECRET/);
});

test('refuses what is never connected to, by line and column', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `routes:
  - name: a
    match: '.'
    url: http://[::ffff:169.254.169.254]/latest/SECRET
  - name: b
    match: '.'
    url: https://h.example/SECRET
    proxy: http://user:SECRET@169.254.169.254:3128
`,
  );
  const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: '00x' };

  const { code, stderr } = await sandbox.run(['--once'], { env });

  assert.equal(code, 2);
  assert.match(
    stderr,
    /loghook\.yaml line 4 column 10: url: ::ffff:a9fe:a9fe is never connected to \(cloud metadata\)/,
  );
  assert.match(stderr, /line 8 column 12: proxy: 169\.254\.169\.254 is never connected to/);
  assert.doesNotMatch(stderr, /SECRET/);
});
