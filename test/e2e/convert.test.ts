/** `loghook convert`, the real process, and a daemon that changes over. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a daemon that changes over sends what it owed under the new name, and nothing twice', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  receiver.answer = () => ({ status: 410 });
  addEvents(org, 3);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/hook\n`);
  const loghook = sandbox.start(['--interval', '1s'], { env });
  await loghook.logged('route held');

  const { code, stderr } = await sandbox.run(['convert']);
  const name = /is now (\S+)/.exec(stderr)?.[1];
  receiver.answer = () => ({ status: 204 });
  loghook.child.kill('SIGHUP');
  await loghook.logged('routes reloaded');
  await receiver.waitFor(3);
  addEvents(org, 1, 0, 2);
  await receiver.waitFor(4);
  const { stdout } = await loghook.stop();
  const sent = receiver.received.length;
  const again = await sandbox.run(['--once'], { env });
  const status = await sandbox.run(['status', '--json'], { env });

  assert.equal(code, 0);
  const delivered = stdout.split('\n').filter((line) => line.includes('"outcome":"delivered"'));
  const events = delivered.map((line) => JSON.parse(line));
  assert.equal(new Set(events.map(({ event }) => event)).size, 4);
  assert.equal(delivered.length, 4);
  assert.deepEqual([...new Set(events.map(({ route }) => route))], [name]);
  assert.equal(again.code, 0);
  assert.equal(receiver.received.length, sent);
  const [route, ...others] = JSON.parse(status.stdout).routes;
  assert.deepEqual([route.name, route.queued, others], [name, 0, []]);
});

test('writes a file that check takes, for its owner alone, and says what comes next', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,https://me:S3CRET@h.example/S3CRET\n');
  const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: 'x' };

  const { code, stdout, stderr } = await sandbox.run(['convert']);
  const check = await sandbox.run(['check'], { env });

  assert.deepEqual([code, stdout], [0, '']);
  assert.match(stderr, /^loghook\.yaml: 1 route written \(mode 0600, for its owner alone: /);
  assert.match(stderr, /^ {2}h\.example#([0-9a-f]{4}) is now h\.example-\1$/m);
  assert.match(stderr, /^Queues are kept/m);
  assert.doesNotMatch(stderr + check.stdout + check.stderr, /S3CRET/);
  assert.equal(modeOf(join(sandbox.cwd, 'loghook.yaml')), 0o600);
  assert.match(check.stdout, /^routes {4}loghook\.yaml\n └─ h\.example-[0-9a-f]{4} {3}\/\.\*\//m);
  assert.match(check.stdout, /^note: loghook\.csv is not read: loghook\.yaml goes first$/m);
});

test('keeps the mode of a CSV that only its group may read, or that holds no secret', async (t) => {
  const sandbox = new Sandbox(t);
  const csv = sandbox.write('a.csv', '.*,https://me:S3CRET@h.example/\n');
  chmodSync(csv, 0o640);
  chmodSync(sandbox.write('b.csv', '.*,http://localhost:3000/\n'), 0o644);

  await sandbox.run(['convert', 'a.csv']);
  await sandbox.run(['convert', 'b.csv', '--output', 'c.yaml']);

  assert.equal(modeOf(join(sandbox.cwd, 'a.yaml')), 0o640);
  assert.equal(modeOf(join(sandbox.cwd, 'c.yaml')), 0o644);
});

test('writes over nothing, and prints with --stdout', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://localhost:3000/\n');
  const there = sandbox.write('loghook.yaml', 'mine');

  const refused = await sandbox.run(['convert']);
  const printed = await sandbox.run(['convert', '--stdout']);
  const both = await sandbox.run(['convert', '--stdout', '--output', 'x.yaml']);

  assert.equal(refused.code, 2);
  assert.match(
    refused.stderr,
    /^loghook: loghook\.yaml: it is there already, and nothing is written over\n/,
  );
  assert.equal(readFileSync(there, 'utf8'), 'mine');
  assert.equal(printed.code, 0);
  assert.match(printed.stdout, /^# yaml-language-server: \$schema=.*\nroutes:\n/);
  assert.equal(both.code, 2);
});

test('says what is wrong with the CSV, or that there is none', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('bad.csv', '(,http://S3CRET/\n');

  const bad = await sandbox.run(['convert', 'bad.csv']);
  const none = await sandbox.run(['convert']);

  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /^loghook: bad\.csv line 1: "\(" is not a regular expression/);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^loghook: loghook\.csv: there is no such file/);
});

test('a loghook.yaml that is gone for a moment puts no old loghook.csv in force', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/old\n`);
  const yaml = `routes: [{ name: new, match: '.', url: '${receiver.url}/new' }]\n`;
  const path = sandbox.write('loghook.yaml', yaml);
  const loghook = sandbox.start(['--interval', '1s'], { env });
  await loghook.logged('ready');

  rmSync(path);
  loghook.child.kill('SIGHUP');
  const refused = await loghook.logged('routes not reloaded, the old ones stay in force');
  addEvents(org, 1);
  await receiver.waitFor(1);
  sandbox.write('loghook.yaml', yaml);
  loghook.child.kill('SIGHUP');
  await loghook.logged('routes reloaded');
  const { code } = await loghook.stop();

  assert.deepEqual(refused.problems, [
    'loghook.yaml: it is gone, and loghook.csv is not taken instead',
  ]);
  assert.deepEqual(
    receiver.received.map(({ path: sentTo }) => sentTo),
    ['/new'],
  );
  assert.equal(code, 0);
});
