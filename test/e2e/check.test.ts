/** `loghook check`, the real process. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jwkOf, marksOf, rsaKey } from '../support/keys.ts';
import { openOrg, Sandbox } from '../support/loghook.ts';
import { assertNoMark } from '../support/marks.ts';

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
    new RegExp(
      `^org {7}${org.url}, from OKTA_ORG_URL in the environment\ntoken {5}OKTA_API_KEY in the environment\n`,
    ),
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
  assert.match(stdout, /^org {7}https:\/\/acme\.okta\.com, from OKTA_ORG_URL in the environment$/m);
  assert.match(stdout, /^note: OKTA_ORG_URL: .*Admin Console/m);
  assert.match(stdout, /^note: OKTA_API_KEY: "SSWS" is taken off/m);
});

test('says where the org, the client id and the key of a service app came from', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://localhost:3000/\n');
  const key = sandbox.write('key.json', JSON.stringify(jwkOf(rsaKey(), { kid: 'S3CRET-kid' })));
  chmodSync(key, 0o644);
  mkdirSync(join(sandbox.home, '.okta'));
  writeFileSync(
    join(sandbox.home, '.okta', 'okta.yaml'),
    'okta: { client: { orgUrl: "https://acme.okta.com", clientId: S3CRET-app } }',
  );

  const { code, stdout, stderr } = await sandbox.run(['check'], {
    env: { OKTA_PRIVATE_KEY_FILE: 'key.json' },
  });

  assert.equal(code, 0, stderr);
  assert.ok(
    stdout.startsWith(
      [
        'org       https://acme.okta.com, from okta.client.orgUrl in ~/.okta/okta.yaml',
        'app       okta.client.clientId in ~/.okta/okta.yaml',
        `key       OKTA_PRIVATE_KEY_FILE ${key} (RSA 2048)`,
        'key id    kid in the key',
        'state     ~/.local/state/loghook/acme.okta.com',
      ].join('\n'),
    ),
    stdout,
  );
  assert.match(stdout, /^note: OKTA_PRIVATE_KEY_FILE: .* can be read by everyone on this machine/m);
  assertNoMark(stdout + stderr, 'the output', marksOf(rsaKey()));
});

test('says at the start where the org and the token came from', async (t) => {
  const { org } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://localhost:9/\n');
  const env = { OKTA_CLIENT_ORGURL: org.url, OKTA_CLIENT_TOKEN: org.token };

  const json = await sandbox.run(['--once'], { env });
  const pretty = await sandbox.run(['--once', '--log-format', 'pretty'], { env });

  assert.equal(json.code, 0, json.stdout);
  const [line = ''] = json.stdout.split('\n').filter((one) => one.includes('"starting"'));
  const { orgFrom, tokenFrom } = JSON.parse(line);
  assert.equal(orgFrom, 'OKTA_CLIENT_ORGURL in the environment');
  assert.equal(tokenFrom, 'OKTA_CLIENT_TOKEN in the environment');
  assert.match(
    pretty.stdout,
    /^org from OKTA_CLIENT_ORGURL in the environment\ntoken from OKTA_CLIENT_TOKEN in the environment$/m,
  );
});
