/** What doctor finds on the way to the org: real sockets, certificates and proxies. */
import assert from 'node:assert/strict';
import type { ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { checkNetwork } from '../../../src/cli/doctor/checks/network.ts';
import { checkRoutes } from '../../../src/cli/doctor/checks/routes.ts';
import type { Machine } from '../../../src/cli/doctor/machine.ts';
import { sceneOf } from '../../../src/cli/doctor/scene.ts';
import { Authority, selfSigned } from '../../support/certificates.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOrg, Sandbox } from '../../support/loghook.ts';
import { openProxy, type ProxyOptions } from '../../support/proxy.ts';
import { openTlsFront } from '../../support/tls-front.ts';
import { until } from '../../support/until.ts';
import { diagnose, examined, found, notFound, sceneIn } from './desk.ts';

const authority = new Authority('Practice CA');
after(() => authority.close());

const NAMES = ['DNS:acme.okta.test', 'IP:127.0.0.1'];
const DAY_MS = 86_400_000;

/** An org behind https at 127.0.0.1, and a sandbox that believes the authority. */
async function openSecureOrg(t: TestContext, tls: ServerOptions) {
  const { org } = await openOrg(t);
  const { port } = await openTlsFront(t, org.url, tls);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const ca = sandbox.write('ca.pem', authority.cert);
  const url = `https://127.0.0.1:${port}`;
  return { org, sandbox, env: { OKTA_ORG_URL: url, OKTA_API_KEY: org.token }, ca };
}

test('an org with a good certificate is reached and asked', async (t) => {
  const { sandbox, env, ca } = await openSecureOrg(t, authority.issue(NAMES));

  const { findings } = await diagnose(sandbox, { ...env, NODE_EXTRA_CA_CERTS: ca });

  found(findings, 'org-reached', /^127\.0\.0\.1:\d+ reached in \d+ ms$/);
  found(findings, 'tls-valid', /from "Practice CA", is valid until \d{4}-/);
  found(findings, 'credentials-good', /API token/);
  notFound(findings, 'dns-found');
});

test('a certificate that ends soon is a warning', async (t) => {
  const { sandbox, env, ca } = await openSecureOrg(t, authority.issue(NAMES, 10));

  const { findings } = await diagnose(sandbox, { ...env, NODE_EXTRA_CA_CERTS: ca });

  found(findings, 'tls-expiring', /, in (9|10) days$/, /renew/);
});

const now = Date.now();
const BAD: readonly (readonly [
  id: 'tls-expired' | 'tls-early' | 'tls-name',
  tls: ServerOptions,
  words: RegExp,
  fix: RegExp,
])[] = [
  ['tls-expired', authority.issue(NAMES, -1), /certificate has expired/, /clock/],
  [
    'tls-early',
    authority.issueFrom(NAMES, now + 5 * DAY_MS, now + 30 * DAY_MS),
    /certificate is not valid yet/,
    /behind/,
  ],
  ['tls-name', authority.issue(['DNS:other.test']), /for another host name/, /OKTA_ORG_URL/],
];

for (const [id, tls, words, fix] of BAD) {
  test(`${id}: the certificate is named, and Okta is not asked`, async (t) => {
    const { org, sandbox, env, ca } = await openSecureOrg(t, tls);

    const { findings } = await diagnose(sandbox, { ...env, NODE_EXTRA_CA_CERTS: ca });

    found(findings, id, words, fix);
    found(findings, 'credentials-untested', /not reached/);
    assert.equal(org.requestCount, 0);
  });
}

for (const [who, tls] of [
  ['a company that reads along', authority.issue(NAMES)],
  ['nobody', selfSigned(NAMES)],
] as const) {
  test(`a certificate from ${who}: says who signed it, and how to believe it`, async (t) => {
    const { sandbox, env } = await openSecureOrg(t, tls);

    const findings = await examined(sandbox, env);

    const issuer = who === 'nobody' ? 'x' : 'Practice CA';
    found(
      findings,
      'tls-issuer',
      new RegExp(`: certificate [a-z, -]+ \\([A-Z_]+\\); it is signed by "${issuer}"$`),
      /NODE_EXTRA_CA_CERTS/,
    );
  });
}

for (const [what, answer, words] of [
  ['plain http', (socket: Socket) => socket.end('HTTP/1.1 400 No\r\n\r\n'), /no TLS there/],
  ['a reset', (socket: Socket) => socket.resetAndDestroy(), /connection reset/],
] as const) {
  test(`${what} in answer to TLS is named as such`, async (t) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo; // it listens on TCP

    const env = { OKTA_ORG_URL: `https://127.0.0.1:${port}`, OKTA_API_KEY: 'x' };
    const findings = await examined(new Sandbox(t), env);

    found(findings, 'tls-failed', words, /TLS/);
  });
}

test('a practice org is http, which is only noted', async (t) => {
  const { env } = await openOrg(t);

  const findings = await examined(new Sandbox(t), env);

  found(findings, 'tls-none', /practice org/);
});

test('nobody at the address', async (t) => {
  const { org, env } = await openOrg(t);
  await org.close();

  const findings = await examined(new Sandbox(t), env);

  found(findings, 'org-unreachable', /connection refused/, /port 443/);
});

test('without an org there is nothing to reach', async (t) => {
  const findings = await examined(new Sandbox(t));

  found(findings, 'org-unknown', /no org is set/, /OKTA_ORG_URL/);
  found(findings, 'setting-wrong', /OKTA_ORG_URL: it is not set/);
});

/** In this process, where names can be looked up in another way. */
async function lookedUp(t: TestContext, url: string, error?: string) {
  const sandbox = new Sandbox(t);
  const env = { OKTA_ORG_URL: url, OKTA_API_KEY: 'x' };
  const lookup: NonNullable<Machine['lookup']> = (_name, _options, answer) => {
    if (error === undefined) answer(null, [{ address: '127.0.0.1', family: 4 }]);
    else answer(Object.assign(new Error(error), { code: error }), []);
  };
  const scene = await sceneIn(sandbox, env, { lookup });
  return checkNetwork(scene);
}

test('a name that nobody knows, and one that cannot be looked up', async (t) => {
  for (const code of ['ENOTFOUND', 'EAI_AGAIN']) {
    const findings = await lookedUp(t, 'https://acme.okta.test', code);

    found(
      findings,
      'dns-failed',
      new RegExp(`^acme\\.okta\\.test: .*\\(${code}\\)$`),
      /name server/,
    );
  }
});

test('a name that is known', async (t) => {
  const { org } = await openOrg(t);
  const findings = await lookedUp(t, `http://localhost:${new URL(org.url).port}`);

  found(findings, 'dns-found', /^localhost found in \d+ ms$/);
});

async function throughProxy(
  t: TestContext,
  options: ProxyOptions,
  change: (url: URL) => void = () => {},
) {
  const { org } = await openOrg(t);
  const tls = { ...authority.issue(NAMES), origin: 'https://acme.okta.test' };
  const { port } = await openTlsFront(t, org.url, tls);
  const proxy = await openProxy(t, {
    credentials: 'user:S3CRET',
    ports: { 'acme.okta.test': port },
    ...options,
  });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  change(proxy.url);
  const { findings, stdout } = await diagnose(sandbox, {
    OKTA_ORG_URL: 'https://acme.okta.test',
    OKTA_API_KEY: org.token,
    HTTPS_PROXY: proxy.url.href,
    NODE_EXTRA_CA_CERTS: sandbox.write('ca.pem', authority.cert),
  });
  assert.doesNotMatch(stdout, /S3CRET/);
  return findings;
}

test('an org behind a proxy is asked through it', async (t) => {
  const findings = await throughProxy(t, {});

  found(findings, 'proxy-open', /^the proxy 127\.0\.0\.1:\d+ opens a tunnel to acme\.okta\.test$/);
  found(findings, 'dns-by-proxy', /looked up by the proxy/);
  found(findings, 'tls-valid', /Practice CA/);
  found(findings, 'credentials-good', /API token/);
});

const REFUSALS = [
  [407, 'proxy-credentials', /wants other credentials \(407\)/, /user:password@/],
  [403, 'proxy-refused', /does not let us connect there \(403\)/, /allow CONNECT/],
  [502, 'proxy-failed', /could not reach the org \(502\)/, /proxy's own log/],
] as const;

for (const [status, id, words, fix] of REFUSALS) {
  test(`a proxy that answers ${status} to CONNECT`, async (t) => {
    found(await throughProxy(t, { status }), id, words, fix);
  });
}

test('a proxy that never answers', async (t) => {
  const { url, asked } = await openProxy(t, { hangs: true });
  const clock = new FakeClock(Date.now());
  const env = { OKTA_ORG_URL: 'https://acme.okta.test', OKTA_API_KEY: 'x', HTTPS_PROXY: url.href };
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,https://siem.test/\n');
  const { io, machine, config } = await sceneIn(sandbox, env);
  const scene = await sceneOf({ io, clock, machine, config }, undefined);

  const checking = Promise.all([checkNetwork(scene), checkRoutes(scene)]);
  await until(
    async () => asked.length,
    (count) => count === 2,
  );
  await clock.advance(6_000);
  const findings = (await checking).flat();

  const words = /the proxy 127\.0\.0\.1:\d+: connection timed out/;
  found(findings, 'proxy-unreachable', words, /HTTPS_PROXY/);
  found(findings, 'route-proxy', words, /proxy/);
});

test('a proxy that is not there', async (t) => {
  const findings = await throughProxy(t, {}, (url) => {
    url.port = '9';
  });

  found(
    findings,
    'proxy-unreachable',
    /the proxy 127\.0\.0\.1:9: connection refused/,
    /HTTPS_PROXY/,
  );
});

test('a proxy whose name is not known', async (t) => {
  const findings = await throughProxy(t, {}, (url) => {
    url.hostname = 'proxy.invalid';
  });

  found(findings, 'proxy-dns', /the proxy proxy\.invalid/, /HTTPS_PROXY/);
});
