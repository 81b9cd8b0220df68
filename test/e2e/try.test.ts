/** `loghook try`, the real process: it sends nothing, keeps nothing, and says what the routes would have done. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { factsOf } from '../support/folder-hash.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

test('says what each route would have sent, sends nothing and leaves no file', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const events = addEvents(org, 60, 3_600_000).map((raw) => JSON.parse(`${raw}`).eventType);
  addEvents(org, 5, 30 * 3_600_000, 9);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `^user\\.session,${receiver.url}/siem\n`);

  const { code, stdout, stderr } = await sandbox.run(['try'], { env });

  const wanted = events.filter((type) => type.startsWith('user.session')).length;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /60 events read, nothing sent/);
  assert.match(
    stdout,
    new RegExp(`\\n {2}${wanted} events, under 0.1 a minute on average, ${wanted} in`),
  );
  assert.match(stdout, new RegExp(`${60 - wanted} events of \\d+ types that no route wants`));
  assert.equal(receiver.received.length, 0);
  assert.deepEqual(readdirSync(sandbox.home), []);
});

test('prints one JSON document', async (t) => {
  const { org, env } = await openOrg(t);
  const events = addEvents(org, 60, 3_600_000);
  const sandbox = new Sandbox(t);
  sandbox.write('new.csv', '.*,https://siem.example/S3CRET-path\n^policy,https://b.example\n');
  const args = ['try', '--config', 'new.csv', '--since', '2h', '--until', '30m', '--json'];

  const { code, stdout } = await sandbox.run([...args, '--route', 'siem'], { env });

  const document = JSON.parse(stdout);
  assert.equal(code, 0);
  assert.equal(document.events, 60);
  assert.equal(document.partial, false);
  assert.equal(document.routes.length, 1);
  assert.equal(document.routes[0].events, 60);
  assert.equal(document.routes[0].samples.length, 3);
  const ids = events.map((raw) => JSON.parse(`${raw}`).uuid);
  for (const { id } of document.routes[0].samples) assert.ok(ids.includes(id));
  assert.doesNotMatch(stdout, /S3CRET/);
});

test('holds a loghook.yaml against its rates, its orders and what it has disabled', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, 60, 3_600_000);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `alerts: ${receiver.url}/alerts
routes:
  - { name: slow, match: .*, url: "${receiver.url}/slow", rate: 10/m, order: strict }
  - { name: fast, match: .*, url: "${receiver.url}/fast", rate: 5/s, order: key }
  - { name: off, match: .*, url: "${receiver.url}/off", enabled: false }
`,
  );

  const { code, stdout, stderr } = await sandbox.run(['try'], { env });

  assert.equal(code, 0, stderr);
  assert.match(stdout, /rate 10\/m is 10 a minute: TOO LITTLE for the busiest minute/);
  assert.match(stdout, /its backlog of up to 59 events \(.*\) takes 6 min to send/);
  assert.match(stdout, /order strict: one after the other/);
  assert.match(stdout, /rate 5\/s is 300 a minute: enough\n {2}order key: \d+ different keys/);
  assert.match(stdout, /^off {3}\/\.\*\/ {2}\(disabled: it sends none of them\)\n {2}60 events/m);
  assert.match(stdout, /every event is wanted/);
  assert.doesNotMatch(stdout, /alerts/);
  assert.equal(receiver.received.length, 0);
});

test('changes nothing in the state of a daemon that runs beside it, but who reads', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, 8, 60_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
  const daemon = sandbox.start(['--interval', '1h', '--state', 'state'], { env });
  await daemon.line('stdout', /ready/);
  await receiver.waitFor(8);
  daemon.child.kill('SIGSTOP'); // what it records by itself is not what is looked at here
  const state = join(sandbox.cwd, 'state', `127.0.0.1-${new URL(org.url).port}`, 'state.db');
  const before = factsOf(state);

  const { code, stdout } = await sandbox.run(['try', '--since', '1h'], {
    env: { ...env, LOGHOOK_STATE: join(sandbox.cwd, 'state') },
  });

  assert.equal(factsOf(state), before);
  daemon.child.kill('SIGCONT');
  assert.equal(code, 0);
  assert.match(stdout, /8 events read, nothing sent/);
  assert.equal(receiver.received.length, 8);
});

test('shows what it has so far when it is stopped, and says that it is partial', async (t) => {
  const { org, env } = await openOrg(t, { rateLimit: 4 });
  addEvents(org, 2_500, 3_600_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,https://siem.example/\n');
  const loghook = sandbox.start(['try', '--log-level', 'debug'], { env });
  await org.waitForRequests(1);
  await loghook.line('stderr', /rate limit/);

  const { code, stdout } = await loghook.stop('SIGINT');

  assert.equal(code, 0);
  assert.match(stdout, /^PARTIAL: it was stopped before all events were read\n/);
  assert.match(stdout, /1,000 events read, nothing sent/);
});

test('exits 4 when Okta refuses the token', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,https://siem.example/\n');

  const { code, stdout, stderr } = await sandbox.run(['try'], {
    env: { ...env, OKTA_API_KEY: 'wrong' },
  });

  assert.equal(code, 4);
  assert.equal(stdout, '');
  assert.match(stderr, /E0000011/);
});

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['--until', '2h', '--since', '1h'], /--until: it is not after --since/],
  [['--until', 'soon'], /--until: "soon" is neither a duration/],
  [['--route', 'https://x/S3CRET'], /--route: no route has this name\n.*there are siem\.example#/],
  [['--route', 'siem.exampel#061b'], /did you mean siem\.example#/],
  [['--config', 'none.csv'], /none\.csv: there is no such file/],
];

for (const [args, message] of REFUSED) {
  test(`refuses ${args.join(' ')} in words`, async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.csv', '.*,https://siem.example/\n');
    const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: 'x' };

    const { code, stderr } = await sandbox.run(['try', ...args], { env });

    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /S3CRET/);
  });
}
