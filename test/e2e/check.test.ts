/** `loghook check`, the real process. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { openOrg, Sandbox } from '../support/loghook.ts';

test('prints the settings and the routes, reaches nothing, makes nothing, shows no secret', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.csv',
    '^user\\.,https://me:S3CRET@hooks.example.com/S3CRET\n^app\\.,https://me:S3CRET@hooks.example.com/S3CRET\n.*,http://localhost:3000/\n',
  );

  const { code, stdout, stderr } = await sandbox.run(['check'], { env });

  assert.equal(code, 0);
  assert.equal(stderr, '');
  const port = new URL(org.url).port;
  assert.match(
    stdout,
    new RegExp(`^org {7}${org.url}\ntoken {5}OKTA_API_KEY in the environment\n`),
  );
  assert.match(stdout, new RegExp(`^state {5}~/.local/state/loghook/127.0.0.1-${port}$`, 'm'));
  assert.match(stdout, /^interval {2}15 s$/m);
  assert.match(
    stdout,
    /^ ├─ hooks\.example\.com#[0-9a-f]{4} {3}\/\^user\\\.\/ {3}\(basic auth\)$/m,
  );
  assert.match(stdout, /^ │ {27}\/\^app\\\.\/$/m);
  assert.match(stdout, /^ └─ localhost:3000#[0-9a-f]{4} +\/\.\*\/$/m);
  assert.doesNotMatch(stdout, /S3CRET|practice-token/);
  assert.equal(org.requestCount, 0);
  assert.deepEqual(readdirSync(sandbox.home), []);
});

test('says what polling by itself means', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://localhost:3000/\n');

  const byFlag = await sandbox.run(['check', '--interval', 'auto'], { env });
  const byVariable = await sandbox.run(['check'], {
    env: { ...env, LOGHOOK_RETRY_SECONDS: 'auto' },
  });

  assert.match(byFlag.stdout, /^interval {2}auto: as often as our share of the rate limit allows/m);
  assert.equal(byVariable.stdout, byFlag.stdout);
});

test('names file and line of every problem, and exits 2', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('mine.csv', '# mine\n(,https://h.example/S3CRET\n\na,b,c\n');

  const { code, stdout, stderr } = await sandbox.run(['check', '--config', 'mine.csv']);

  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^loghook: OKTA_ORG_URL: it is not set$/m);
  assert.match(stderr, /^loghook: mine\.csv line 2: "\(" is not a regular expression/m);
  assert.match(stderr, /^loghook: mine\.csv line 4: it holds 3 columns/m);
  assert.doesNotMatch(stderr, /S3CRET/);
});

test('says once that a bare type takes longer types too', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.csv',
    'user.session.start,http://a.example/\nuser.mfa,http://b.example/\n',
  );

  const { code, stdout } = await sandbox.run(['check'], { env });

  assert.equal(code, 0);
  assert.deepEqual(stdout.match(/^note: .*$/gm), [
    'note: /user.session.start/ is found inside longer types too; /^user\\.session\\.start$/ takes only that type',
  ]);
});

test('says what it put right in a setting', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://localhost:3000/\n');
  const env = { OKTA_ORG_URL: 'https://acme-admin.okta.com/', OKTA_API_KEY: 'SSWS x' };

  const { code, stdout } = await sandbox.run(['check'], { env });

  assert.equal(code, 0);
  assert.match(stdout, /^org {7}https:\/\/acme\.okta\.com$/m);
  assert.match(stdout, /^note: OKTA_ORG_URL: .*Admin Console/m);
  assert.match(stdout, /^note: OKTA_API_KEY: "SSWS" is taken off/m);
});
