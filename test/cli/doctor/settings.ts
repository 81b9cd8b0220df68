/** What doctor finds in what is written down. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openOrg, Sandbox } from '../../support/loghook.ts';
import { diagnose, found } from './desk.ts';

test('says what it read, and what was put right', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/S3CRET\n');

  const { findings, stdout } = await diagnose(sandbox, {
    ...env,
    OKTA_API_KEY: `SSWS ${env.OKTA_API_KEY}`,
  });

  found(findings, 'settings-read', /^org http:/);
  found(findings, 'settings-read', /^credentials: OKTA_API_KEY in the environment$/);
  found(findings, 'settings-read', /^1 route in loghook\.csv$/);
  found(findings, 'setting-note', /"SSWS" is taken off/);
  assert.doesNotMatch(stdout, /S3CRET|practice-token/);
});

test('a broken routes file hides no broken token, and neither hides the org', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '(,https://h.example/S3CRET\n');

  const { code, findings } = await diagnose(sandbox, { ...env, OKTA_API_KEY: 'a b' });

  assert.equal(code, 1);
  found(findings, 'setting-wrong', /^loghook\.csv line 1: .*not a regular expression/);
  found(findings, 'setting-wrong', /^OKTA_API_KEY: .*white space/, /copied/);
  found(findings, 'org-reached', /reached in/);
  found(findings, 'credentials-untested', /no credentials/);
  assert.equal(org.requestCount, 0);
});

test('a .env that cannot be read hides nothing', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  writeFileSync(join(sandbox.cwd, '.env'), Buffer.from([0xff, 0xfe]));
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const { findings } = await diagnose(sandbox, env);

  found(findings, 'setting-wrong', /^\.env: it is not UTF-8/);
  found(findings, 'credentials-good', /an API token/);
});

test('says when NODE_EXTRA_CA_CERTS leads nowhere', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const ran = await sandbox.run(['doctor', '--json'], {
    env: { ...env, NODE_EXTRA_CA_CERTS: '/no/such.pem' },
  });

  found(JSON.parse(ran.stdout).findings, 'extra-ca-missing', /cannot be read \(ENOENT/, /PEM/);
});
