/** `loghook run`, the real process: what it delivers, how it stops, and the exit code of each way to end. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addEvents, deferred, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const FAST = ['--interval', '1s'];

test('delivers the events of the last two minutes, byte for byte, and exits 0 on SIGTERM', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, 3, 180_000, 7);
  const recent = addEvents(org, 5, 60_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/hook\n`);

  const loghook = sandbox.start(FAST, { env });
  await receiver.waitFor(5);
  await loghook.logged('delivery attempted');
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.deepEqual(
    receiver.received.map(({ body }) => body.toString()).sort(),
    recent.map(String).sort(),
  );
  const { host } = new URL(org.url);
  assert.ok(receiver.received.every(({ headers }) => headers['loghook-org'] === host));
  const stopped = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  assert.equal(stopped.msg, 'stopped');
  assert.deepEqual([stopped.read, stopped.events, stopped.delivered, stopped.owed], [5, 5, 5, 0]);
});

test('stops quietly while many routes wait for answers', async (t) => {
  const { org, env } = await openOrg(t);
  const answered = deferred<void>();
  const receivers = await Promise.all(Array.from({ length: 12 }, () => openReceiver(t)));
  const asked = receivers.map((receiver) => {
    const { promise, resolve } = deferred<void>();
    receiver.answer = async () => {
      resolve();
      await answered.promise;
      return { status: 204 };
    };
    return promise;
  });
  addEvents(org, 1, 60_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', receivers.map(({ url }) => `.*,${url}/hook\n`).join(''));

  const loghook = sandbox.start(FAST, { env });
  await Promise.all(asked);
  const ended = loghook.stop();
  await loghook.logged('stopping');
  answered.resolve();
  const { code, stderr } = await ended;

  assert.equal(stderr, '');
  assert.equal(code, 0);
});

test('asks for the last two minutes at a first start', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const before = Date.now();
  await sandbox.run(['--once'], { env });
  const after = Date.now();

  const asked = new URL(`http://h${org.requests[0]?.url}`).searchParams;
  const since = Date.parse(asked.get('since') ?? '');
  assert.ok(since >= before - 120_000 && since <= after - 120_000, String(since));
  assert.equal(asked.get('until'), null);
});

test('names the clock where a first start is refused for its time', async (t) => {
  const { org, env } = await openOrg(t);
  org.fail({ kind: 'status', status: 400, errorCode: 'E0000053' });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const { code, stderr } = await sandbox.run(FAST, { env });

  assert.equal(code, 2);
  assert.match(stderr, /→ .*check the filter, and the clock of this machine/);
});

test('goes on from its cursor after a restart and sends nothing twice', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 4, 60_000, 1);
  const first = await sandbox.run(['--once'], { env });
  addEvents(org, 3, 0, 2);

  const second = await sandbox.run(['--once'], { env });

  assert.deepEqual([first.code, second.code], [0, 0]);
  assert.equal(receiver.received.length, 7);
  assert.equal(new Set(receiver.received.map(({ id }) => id)).size, 7);
});

test('exits 2 with every problem of every setting at once', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '(,http://h.example/\nuser,nothing\na,b,c\n');
  const args = ['--interval', '0', '--log-level', 'loud', '--log-format', 'xml', '--since', 'soon'];
  const env = { OKTA_ORG_URL: 'http://acme.okta.com', OKTA_API_KEY: 'two words', HOME: '' };

  const { code, stdout, stderr } = await sandbox.run(args, { env });

  assert.equal(code, 2);
  assert.equal(stdout, '');
  for (const where of [
    'OKTA_ORG_URL',
    'OKTA_API_KEY',
    'loghook.csv line 1',
    'loghook.csv line 2',
    'loghook.csv line 3',
    '--interval',
    '--log-level',
    '--log-format',
    '--since',
  ]) {
    assert.match(stderr, new RegExp(`^loghook: ${where}: `, 'm'));
  }
});

test('exits 2 for --since once there is a cursor', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const first = await sandbox.run(['--once', '--since', '1h'], { env });

  const second = await sandbox.run(['--once', '--since', '2h'], { env });

  assert.deepEqual([first.code, second.code], [0, 2]);
  assert.match(second.stderr, /--since: there is a cursor already .*\n {2}→ Leave --since out/);
});

test('exits 3 when another loghook holds the state folder, and names it', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const holder = sandbox.start(FAST, { env });
  await holder.logged('ready');

  const { code, stderr } = await sandbox.run(FAST, { env });

  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`another loghook \\(pid ${holder.child.pid}\\) holds`));
});

test('takes over a folder at once after kill -9', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const killed = sandbox.start(FAST, { env });
  await killed.logged('ready');
  await killed.stop('SIGKILL');

  const { code } = await sandbox.run(['--once'], { env });

  assert.equal(code, 0);
});

test('exits 3 and overwrites nothing when the state file is not its own', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const folder = join(sandbox.cwd, 'state', `127.0.0.1-${new URL(org.url).port}`);
  mkdirSync(folder, { recursive: true });
  const theirs = 'not a database, but somebody cared for it'.repeat(99);
  writeFileSync(join(folder, 'state.db'), theirs);

  const { code, stderr } = await sandbox.run(['--state', 'state'], { env });

  assert.equal(code, 3);
  assert.match(stderr, /state\.db/);
  assert.equal(readFileSync(join(folder, 'state.db'), 'utf8'), theirs);
});

test('exits 4 when Okta refuses the token at a first start', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const { code, stderr } = await sandbox.run([], { env: { ...env, OKTA_API_KEY: 'wrong' } });

  assert.equal(code, 4);
  assert.match(stderr, /E0000011[^\n]*\n {2}→ The token is wrong/);
});

test('--once tries each due delivery once and exits 5 when something is still owed', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 1);
  receiver.answer = () => ({ status: 429, headers: { 'retry-after': '0' } });

  const failed = await sandbox.run(['--once'], { env });

  assert.equal(failed.code, 5);
  assert.equal(receiver.received.length, 1);
});

test('--once follows full pages and ends at the first short one', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 1_200);

  const { code } = await sandbox.run(['--once'], { env });

  assert.equal(code, 0);
  assert.equal(org.requestCount, 2);
  assert.equal(receiver.received.length, 1_200);
});

test('a first SIGTERM waits for the answer that is on its way, and records it', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 1);
  const arrived = deferred<void>();
  const answer = deferred<{ status: number }>();
  receiver.answer = () => {
    arrived.resolve(undefined);
    return answer.promise;
  };

  const loghook = sandbox.start(FAST, { env });
  await arrived.promise;
  loghook.child.kill('SIGTERM');
  await loghook.logged('stopping');
  answer.resolve({ status: 204 });
  const { code } = await loghook.ended;

  assert.equal(code, 0);
  assert.equal((await loghook.logged('stopped')).delivered, 1);
});

test('ends by itself when what is in flight takes more than ten seconds, and keeps it', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 1);
  const arrived = new Promise<void>((resolve) => receiver.onReceived(() => resolve()));
  receiver.answer = () => ({ kind: 'hang' });

  const loghook = sandbox.start(FAST, { env });
  await arrived;
  const { code } = await loghook.stop('SIGINT');

  assert.equal(code, 0);
  assert.equal((await loghook.logged('stopped')).owed, 1);
});

test('a second signal ends it at once; what was in flight is sent again by the next run', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 1);
  const arrived = new Promise<void>((resolve) => receiver.onReceived(() => resolve()));
  receiver.answer = () => ({ kind: 'hang' });
  const loghook = sandbox.start(FAST, { env });
  await arrived;
  loghook.child.kill('SIGTERM');
  await loghook.logged('stopping');

  const { stdout } = await loghook.stop('SIGTERM');
  receiver.answer = () => ({ status: 200 });
  const again = await sandbox.run(['--once'], { env });

  assert.doesNotMatch(stdout, /"msg":"stopped"/);
  assert.equal(again.code, 0);
  const [first, second] = receiver.received;
  assert.equal(first?.id, second?.id);
});

test('SIGHUP without a terminal reloads the routes; a bad file keeps the old ones and says why', async (t) => {
  const { org, env } = await openOrg(t);
  const [old, fresh] = [await openReceiver(t), await openReceiver(t)];
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${old.url}/old\n`);
  const loghook = sandbox.start(FAST, { env });
  await loghook.logged('ready');

  sandbox.write('loghook.csv', '(,http://h.example/\n\nuser,nowhere\n');
  loghook.child.kill('SIGHUP');
  const refused = await loghook.logged('routes not reloaded, the old ones stay in force');
  addEvents(org, 1, 0, 1);
  await old.waitFor(1);
  sandbox.write('loghook.csv', `.*,${fresh.url}/fresh\n`);
  loghook.child.kill('SIGHUP');
  const reloaded = await loghook.logged('routes reloaded');
  addEvents(org, 1, 0, 2);
  await fresh.waitFor(1);
  const { code } = await loghook.stop();

  assert.equal(code, 0);
  assert.deepEqual(
    (refused.problems as string[]).map((problem) => problem.slice(0, 19)), // checked by its shape
    ['loghook.csv line 1:', 'loghook.csv line 3:'],
  );
  assert.equal((reloaded.routes as unknown[]).length, 1); // checked by its length
  assert.equal(old.received.length, 1);
});
