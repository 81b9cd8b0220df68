/** Credentials that change while the log is read: by a person, or because Okta refuses them and others stand in their place. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Identity } from '../../src/okta/credentials.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { event, openScriptedOkta, page, status } from '../support/scripted-okta.ts';
import { ecKey, publicJwk, testApp } from '../support/service-app.ts';
import { calm, openAppScene, uuids } from '../support/service-app-scene.ts';
import { type DeskOptions, openDesk } from '../support/system-log-desk.ts';

const MINUTE_MS = 60_000;
const REPLACED = 'okta refused the credentials, going on with those that stand in their place';
const EVENT = event('a');

function next({ origin }: { readonly origin: string }): string {
  return `${origin}/api/v1/logs?after=x`;
}

function token(text: string): Identity {
  return { kind: 'token', token: text };
}

/** A practice org that takes `token-1`, and a log that is read with it. */
async function openTokens(t: TestContext, options: DeskOptions = {}) {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, token: 'token-1', rateLimit: 1_000 });
  const desk = openDesk(org.url, { clock, identity: token('token-1'), ...options });
  t.after(() => Promise.all([desk.close(), org.close()]));
  org.add(EVENT);
  const pages = desk.systemLog.tail({ since: clock.now() - MINUTE_MS }, desk.stop.signal);
  await desk.next(pages);
  return { ...desk, org, pages };
}

test('what stands in the place of a refused token is asked with at once, and said in one line', async (t) => {
  const identityAnew = async () => ({ identity: token('token-2'), from: 'FILE' });
  const { org, pages, next, said, lines, clock } = await openTokens(t, { identityAnew });
  org.token = 'token-2';
  const start = clock.now();

  await next(pages);

  assert.ok(clock.now() - start < MINUTE_MS);
  assert.deepEqual(said(), [REPLACED]);
  assert.equal(lines.find(({ msg }) => msg === REPLACED)?.tokenFrom, 'FILE');
});

test('another that is refused, too, is not replaced before the wait is over', async (t) => {
  let found = 1;
  const identityAnew = async () => {
    found += 1;
    return { identity: token(`token-${found}`), from: 'FILE' };
  };
  const { org, pages, next, said, clock } = await openTokens(t, { identityAnew });
  org.token = 'token-5';
  const before = org.requestCount;
  const start = clock.now();

  await next(pages);

  assert.equal(org.requestCount - before, 8); // as 1, 2; as 2, 3; as 3, 4; as 4, 5
  assert.ok(clock.now() - start >= 3 * MINUTE_MS);
  assert.deepEqual(said().slice(0, 2), [REPLACED, 'okta refused the credentials']);
});

test('the same token in its place is waited with, as none at all', async (t) => {
  const identityAnew = async () => ({ identity: token('token-1'), from: 'FILE' });
  const { org, pages, next, said, clock } = await openTokens(t, { identityAnew });
  org.token = 'token-2';
  const start = clock.now();
  const coming = next(pages);
  while (clock.now() - start < 10 * MINUTE_MS) await settle();
  org.token = 'token-1';

  await coming;

  assert.deepEqual(said(), ['okta refused the credentials', 'okta accepts the credentials again']);
});

test('a change ends the wait that a refusal asked for', async (t) => {
  const { org, pages, next, said, systemLog, clock } = await openTokens(t);
  org.token = 'token-2';
  const coming = next(pages);
  while (!said().includes('okta refused the credentials')) await settle();
  const refusedAt = clock.now();

  const isChanged = systemLog.changeIdentity(token('token-2'));
  await coming;

  assert.ok(isChanged);
  assert.ok(clock.now() - refusedAt < MINUTE_MS);
  assert.deepEqual(said(), ['okta refused the credentials', 'okta accepts the credentials again']);
});

test('a refusal of the old one that comes after the change is no trouble', async (t) => {
  const okta = await openScriptedOkta(status(401));
  okta.answers.push(page([EVENT], next(okta)));
  const desk = openDesk(okta.origin, { identity: token('token-1') });
  t.after(() => Promise.all([desk.close(), okta.close()]));
  okta.answers[0] = (response, request) => {
    desk.systemLog.changeIdentity(token('token-2'));
    status(401)(response, request);
  };

  await desk.next(desk.systemLog.tail({ since: desk.clock.now() }, desk.stop.signal));

  assert.deepEqual(desk.said(), []);
  assert.deepEqual(
    okta.headers.map(({ authorization }) => authorization),
    ['SSWS token-1', 'SSWS token-2'],
  );
});

test('a key that is refused in the background is replaced before its token ends', async (t) => {
  const second = ecKey();
  const { identity } = testApp({}, second);
  const scene = await openAppScene(t, {
    desk: { interval: MINUTE_MS, identityAnew: async () => ({ identity, from: 'FILE' }) },
  });
  const { org, app, systemLog, stop, next, since, clock } = scene;
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.oauth.register({ ...app, keys: [publicJwk(second)] });
  const start = clock.now();

  while (org.oauth.tokenCount < 2) {
    await next(pages);
    await calm(scene);
  }
  scene.add('late');
  const read = await next(pages);

  assert.ok(clock.now() - start < 55 * MINUTE_MS);
  assert.deepEqual(uuids(read), ['late']);
  assert.deepEqual(scene.said(), [REPLACED]);
  assert.deepEqual(new Set(scene.statuses('logs')), new Set([200]));
});

test('what was sent before a change stays secret', async (t) => {
  const okta = await openScriptedOkta();
  okta.answers.push(
    page([EVENT], next(okta)),
    status(401, { errorCode: 'E0000011', errorSummary: 'neither token-1 nor token-2 is known' }),
  );
  const desk = openDesk(okta.origin, { identity: token('token-1') });
  t.after(() => Promise.all([desk.close(), okta.close()]));
  const pages = desk.systemLog.tail({ since: desk.clock.now() }, desk.stop.signal);
  await desk.next(pages);

  desk.systemLog.changeIdentity(token('token-2'));
  const coming = pages.next();
  while (!desk.said().includes('okta refused the credentials')) {
    await desk.clock.advance(1_000);
    await settle();
  }
  desk.stop.abort();
  await coming;

  const [line] = desk.lines.filter(({ level }) => level === 50);
  assert.equal(line?.reason, 'HTTP 401 E0000011 neither [redacted] nor [redacted] is known');
});
