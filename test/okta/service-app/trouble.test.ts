/** What goes wrong between a service app and the token endpoint: what is said, how it is waited for, how it ends. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { OktaError } from '../../../src/errors.ts';
import type { Fault } from '../../../src/practice/org.ts';
import { settle } from '../../support/fake-clock.ts';
import { ecKey, publicJwk } from '../../support/service-app.ts';
import {
  type AppScene,
  calm,
  openAppScene,
  SECRET,
  uuids,
} from '../../support/service-app-scene.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const UNREACHABLE = ['okta unreachable', 'okta reachable again'];
const FAULTS: readonly (readonly [name: string, fault: Fault, said: readonly string[]])[] = [
  ['500', { kind: 'status', status: 500 }, UNREACHABLE],
  ['503', { kind: 'status', status: 503 }, UNREACHABLE],
  ['404', { kind: 'status', status: 404 }, UNREACHABLE],
  ['a reset', { kind: 'reset' }, UNREACHABLE],
  ['a sign-in page', { kind: 'html' }, UNREACHABLE],
  ['half a head', { kind: 'truncate', afterBytes: 20 }, UNREACHABLE],
  ['half a token', { kind: 'cut-json', afterBytes: 60 }, UNREACHABLE],
  ['an array', { kind: 'body', body: Buffer.from('[]') }, UNREACHABLE],
  ['nothing', { kind: 'body', body: Buffer.alloc(0) }, UNREACHABLE],
  [
    'a token of no known type',
    { kind: 'body', body: tokenBody({ token_type: 'mac' }) },
    UNREACHABLE,
  ],
  [
    'a token with a line end',
    { kind: 'body', body: tokenBody({ access_token: 'a\r\nb: c' }) },
    UNREACHABLE,
  ],
  ['a bound token unasked', { kind: 'body', body: tokenBody({ token_type: 'DPoP' }) }, UNREACHABLE],
  [
    'a 302',
    { kind: 'status', status: 302, headers: { location: 'https://evil.example/token' } },
    [
      'okta answered with a redirect, which is never followed',
      'okta answers without a redirect again',
    ],
  ],
  ['a 429', { kind: 'status', status: 429 }, []],
  ['slowness', { kind: 'slow', ms: 20_000 }, []],
];

function tokenBody(fields: object): Buffer {
  const token = { access_token: 'practice-access-x', token_type: 'Bearer', expires_in: 3_600 };
  return Buffer.from(JSON.stringify({ ...token, ...fields }));
}

for (const [name, fault, said] of FAULTS) {
  test(`${name} instead of a token is waited out`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop: false } });
    scene.add('a');
    scene.org.oauth.fail(fault, 2);

    const page = await scene.next(scene.systemLog.tail({ since: scene.since }, scene.stop.signal));

    assert.deepEqual(uuids(page), ['a']);
    assert.deepEqual(scene.said(), said);
    assert.deepEqual(scene.statuses('logs'), [200]);
    assert.equal(scene.org.oauth.requestCount, name === 'slowness' ? 1 : 3);
  });
}

test('a 429 of the token endpoint is waited for, and what is sent then is fresh', async (t) => {
  const scene = await openAppScene(t);
  const { clock, org, systemLog, stop, next, since } = scene;
  const reset = String(clock.now() / 1_000 + 600);
  org.oauth.fail({ kind: 'status', status: 429, headers: { 'x-rate-limit-reset': reset } });
  const start = clock.now();

  await next(systemLog.tail({ since }, stop.signal));

  assert.ok(clock.now() - start >= 600_000);
  assert.deepEqual(scene.statuses('token'), [429, 400, 400, 200]);
});

test('a 429 of the token endpoint does not hold up the log while a token is good', async (t) => {
  const scene = await openAppScene(t, {
    app: { dpop: false },
    desk: { interval: 49 * MINUTE_MS },
  });
  const { clock, org, systemLog, stop, next, since } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.oauth.fail({ kind: 'status', status: 429 });
  const start = clock.now();

  await next(pages);

  assert.equal(clock.now() - start, 49 * MINUTE_MS);
  assert.deepEqual(scene.statuses('logs'), [200, 200]);
  assert.deepEqual(scene.said(), []);
});

test('no connection at the start is not fatal', async (t) => {
  const scene = await openAppScene(t);
  const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);
  scene.org.oauth.fail({ kind: 'reset' }, 12);

  await scene.next(pages);

  assert.deepEqual(scene.said(), UNREACHABLE);
});

const REFUSALS: readonly (readonly [
  name: string,
  spoil: (scene: AppScene) => void,
  code: string,
  hint: RegExp,
])[] = [
  [
    'another key',
    ({ org, app }) => org.oauth.register({ ...app, keys: [publicJwk(ecKey())] }),
    'invalid_client',
    /OKTA_CLIENT_ID.*OKTA_KEY_ID/,
  ],
  [
    'another kid',
    ({ org, app }) => org.oauth.register({ ...app, keys: [publicJwk(ecKey(), 'k2')] }),
    'invalid_client',
    /OKTA_KEY_ID/,
  ],
  [
    'no scope',
    ({ org, app }) => org.oauth.register({ ...app, scopes: ['okta.users.read'] }),
    'invalid_scope',
    /okta\.logs\.read/,
  ],
];

for (const [name, spoil, code, hint] of REFUSALS) {
  test(`${name} ends a first start as wrong credentials`, async (t) => {
    const scene = await openAppScene(t);
    spoil(scene);

    await assert.rejects(
      scene.next(scene.systemLog.tail({ since: scene.since }, scene.stop.signal)),
      (error: OktaError) => {
        assert.deepEqual([error.kind, error.oktaCode], ['credentials', code]);
        assert.match(error.message, new RegExp(`no access token: HTTP 40[01] ${code} `));
        assert.match(error.hint ?? '', hint);
        assert.doesNotMatch(`${error.stack}${JSON.stringify(error)}`, SECRET);
        return true;
      },
    );
    assert.deepEqual(scene.statuses('logs'), []);
  });

  test(`${name} later is said once, and over when it is put right`, async (t) => {
    const scene = await openAppScene(t, { desk: { interval: 2 * HOUR_MS } });
    const { org, clock, app, systemLog, stop, next, since } = scene;
    const pages = systemLog.tail({ since }, stop.signal);
    await next(pages);
    spoil(scene);
    scene.add('late');
    const before = org.oauth.requestCount;

    const page = next(pages);
    while (org.oauth.requestCount < before + 12) await settle();
    org.oauth.register(app);

    assert.deepEqual(uuids(await page), ['late']);
    assert.deepEqual(scene.said(), [
      'okta refused the credentials',
      'okta accepts the credentials again',
    ]);
    const [line] = scene.lines.filter(({ level }) => level > 40);
    assert.equal(line?.errorCode, code);
    assert.match(String(line?.hint), hint);
    assert.ok(clock.now() - scene.since > 2 * HOUR_MS + 10 * MINUTE_MS); // a minute each, at least
  });
}

test('a renewal that fails while the token is good is a warning, once', async (t) => {
  const scene = await openAppScene(t, { app: { dpop: false }, desk: { interval: MINUTE_MS } });
  const { clock, org, systemLog, stop, next, since } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.oauth.fail({ kind: 'status', status: 500 }, 3);
  const start = clock.now();

  while (org.oauth.tokenCount < 2) {
    await next(pages);
    await calm(scene);
  }

  assert.ok(clock.now() - start < 52 * MINUTE_MS);
  assert.deepEqual(scene.said(), [
    'could not renew the access token, going on with the old one',
    'access token renewed again',
  ]);
  const [warning] = scene.lines.filter(({ level }) => level === 40);
  assert.match(String(warning?.reason), /^no access token: HTTP 500/);
  assert.equal(warning?.leftMs, 12 * MINUTE_MS);
  assert.deepEqual(new Set(scene.statuses('logs')), new Set([200]));
});

test('a renewal that goes on failing is an outage when the token is over', async (t) => {
  const scene = await openAppScene(t, { app: { dpop: false }, desk: { interval: 30_000 } });
  const { org, app, systemLog, stop, next, since, clock } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.oauth.register({ ...app, keys: [publicJwk(ecKey())] });
  const start = clock.now();
  while (clock.now() - start < 60 * MINUTE_MS - 30_000) {
    await next(pages);
    await calm(scene);
  }
  const warned = scene.said();
  const renewals = org.oauth.requestCount;

  const page = next(pages);
  while (org.oauth.requestCount < renewals + 5) await settle();
  org.oauth.register(app);
  await page;

  assert.deepEqual(warned, ['could not renew the access token, going on with the old one']);
  assert.ok(renewals < 15, `${renewals} requests in 12 minutes`);
  assert.deepEqual(scene.said().slice(1), [
    'okta refused the credentials',
    'access token renewed again',
    'okta accepts the credentials again',
  ]);
});

test('a log that refuses every token is not asked with one new one after another', async (t) => {
  const scene = await openAppScene(t, { app: { dpop: false } });
  const { org, systemLog, stop, next, since } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.fail({ kind: 'status', status: 401 }, 9);

  await next(pages);

  // the old one, a new one, and then one for each paced try
  assert.deepEqual(scene.statuses('logs'), [200, ...Array(9).fill(401), 200]);
  assert.equal(org.oauth.tokenCount, 2 + 8);
  assert.deepEqual(scene.said(), [
    'okta refused the credentials',
    'okta accepts the credentials again',
  ]);
});

test('waking cuts a request for a token that hangs', async (t) => {
  const scene = await openAppScene(t);
  const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);
  scene.org.oauth.fail({ kind: 'hang' });
  const page = pages.next();
  await scene.org.waitForRequests(1);

  await scene.clock.jump(HOUR_MS);
  await scene.until(page);

  assert.deepEqual(scene.said(), []);
});

test('stopping does not wait for a request for a token that hangs', async (t) => {
  const scene = await openAppScene(t);
  const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);
  scene.org.oauth.fail({ kind: 'hang' });
  const page = pages.next();
  await scene.org.waitForRequests(1);

  scene.stop.abort();

  assert.deepEqual(await page, { done: true, value: undefined });
  assert.deepEqual(scene.said(), []);
});

for (const status of [301, 302, 303, 307, 308]) {
  test(`${status} takes no assertion elsewhere`, async (t) => {
    const elsewhere = await openTrap(t);
    const scene = await openAppScene(t, { app: { dpop: false } });
    const location = `http://127.0.0.1:${elsewhere.port}/oauth2/v1/token?q=secret-query`;
    scene.org.oauth.fail({ kind: 'status', status, headers: { location } });

    await scene.next(scene.systemLog.tail({ since: scene.since }, scene.stop.signal));

    assert.equal(elsewhere.connections(), 0);
    assert.doesNotMatch(JSON.stringify(scene.lines), /secret-query/);
  });
}

async function openTrap(t: TestContext): Promise<{ port: number; connections(): number }> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, connections: () => connections };
}
