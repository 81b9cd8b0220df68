/** What doctor prints, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Checks, examine } from '../../../src/cli/doctor/examination.ts';
import { CHECKS, finding } from '../../../src/cli/doctor/finding.ts';
import { report } from '../../../src/cli/doctor/report.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOrg, Sandbox } from '../../support/loghook.ts';
import { diagnose, found } from './desk.ts';

test('prints a section a check, a line a finding, and what to do below it', async (t) => {
  const { env } = await openOrg(t, { rateLimit: 120 });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/S3CRET\n');

  const { code, stdout, stderr } = await sandbox.run(['doctor'], {
    env: { ...env, OKTA_API_KEY: 'wrong-token' },
  });

  assert.equal(code, 1);
  assert.equal(stderr, '');
  assert.match(stdout, /^settings\n {2}✓ org http:\/\/127\.0\.0\.1:\d+\n/);
  assert.match(stdout, /^credentials\n {2}✗ .*E0000011.*\n {4}→ The token is wrong/m);
  assert.match(stdout, /\n\n\d+ problems?, \d+ warnings?\n$/);
  assert.doesNotMatch(stdout, /S3CRET|wrong-token|(?!\n)\p{Cc}/u);
});

for (const [NO_COLOR, mark] of [
  ['', '\u001b[31m✗\u001b[0m'],
  ['1', '✗'],
] as const) {
  test(`on a terminal, with NO_COLOR=${NO_COLOR}: colours, and no control characters of strangers`, () => {
    let written = '';
    const stdout = {
      isTTY: true,
      write: (text: string | Uint8Array) => {
        written += text;
      },
    };
    const io = {
      env: { NO_COLOR },
      cwd: '/',
      version: '1',
      stdout,
      stderr: stdout,
      stdin: () => process.stdin,
    };

    report([finding('tls-issuer', 'signed by "\u001b[2J"', 'mend it')], io);

    assert.ok(written.startsWith(`way to Okta\n  ${mark} signed by "\\u001b[2J"\n`), written);
    assert.match(written, /\n1 problem, 0 warnings\n$/);
  });
}

test('asks Okta once, for one event, and makes nothing', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  await diagnose(sandbox, env);

  assert.equal(org.requestCount, 1);
  assert.match(org.requests[0]?.url ?? '', /^\/api\/v1\/logs\?since=.*&limit=1&/);
});

function checksWith(one: Partial<Checks<undefined>>): Checks<undefined> {
  const none = Object.fromEntries(CHECKS.map((name) => [name, () => []]));
  return { ...none, ...one } as Checks<undefined>; // every name is there
}

test('a check that hangs is cut, and the others are shown in their order', async () => {
  const clock = new FakeClock();
  const checks = checksWith({
    settings: () => [finding('settings-read', 'a')],
    network: () => new Promise(() => {}),
    rate: async () => [finding('rate-unknown', 'b')],
  });

  const examining = examine(checks, undefined, clock);
  await clock.advance(1);
  await clock.advance(18_000);
  const { findings, isLate } = await examining;

  assert.equal(isLate, true);
  const late = found(findings, 'check-late', /no answer within 18 s/);
  assert.equal(late.check, 'network');
  assert.deepEqual(
    findings.map(({ id }) => id),
    ['settings-read', 'check-late', 'rate-unknown'],
  );
});

test('a check that breaks hides no other', async () => {
  const checks = checksWith({
    settings: () => {
      throw new Error('boom');
    },
    rate: () => [finding('rate-unknown', 'b')],
  });

  const { findings } = await examine(checks, undefined, new FakeClock());

  found(findings, 'check-broken', /boom/, /bug in loghook/);
  assert.equal(findings.length, 2);
});
