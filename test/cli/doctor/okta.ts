/** What doctor finds in Okta's one answer: clock, credentials, rate limit. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checkClock } from '../../../src/cli/doctor/checks/clock.ts';
import { checkCredentials } from '../../../src/cli/doctor/checks/credentials.ts';
import type { FindingId } from '../../../src/cli/doctor/finding.ts';
import { sceneOf } from '../../../src/cli/doctor/scene.ts';
import { Trouble } from '../../../src/okta/trouble/trouble.ts';
import type { Fault, PracticeApp } from '../../../src/practice/org.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { marksOf, pemOf } from '../../support/keys.ts';
import { openOrg, Sandbox } from '../../support/loghook.ts';
import { openScriptedOkta, page } from '../../support/scripted-okta.ts';
import { type AppIdentity, testApp } from '../../support/service-app.ts';
import { diagnose, examined, found, notFound, sceneIn } from './desk.ts';

async function met(t: TestContext, fault: Fault) {
  const { org, env } = await openOrg(t);
  org.fail(fault);
  return examined(new Sandbox(t), env);
}

test('a clock that is right', async (t) => {
  const { env } = await openOrg(t);

  const findings = await examined(new Sandbox(t), env);

  found(findings, 'clock-right', /within \d+ m?s of Okta's/);
});

for (const [offMs, words] of [
  [-10_800_000, /3 h ahead of Okta's: .* receivers refuse signatures of another time$/],
  [10_800_000, /3 h behind Okta's: .* receivers refuse signatures of another time$/],
  [120_000, /behind Okta's: the times in logs and in status are wrong$/],
] as const) {
  test(`a clock that is ${-offMs / 1_000} s off`, async (t) => {
    const { env } = await openOrg(t, { clock: new FakeClock(Date.now() + offMs) });

    const findings = await examined(new Sandbox(t), env);

    found(findings, 'clock-off', words, /NTP/);
    found(findings, 'credentials-good', /./);
  });
}

test('an answer without a date or a rate limit', async (t) => {
  const okta = await openScriptedOkta((response, request) => {
    response.sendDate = false;
    page([], `${okta.origin}/api/v1/logs?after=1`)(response, request);
  });
  t.after(() => okta.close());

  const env = { OKTA_ORG_URL: okta.origin, OKTA_API_KEY: 'x' };
  const findings = await examined(new Sandbox(t), env);

  found(findings, 'clock-unknown', /not known: it did not answer with a date/);
  found(findings, 'rate-unknown', /did not say/);
  found(findings, 'credentials-good', /./);
});

const REFUSED: readonly (readonly [fault: Fault, FindingId, words: RegExp, fix: RegExp])[] = [
  [
    { kind: 'status', status: 401, errorCode: 'E0000011' },
    'credentials-refused',
    /401 E0000011/,
    /expired or revoked.*30 days/,
  ],
  [
    { kind: 'status', status: 401, errorCode: 'E0000004' },
    'credentials-refused',
    /401 E0000004/,
    /belongs to this org/,
  ],
  [
    { kind: 'status', status: 403, errorCode: 'E0000006' },
    'credentials-role',
    /403 E0000006/,
    /Read-Only Administrator/,
  ],
  [{ kind: 'status', status: 403, errorCode: 'E0000005' }, 'credentials-zone', /403/, /./],
  [
    { kind: 'status', status: 403, errorCode: 'E0000199' },
    'credentials-zone',
    /403/,
    /network zone/,
  ],
  [
    { kind: 'status', status: 400, errorCode: 'E0000031' },
    'okta-refused',
    /400 E0000031/,
    /filter/,
  ],
  [{ kind: 'status', status: 500 }, 'okta-odd', /500/, /status\.okta\.com/],
  [
    { kind: 'html' },
    'okta-odd',
    /^Okta answered with something else than events: /,
    /sign-in page/,
  ],
  [{ kind: 'reset' }, 'okta-odd', /^Okta did not answer: /, /./],
  [{ kind: 'status', status: 404 }, 'okta-odd', /404/, /no Okta org at this address/],
  [
    { kind: 'status', status: 302, headers: { location: 'https://x.example/' } },
    'okta-odd',
    /302 .*to https:\/\/x\.example\//,
    /OKTA_ORG_URL/,
  ],
  [
    { kind: 'foreign-link', url: 'https://new.example/api/v1/logs' },
    'okta-odd',
    /new\.example/,
    /OKTA_ORG_URL/,
  ],
];

for (const [fault, id, words, fix] of REFUSED) {
  test(`${id} after ${JSON.stringify(fault)}`, async (t) => {
    found(await met(t, fault), id, words, fix);
  });
}

test('Okta takes the question and says nothing', async (t) => {
  const { org, env } = await openOrg(t);
  org.fail({ kind: 'hang' });
  const clock = new FakeClock(Date.now());
  const { io, machine, config } = await sceneIn(new Sandbox(t), env);
  const scene = await sceneOf({ io, clock, machine, config }, undefined);

  const checking = checkCredentials(scene);
  await org.waitForRequests(1);
  await clock.advance(9_000);

  found(await checking, 'okta-odd', /no answer within 9 s/, /status\.okta\.com/);
});

/** A service app, as the settings will hold it. */
async function asApp(
  t: TestContext,
  app: Partial<PracticeApp>,
  change: (identity: AppIdentity) => AppIdentity = (same) => same,
) {
  const { app: registered, identity } = testApp(app);
  const { org, env } = await openOrg(t, { apps: [registered] });
  const scene = await sceneIn(new Sandbox(t), env);
  const config = { ...scene.config, identity: change(identity) };
  const { io, clock, machine } = scene;
  const own = await sceneOf({ io, clock, machine, config }, undefined);
  return { org, findings: await checkCredentials(own), clockFindings: await checkClock(own) };
}

test('a service app, with proofs and without', async (t) => {
  const proven = await asApp(t, {});
  const plain = await asApp(t, { dpop: false });

  found(
    proven.findings,
    'credentials-good',
    /^a service app .* with proofs of possession \(DPoP\)$/,
  );
  found(plain.findings, 'credentials-good', /^a service app that may read the System Log$/);
  found(proven.clockFindings, 'clock-right', /./);
  assert.equal(proven.org.requests.filter(({ url }) => url.startsWith('/api/v1/logs')).length, 1);
});

test('a service app as the settings name it, in the real process', async (t) => {
  const { app, identity } = testApp();
  const { env } = await openOrg(t, { apps: [app] });
  const sandbox = new Sandbox(t);
  const { clientId, keyId = '', privateKey } = identity;
  const pem = pemOf(privateKey);

  const { findings, stdout } = await diagnose(sandbox, {
    OKTA_ORG_URL: env.OKTA_ORG_URL,
    OKTA_CLIENT_ID: clientId,
    OKTA_KEY_ID: keyId,
    OKTA_PRIVATE_KEY_FILE: sandbox.write('key.pem', pem),
  });

  found(findings, 'credentials-good', /^a service app .* \(DPoP\)$/);
  for (const mark of marksOf(privateKey)) assert.ok(!stdout.includes(mark));
});

test('a service app that was not granted the scope', async (t) => {
  const { findings } = await asApp(t, { scopes: ['okta.users.read'] });

  found(findings, 'credentials-scope', /invalid_scope/, /okta\.logs\.read/);
});

test('a service app that nobody knows', async (t) => {
  const { findings, clockFindings } = await asApp(t, {}, (identity) => ({
    ...identity,
    clientId: '0oaOTHER',
  }));

  found(findings, 'credentials-refused', /invalid_client/, /OKTA_CLIENT_ID/);
  found(clockFindings, 'clock-right', /./);
});

test('proofs that Okta does not take', async (t) => {
  const scene = await sceneIn(new Sandbox(t), {
    OKTA_ORG_URL: 'http://127.0.0.1:9',
    OKTA_API_KEY: 'x',
  });
  const oktaCode = 'invalid_dpop_proof';
  const trouble = new Trouble(`HTTP 400 ${oktaCode}`, {
    kind: 'credentials',
    status: 400,
    oktaCode,
  });

  const findings = await checkCredentials({ ...scene, oktaAnswer: async () => ({ trouble }) });

  found(findings, 'credentials-dpop', /invalid_dpop_proof/, /clock/);
});

test('many requests left', async (t) => {
  const { env } = await openOrg(t, { rateLimit: 120 });

  const findings = await examined(new Sandbox(t), env);

  found(
    findings,
    'rate-fine',
    /^119 of 120 requests left in this window; others used 0, we take 60 at most$/,
  );
  notFound(findings, 'rate-interval');
});

async function withUsed(t: TestContext, used: number) {
  const { org, env } = await openOrg(t, { rateLimit: 50 });
  const headers = { authorization: `SSWS ${org.token}` };
  for (let n = 0; n < used; n++) await fetch(`${org.url}/api/v1/logs`, { headers });
  return examined(new Sandbox(t), env);
}

test('others are near the limit', async (t) => {
  const findings = await withUsed(t, 35);

  found(findings, 'rate-crowded', /^14 of 50 .* others used 35/, /Rate Limits/);
});

test('others have used it up', async (t) => {
  found(await withUsed(t, 47), 'rate-spent', /^2 of 50/, /nothing is lost/);
});

test('Okta refuses even this request', async (t) => {
  const findings = await met(t, { kind: 'status', status: 429 });

  found(findings, 'rate-spent', /refused the question/, /Rate Limits/);
  found(findings, 'credentials-untested', /rate limit/);
});

test('an interval that asks for more than the share', async (t) => {
  const { env } = await openOrg(t, { rateLimit: 20 });

  const findings = await examined(new Sandbox(t), { ...env, LOGHOOK_RETRY_SECONDS: '5' });

  const { fix } = found(findings, 'rate-interval', /every 5 s .* 20 requests/);
  assert.match(fix ?? '', /--interval to 6 s/);
});
