/** What doctor finds out about receivers, with and without sending them anything. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { checkRoutes } from '../../../src/cli/doctor/checks/routes.ts';
import { Authority } from '../../support/certificates.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { deferred, openReceiver, Sandbox } from '../../support/loghook.ts';
import { openProxy } from '../../support/proxy.ts';
import { openTlsReceiver } from '../../support/tls-receiver.ts';
import { diagnose, examined, found, sceneIn } from './desk.ts';

const authority = new Authority('Practice CA');
after(() => authority.close());

const NAMES = ['DNS:receiver.test', 'IP:127.0.0.1'];

/** A sandbox with these routes, one flow mapping each, and the files that they may name. */
function withRoutes(t: TestContext, ...routes: readonly string[]): Sandbox {
  const sandbox = new Sandbox(t);
  sandbox.write('ca.pem', authority.cert);
  const lines = routes.map((route) => `  - { match: '.', ${route} }\n`);
  sandbox.write('loghook.yaml', `routes:\n${lines.join('')}`);
  return sandbox;
}

async function lookedAt(t: TestContext, ...routes: readonly string[]) {
  const findings = await examined(withRoutes(t, ...routes));
  assert.doesNotMatch(JSON.stringify(findings), /S3CRET/);
  return findings;
}

test('routes that are reached, in their own ways, are sent nothing', async (t) => {
  const plain = await openReceiver(t);
  const secure = await openTlsReceiver(t, authority.issue(NAMES));
  const proxy = await openProxy(t, { ports: { 'receiver.test': secure.port } });

  const findings = await lookedAt(
    t,
    `name: plain, url: "${plain.url}/S3CRET"`,
    `name: secure, url: "https://127.0.0.1:${secure.port}/S3CRET", tls: { ca: ca.pem }`,
    `name: tunnelled, url: "https://receiver.test/S3CRET", proxy: "${proxy.url.href}", tls: { ca: ca.pem }`,
    `name: forwarded, url: "${plain.url}/S3CRET", proxy: "${proxy.url.href}"`,
    `name: off, url: "http://127.0.0.1:9/", enabled: false`,
  );

  found(findings, 'route-reached', /^plain: reached in \d+ ms$/);
  found(
    findings,
    'route-reached',
    /^secure: reached in \d+ ms, certificate valid for (29|30) days$/,
  );
  found(findings, 'route-reached', /^tunnelled: reached in \d+ ms through the proxy 127\.0\.0\.1:/);
  found(findings, 'route-reached', /^forwarded: its proxy .* the receiver is not asked$/);
  found(findings, 'route-disabled', /^off is disabled/);
  assert.deepEqual(
    [plain.received, secure.received, proxy.asked],
    [[], [], ['CONNECT receiver.test:443']],
  );
});

test('alerts and heartbeat are looked at too, and what is reached alike is reached once', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const receiver = { url: `http://127.0.0.1:${port}` };
  const sandbox = withRoutes(
    t,
    `name: a, url: "${receiver.url}/a"`,
    `name: b, url: "${receiver.url}/b"`,
  );
  sandbox.write(
    'loghook.yaml',
    `alerts: ${receiver.url}/alerts\nheartbeat: ${receiver.url}/beat\nroutes:\n  - { name: a, match: '.', url: "${receiver.url}/a" }\n`,
  );

  const findings = await examined(sandbox);

  for (const name of ['alerts', 'heartbeat', 'a'])
    found(findings, 'route-reached', new RegExp(`^${name}: `));
  assert.equal(connections, 1);
});

test('an address that is refused, and one that nobody listens at', async (t) => {
  const receiver = await openReceiver(t);

  const findings = await lookedAt(
    t,
    `name: inside, url: "${receiver.url.replace('127.0.0.1', 'localhost')}/S3CRET", publicOnly: true`,
    `name: nobody, url: "http://127.0.0.1:9/S3CRET"`,
  );

  found(
    findings,
    'route-address',
    /^inside: (127\.0\.0\.1|::1) is refused \(loopback\)/,
    /publicOnly/,
  );
  found(findings, 'route-unreachable', /^nobody: connection refused/, /firewall/);
});

test('a host that nobody knows', async (t) => {
  const sandbox = withRoutes(t, 'name: lost, url: "https://lost.example/S3CRET"');
  const scene = await sceneIn(
    sandbox,
    {},
    {
      lookup: (_name, _options, answer) =>
        answer(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
    },
  );

  const findings = await checkRoutes(scene);

  found(findings, 'route-dns', /^lost: host name not found \(ENOTFOUND\)$/, /name server/);
});

test('a receiver that takes the connection and says nothing', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const sandbox = withRoutes(t, `name: mute, url: "https://127.0.0.1:${port}/S3CRET"`);
  const clock = new FakeClock();

  const checking = checkRoutes({ ...(await sceneIn(sandbox, {})), clock });
  const socket = await connected;
  await new Promise((resolve) => socket.once('data', resolve));
  await clock.advance(6_000);

  found(await checking, 'route-tls', /^mute: connection timed out \(ETIMEDOUT\)$/);
});

test('a name server that says nothing', async (t) => {
  const sandbox = withRoutes(t, 'name: lost, url: "https://lost.example/S3CRET"');
  const clock = new FakeClock();
  const asked = deferred<void>();
  const scene = await sceneIn(sandbox, {}, { lookup: () => asked.resolve() });

  const checking = checkRoutes({ ...scene, clock });
  await asked.promise;
  await clock.advance(6_000);

  found(await checking, 'route-dns', /^lost: host name could not be looked up/, /name server/);
});

test('certificates that are not believed are named', async (t) => {
  const port = async (...issue: Parameters<Authority['issue']>) =>
    (await openTlsReceiver(t, authority.issue(...issue))).port;
  const plain = await openReceiver(t);

  const findings = await lookedAt(
    t,
    `name: old, url: "https://127.0.0.1:${await port(NAMES, -1)}/", tls: { ca: ca.pem }`,
    `name: other, url: "https://127.0.0.1:${await port(['DNS:other.test'])}/", tls: { ca: ca.pem }`,
    `name: unknown, url: "https://127.0.0.1:${await port(NAMES)}/"`,
    `name: none, url: "${plain.url.replace('http:', 'https:')}/"`,
    `name: soon, url: "https://127.0.0.1:${await port(NAMES, 5)}/", tls: { ca: ca.pem }`,
    `name: ended, url: "https://127.0.0.1:${await port(NAMES, -1)}/", tls: { insecure: true }`,
    `name: careless, url: "https://127.0.0.1:${await port(NAMES)}/", tls: { insecure: true }`,
  );

  found(findings, 'route-tls', /^old: certificate has expired/, /renew/);
  found(findings, 'route-tls', /^other: certificate is for another host name/, /servername/);
  found(
    findings,
    'route-tls',
    /^unknown: certificate issuer unknown/,
    /tls\.ca.*NODE_EXTRA_CA_CERTS/,
  );
  found(findings, 'route-tls', /^none: /, /http:\/\//);
  found(findings, 'route-expiring', /^soon: reached in .* valid for [45] days/, /renew/);
  found(
    findings,
    'route-expiring',
    /^ended: reached in \d+ m?s, certificate has expired$/,
    /renew/,
  );
  found(findings, 'route-insecure', /^careless is INSECURE/, /tls\.ca/);
});

test('a certificate of ours that ends or has ended', async (t) => {
  const { port } = await openTlsReceiver(t, authority.issue(NAMES));
  const to = `url: "https://127.0.0.1:${port}/"`;
  const sandbox = withRoutes(
    t,
    `name: soon, ${to}, tls: { ca: ca.pem, cert: soon.pem, key: soon.key }`,
    `name: late, ${to}, tls: { ca: ca.pem, cert: late.pem, key: late.key }`,
  );
  for (const [name, days] of [
    ['soon', 3],
    ['late', -1],
  ] as const) {
    const { cert, key } = authority.issue(['DNS:loghook'], days);
    sandbox.write(`${name}.pem`, cert);
    sandbox.write(`${name}.key`, key);
  }

  const findings = await examined(sandbox);

  found(findings, 'route-own-certificate', /^soon: .*ends in/, /new one/);
  found(findings, 'route-own-certificate', /^late: .*has expired/);
});

test('a proxy in the way of a route', async (t) => {
  const refusing = await openProxy(t, { status: 407 });

  const findings = await lookedAt(
    t,
    `name: siem, url: "https://receiver.test/", proxy: "http://user:S3CRET@${refusing.url.host}"`,
    `name: none, url: "https://receiver.test/", proxy: "http://127.0.0.1:9"`,
  );

  found(
    findings,
    'route-proxy',
    /^siem: the proxy .* wants other credentials \(407\)/,
    /HTTPS_PROXY/,
  );
  found(findings, 'route-proxy', /^none: the proxy 127\.0\.0\.1:9: connection refused/);
});

test('--send sends a marked event to all, and says what came', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = withRoutes(
    t,
    `name: good, url: "${receiver.url}/S3CRET"`,
    'name: bad, url: "http://127.0.0.1:9/S3CRET"',
  );

  const { findings, code, stdout } = await diagnose(sandbox, {}, ['--send']);

  assert.equal(code, 1);
  found(findings, 'send-delivered', /^good: a test event was sent and answered 204$/);
  found(
    findings,
    'send-failed',
    /^bad: a test event could not be sent: connection refused.*hold the route/,
    /running/,
  );
  assert.equal(receiver.received[0]?.headers['loghook-test'], 'true');
  assert.doesNotMatch(stdout, /S3CRET/);
});

test('--send with names sends to those alone, a ping to the heartbeat, and refuses others', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `heartbeat: ${receiver.url}/beat\nroutes:\n  - { name: a, match: '.', url: "${receiver.url}/a" }\n  - { name: b, match: '.', url: "${receiver.url}/b" }\n`,
  );

  const { findings } = await diagnose(sandbox, {}, ['--send', 'a', 'heartbeat']);
  const wrong = await sandbox.run(['doctor', '--send', 'nope']);

  found(findings, 'send-delivered', /^a: /);
  found(findings, 'send-delivered', /^heartbeat: a ping was sent/);
  assert.deepEqual(receiver.received.map(({ path }) => path).sort(), ['/a', '/beat']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--send: no route has this name\n {2}→ there are a, b, heartbeat/);
});
