/** The tail as a service app against the practice org: tokens through their life, with and without DPoP. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { credentialsOf } from '../../../src/okta/credentials.ts';
import type { SystemLog } from '../../../src/okta/system-log.ts';
import { settle } from '../../support/fake-clock.ts';
import { CLIENT_ID, ecKey, type KeyPair, publicJwk, rsaKey } from '../../support/service-app.ts';
import { type AppScene, calm, openAppScene, uuids } from '../../support/service-app-scene.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const KEYS: readonly (readonly [name: string, key: () => KeyPair])[] = [
  ['RSA', rsaKey],
  ['P-256', () => ecKey('P-256')],
  ['P-384', () => ecKey('P-384')],
  ['P-521', () => ecKey('P-521')],
];

for (const [name, key] of KEYS) {
  for (const dpop of [false, true]) {
    test(`reads with a ${name} key, ${dpop ? 'with' : 'without'} DPoP`, async (t) => {
      const scene = await openAppScene(t, { key: key(), app: { dpop } });
      const { systemLog, stop, next, since } = scene;
      scene.add('a', 'b');

      const page = await next(systemLog.tail({ since }, stop.signal));

      assert.deepEqual(uuids(page), ['a', 'b']);
      assert.deepEqual(scene.statuses('token'), dpop ? [400, 400, 200] : [200]);
      assert.deepEqual(scene.statuses('logs'), [200]);
    });
  }
}

for (const kind of ['ed25519', 'rsa-pss'] as const) {
  test(`a key of the kind ${kind} is refused before anything is sent`, () => {
    const privateKey =
      kind === 'ed25519'
        ? generateKeyPairSync(kind).privateKey
        : generateKeyPairSync(kind, { modulusLength: 2048 }).privateKey;

    assert.throws(
      () => credentialsOf({ kind: 'app', clientId: CLIENT_ID, privateKey }, {} as never), // not used
      { kind: 'credentials', message: /of a kind that Okta does not take/ },
    );
  });
}

test('a key without a kid is enough for an app that has one key', async (t) => {
  const key = ecKey();
  const scene = await openAppScene(t, {
    key,
    desk: { identity: { kind: 'app', clientId: CLIENT_ID, privateKey: key.privateKey } },
  });

  await scene.next(scene.systemLog.tail({ since: scene.since }, scene.stop.signal));

  assert.deepEqual(scene.statuses('token').at(-1), 200);
});

for (const dpop of [false, true]) {
  test(`events come hour after hour, each token in time (DPoP: ${dpop})`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop }, desk: { interval: 5 * MINUTE_MS } });
    const { clock, org, systemLog, stop, next, since } = scene;
    const pages = systemLog.tail({ since }, stop.signal);
    const start = clock.now();

    const read: string[] = [];
    for (let n = 0; clock.now() - start < 5 * HOUR_MS; n++) {
      scene.add(`e${n}`);
      read.push(...uuids(await next(pages)));
      await calm(scene);
    }

    // Tokens come at 0:50, with the first request after 48 minutes, and every 50 minutes from then on.
    assert.deepEqual(
      read,
      read.map((_, n) => `e${n}`),
    );
    assert.equal(read.length, 61);
    assert.equal(org.oauth.tokenCount, 7);
    assert.equal(org.oauth.requestCount, dpop ? 9 : 7);
    assert.deepEqual(new Set(scene.statuses('logs')), new Set([200]));
    assert.deepEqual(scene.said(), []);
  });

  test(`a token that is over before its renewal is waited for (DPoP: ${dpop})`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop }, desk: { interval: 2 * HOUR_MS } });
    const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);

    for (let n = 0; n < 3; n++) await scene.next(pages);

    assert.equal(scene.org.oauth.tokenCount, 3);
    assert.deepEqual(scene.statuses('logs'), [200, 200, 200]);
  });

  test(`after sleep a token that is over is not tried (DPoP: ${dpop})`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop } });
    const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);
    await scene.next(pages);
    const woken = pages.next();
    await settle();

    await scene.clock.jump(2 * HOUR_MS);
    await scene.until(woken);

    assert.equal(scene.org.oauth.tokenCount, 2);
    assert.deepEqual(scene.statuses('logs'), [200, 200]);
  });
}

/** As many reads at once as there are ranges. */
async function readAtOnce(scene: AppScene, systemLog: SystemLog, count: number): Promise<void> {
  const range = { since: scene.since, until: scene.since + 1_000 };
  await scene.until(
    Promise.all(
      Array.from({ length: count }, async () => {
        for await (const _page of systemLog.read(range, scene.stop.signal));
      }),
    ),
  );
}

for (const dpop of [false, true]) {
  test(`many requests at the start wait for one token (DPoP: ${dpop})`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop } });

    await readAtOnce(scene, scene.systemLog, 6);

    assert.equal(scene.org.oauth.tokenCount, 1);
    assert.deepEqual(scene.statuses('logs'), Array(6).fill(200));
  });

  test(`many requests that meet a revoked token get one new one (DPoP: ${dpop})`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop } });
    await readAtOnce(scene, scene.systemLog, 1);
    scene.org.oauth.revokeTokens();

    await readAtOnce(scene, scene.systemLog, 6);

    assert.equal(scene.org.oauth.tokenCount, 2);
    assert.deepEqual(scene.statuses('logs').filter((status) => status === 200).length, 7);
    assert.deepEqual(scene.said(), []);
  });
}

test('a nonce that was rotated costs one request, and is kept', async (t) => {
  const scene = await openAppScene(t, { desk: { interval: HOUR_MS } });
  const { org, systemLog, stop, next, since } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  await next(pages);
  org.oauth.rotateNonce();

  await next(pages);
  await next(pages);

  assert.deepEqual(scene.statuses('token'), [400, 400, 200, 200, 400, 200, 200]);
  assert.deepEqual(new Set(scene.statuses('logs')), new Set([200]));
});

test('a nonce that a good answer brings is used from then on', async (t) => {
  const scene = await openAppScene(t, { app: { logNonce: true }, desk: { interval: HOUR_MS } });
  const { org, systemLog, stop, next, since } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  org.oauth.announceNonce('token');
  await next(pages);
  org.oauth.announceNonce('log');

  await next(pages);
  await next(pages);

  assert.deepEqual(scene.statuses('token'), [400, 400, 200, 200, 200]);
  assert.deepEqual(scene.statuses('logs'), [401, 200, 200, 200]);
});

test('a nonce for the log is learned at once, and again when it is rotated', async (t) => {
  const scene = await openAppScene(t, { app: { logNonce: true } });
  const { clock, org, systemLog, stop, next, since } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  const start = clock.now();

  await next(pages);
  const waitedMs = clock.now() - start;
  await next(pages);
  org.oauth.rotateNonce('log');
  await next(pages);

  assert.deepEqual(scene.statuses('logs'), [401, 200, 200, 401, 200]);
  assert.equal(waitedMs, 0);
  assert.equal(org.oauth.tokenCount, 1);
});

for (const ms of [-2_000, -900, 900, 2_000]) {
  test(`a clock that is ${ms} ms off needs no request more`, async (t) => {
    const scene = await openAppScene(t, { app: { dpop: false }, skewMs: ms });

    await scene.next(scene.systemLog.tail({ since: scene.since }, scene.stop.signal));

    assert.deepEqual(scene.statuses('token'), [200]);
  });
}

for (const minutes of [-10, 10]) {
  for (const dpop of [false, true]) {
    const name = `a clock that is ${minutes} minutes off locks nobody out (DPoP: ${dpop})`;
    test(name, async (t) => {
      const scene = await openAppScene(t, { app: { dpop }, skewMs: minutes * MINUTE_MS });
      scene.add('a');

      const page = await scene.next(
        scene.systemLog.tail({ since: scene.since }, scene.stop.signal),
      );

      assert.deepEqual(uuids(page), ['a']);
      assert.deepEqual(scene.statuses('token'), dpop ? [401, 400, 400, 200] : [401, 200]);
      assert.deepEqual(scene.statuses('logs'), [200]);
      assert.deepEqual(scene.said(), []);
    });
  }

  test(`a clock that is set ${minutes} minutes off later locks nobody out`, async (t) => {
    const scene = await openAppScene(t);
    const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);
    await scene.next(pages);
    scene.skew.ms = minutes * MINUTE_MS;

    await scene.next(pages);
    await scene.next(pages);

    assert.deepEqual(scene.statuses('logs'), [200, 401, 200, 200]);
    assert.equal(scene.org.oauth.tokenCount, 1);
    assert.deepEqual(scene.said(), []);
  });
}

test('an app that is switched to DPoP is followed at its next token', async (t) => {
  const scene = await openAppScene(t, {
    app: { dpop: false },
    desk: { interval: 2 * HOUR_MS },
  });
  const pages = scene.systemLog.tail({ since: scene.since }, scene.stop.signal);
  await scene.next(pages);
  scene.org.oauth.register({ ...scene.app, dpop: true });

  await scene.next(pages);
  scene.org.oauth.register({ ...scene.app, dpop: false });
  await scene.next(pages);

  assert.deepEqual(scene.statuses('token'), [200, 400, 400, 200, 200]);
  assert.deepEqual(scene.statuses('logs'), [200, 200, 200]);
});

test('keys are told apart by their kid', async (t) => {
  const key = ecKey();
  const keys = [publicJwk(rsaKey(), 'older'), publicJwk(key)];
  const scene = await openAppScene(t, { key, app: { keys } });

  await scene.next(scene.systemLog.tail({ since: scene.since }, scene.stop.signal));

  assert.equal(scene.org.oauth.tokenCount, 1);
});
