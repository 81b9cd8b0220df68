/** Credentials that change on disk while the real process runs. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const OLD = '00old-token-of-the-org-aaaaaaaaaa';
const NEW = '00new-token-of-the-org-bbbbbbbbbb';
const THIRD = '00third-token-of-the-org-cccccccc';
const REPLACED = 'okta refused the credentials, going on with those that stand in their place';

async function openRun(t: TestContext) {
  const { org } = await openOrg(t, { token: OLD });
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
  const file = sandbox.write('token', OLD);
  chmodSync(file, 0o600);
  const start = (...args: string[]) => {
    const env = { OKTA_ORG_URL: org.url, OKTA_API_KEY_FILE: 'token' };
    return sandbox.start(['--interval', '1s', ...args], { env });
  };
  const rotate = (token: string) => writeFileSync(file, `${token}\n`);
  return { org, receiver, sandbox, start, rotate };
}

test('goes on by itself with the token that its file holds by now when Okta refuses the old one', async (t) => {
  const { org, receiver, start, rotate } = await openRun(t);
  const loghook = start();
  await loghook.logged('ready');

  rotate(NEW);
  org.token = NEW;
  const said = await loghook.logged(REPLACED);
  addEvents(org, 2, 0);
  await receiver.waitFor(2);
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assert.match(String(said.tokenFrom), /^OKTA_API_KEY_FILE .*token$/);
  assert.doesNotMatch(stdout, /"level":(40|50)/);
  assert.ok(!(stdout + stderr).includes('token-of-the-org'));
});

test('a reload takes the token that its file holds by now, and asks with it at once', async (t) => {
  const { org, receiver, start, rotate } = await openRun(t);
  const loghook = start();
  await loghook.logged('ready');
  org.token = NEW;
  await loghook.logged('okta refused the credentials');

  rotate(NEW);
  loghook.child.kill('SIGHUP');
  const said = await loghook.logged('credentials reloaded');
  addEvents(org, 2, 0);
  await receiver.waitFor(2);
  await loghook.logged('okta accepts the credentials again');
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assert.match(String(said.tokenFrom), /^OKTA_API_KEY_FILE .*token$/);
  assert.ok(!(stdout + stderr).includes('token-of-the-org'));
});

test('takes no token that a route holds', async (t) => {
  const { org, receiver, sandbox, start, rotate } = await openRun(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/${NEW}\n`);
  const loghook = start();
  await loghook.logged('ready');

  rotate(NEW);
  org.token = NEW;
  await loghook.logged('okta refused the credentials');
  loghook.child.kill('SIGHUP');
  await loghook.logged('routes not reloaded, the old ones stay in force');
  await loghook.stop();

  assert.equal(org.requests.at(-1)?.status, 401);
});

test('takes no token that stands beside the name of another org by now', async (t) => {
  const { org, sandbox } = await openRun(t);
  const { org: other } = await openOrg(t, { token: NEW });
  const write = (url: string, token: string) =>
    sandbox.write('.env', `OKTA_ORG_URL=${url}\nOKTA_API_KEY=${token}\n`);
  write(org.url, OLD);
  const loghook = sandbox.start(['--interval', '1s']);
  await loghook.logged('ready');

  write(other.url, NEW);
  org.token = NEW;
  await loghook.logged('okta refused the credentials');
  loghook.child.kill('SIGHUP');
  const said = await loghook.logged('credentials not reloaded, the old ones stay in use');
  await loghook.stop();

  assert.match(
    String(said.problems),
    /^OKTA_ORG_URL in \.env: it has changed; start loghook again/,
  );
  assert.equal(org.requests.at(-1)?.status, 401);
  assert.equal(other.requestCount, 0);
});

test('an org among several goes on with another token, too, and none is opened anew', async (t) => {
  const { org, receiver, sandbox, rotate } = await openRun(t);
  const { org: other } = await openOrg(t, { token: 'other' });
  sandbox.write(
    'loghook.yaml',
    `routes:
  siem: { match: '.*', url: '${receiver.url}/siem' }
orgs:
  emea: { url: '${org.url}', token: '\${file:token}' }
  us: { url: '${other.url}', token: '\${US_TOKEN}' }
`,
  );
  const loghook = sandbox.start(['--interval', '1s'], { env: { US_TOKEN: 'other' } });
  await loghook.logged('ready', { org: 'emea' });
  await loghook.logged('ready', { org: 'us' });

  rotate(NEW);
  org.token = NEW;
  const said = await loghook.logged(REPLACED, { org: 'emea' });
  rotate(THIRD);
  loghook.child.kill('SIGHUP');
  await loghook.logged('credentials reloaded', { org: 'emea' });
  org.token = THIRD;
  addEvents(org, 2, 0);
  await receiver.waitFor(2);
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assert.match(String(said.tokenFrom), /^\$\{file:token\} in /);
  assert.equal(stdout.split('"msg":"starting"').length - 1, 2);
  assert.ok(!(stdout + stderr).includes('token-of-the-org'));
});

test('a command that reads for long goes on with another token, too', async (t) => {
  const { org, sandbox, rotate } = await openRun(t);
  const env = { OKTA_ORG_URL: org.url, OKTA_API_KEY_FILE: 'token' };
  const [first] = addEvents(org, 1, 10_000, 1);
  const tail = sandbox.start(['tail', '--interval', '1s', '--log-format', 'json'], { env });
  await tail.line('stdout', (line) => line === String(first));

  rotate(NEW);
  org.token = NEW;
  await tail.logged(REPLACED, {}, 'stderr');
  const [second] = addEvents(org, 1, 0, 2);
  await tail.line('stdout', (line) => line === String(second));
  const { code } = await tail.stop();

  assert.equal(code, 0);
});
