/** What doctor finds in Okta's one answer: clock, credentials, rate limit. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checkCredentials } from '../../../src/cli/doctor/checks/credentials.ts';
import type { FindingId } from '../../../src/cli/doctor/finding.ts';
import { Trouble } from '../../../src/okta/trouble.ts';
import type { Fault } from '../../../src/practice/org.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOrg, Sandbox } from '../../support/loghook.ts';
import { openScriptedOkta, page } from '../../support/scripted-okta.ts';
import { examined, found, notFound, sceneIn } from './desk.ts';

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
  [-10_800_000, /3 h ahead of Okta's/],
  [10_800_000, /3 h behind Okta's/],
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

  found(findings, 'clock-unknown', /not known/);
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
  [{ kind: 'html' }, 'okta-odd', /./, /sign-in page/],
  [{ kind: 'reset' }, 'okta-odd', /./, /./],
  [
    { kind: 'status', status: 302, headers: { location: 'https://x.example/' } },
    'okta-odd',
    /302/,
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

for (const [oktaCode, id, fix] of [
  ['insufficient_scope', 'credentials-scope', /okta\.logs\.read/],
  ['invalid_dpop_proof', 'credentials-dpop', /clock/],
] as const) {
  test(`${oktaCode}, as the door tells of it`, async (t) => {
    const scene = await sceneIn(new Sandbox(t), {
      OKTA_ORG_URL: 'http://127.0.0.1:9',
      OKTA_API_KEY: 'x',
    });
    const trouble = new Trouble(`HTTP 403 ${oktaCode}`, {
      kind: 'credentials',
      status: 403,
      oktaCode,
    });

    const findings = await checkCredentials({ ...scene, oktaAnswer: async () => ({ trouble }) });

    found(findings, id, new RegExp(oktaCode), fix);
  });
}

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
