/** `loghook test`, the real process: one marked event, and what loghook would make of the answer. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hashOf } from '../support/folder-hash.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { verifies } from '../support/verifies.ts';

const SECRET = 'S3CRET-path?key=S3CRET-query';

function secretUrl(url: string): string {
  return `${url.replace('://', '://S3CRET-user:S3CRET-pass@')}/${SECRET}`;
}

test('sends one marked event of a type that the route wants, and needs no Okta', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `^user\\.account\\.lock$,${receiver.url}/hook\n`);

  const { code, stdout, stderr } = await sandbox.run(['test', '127']);

  assert.equal(code, 0, stderr);
  const [request, ...others] = receiver.received;
  assert.ok(request);
  assert.deepEqual(others, []);
  assert.match(request.id ?? '', /^test-[0-9a-f-]{36}$/);
  assert.equal(request.headers['loghook-test'], 'true');
  assert.equal(request.method, 'POST');
  assert.equal(request.path, '/hook');
  const event = JSON.parse(`${request.body}`);
  assert.equal(event.uuid, request.id);
  assert.equal(event.eventType, 'user.account.lock');
  assert.equal(event.debugContext.debugData.loghookTest, 'true');
  assert.match(stdout, /^response {2}204/m);
  assert.match(stdout, /^verdict {3}delivered$/m);
  assert.deepEqual(readdirSync(sandbox.home), []);
});

test('sends what --type and --set say', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `^user,${receiver.url}\n`);
  const set = ['--set', 'outcome.result=FAILURE', '--set', 'actor.displayName=Ada'];

  const { stdout } = await sandbox.run(['test', '127', '--type', 'my.own.type', ...set], {
    env: { OKTA_ORG_URL: 'https://acme.okta.com' },
  });

  const event = JSON.parse(`${receiver.received[0]?.body}`);
  assert.equal(event.eventType, 'my.own.type');
  assert.equal(event.outcome.result, 'FAILURE');
  assert.equal(event.actor.displayName, 'Ada');
  assert.equal(receiver.received[0]?.headers['loghook-org'], 'acme.okta.com');
  assert.match(stdout, /note: my\.own\.type is not known here, the event is a guess/);
  assert.match(stdout, /note: the route would not want my\.own\.type/);
});

test('sends the bytes of a file as they are', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const bytes = '{ "uuid":"a",\n "eventType":"user.x", "n": 39.0, "s":"\\u0026" }\n';
  sandbox.write('loghook.csv', `^user,${receiver.url}\n`);
  sandbox.write('event.json', bytes);

  const { code } = await sandbox.run(['test', '127', '--event', 'event.json']);

  assert.equal(code, 0);
  assert.equal(`${receiver.received[0]?.body}`, bytes);
  assert.match(receiver.received[0]?.id ?? '', /^test-/);
  assert.equal(receiver.received[0]?.headers['loghook-test'], 'true');
});

test('changes the event of a file as --set says, marks it, and says so', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `^user,${receiver.url}\n`);
  sandbox.write('event.json', '{"uuid":"a","eventType":"user.x","outcome":{"result":"SUCCESS"}}');
  const set = ['--set', 'outcome.result=FAILURE'];

  const { code, stdout } = await sandbox.run(['test', '127', '--event', 'event.json', ...set]);

  const [request] = receiver.received;
  const event = JSON.parse(`${request?.body}`);
  assert.equal(code, 0);
  assert.equal(event.outcome.result, 'FAILURE');
  assert.equal(event.eventType, 'user.x');
  assert.equal(event.uuid, request?.id);
  assert.equal(event.debugContext.debugData.loghookTest, 'true');
  assert.match(stdout, /note: the file is changed by --set/);
});

test('goes as a loghook.yaml says, signed, with secrets that stand elsewhere', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const secret = `whsec_${Buffer.alloc(32, 'S3CRET').toString('base64')}`;
  sandbox.write(
    'loghook.yaml',
    `alerts: ${receiver.url}/alerts
routes:
  - name: siem
    match: ^user\\.
    url: ${receiver.url}/\${HOOK_PATH}
    method: PUT
    headers: { x-api-key: "\${API_KEY}" }
    secrets: ["\${HOOK_SECRET}"]
    enabled: false
`,
  );
  const env = { HOOK_PATH: 'S3CRET-path', API_KEY: 'S3CRET-key', HOOK_SECRET: secret };

  const { code, stdout, stderr } = await sandbox.run(['test', 'si'], { env });
  const alert = await sandbox.run(['test', 'alerts'], { env });

  assert.equal(code, 0, stderr);
  const [request, alerted] = receiver.received;
  assert.ok(request);
  assert.ok(verifies(request, secret));
  assert.equal(request.method, 'PUT');
  assert.equal(request.headers['x-api-key'], 'S3CRET-key');
  assert.match(stdout, /signed {4}signed, verifies/);
  assert.match(stdout, /note: the route is disabled/);
  assert.equal(alert.code, 0);
  assert.equal(JSON.parse(`${alerted?.body}`).eventType, 'loghook.route.held');
  for (const never of ['S3CRET', secret]) assert.ok(!(stdout + stderr).includes(never));
});

test('pings the heartbeat as the daemon does', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `heartbeat: ${receiver.url}/ping
routes:
  - { name: siem, match: .*, url: "${receiver.url}" }
`,
  );

  const taken = await sandbox.run(['test', 'heartbeat']);
  receiver.answer = () => ({ status: 500 });
  const lost = await sandbox.run(['test', 'heartbeat']);
  const refused = await sandbox.run(['test', 'heartbeat', '--type', 'user.x']);

  assert.equal(taken.code, 0, taken.stderr);
  assert.match(taken.stdout, /^verdict {3}the ping was taken$/m);
  assert.equal(lost.code, 5);
  assert.match(lost.stdout, /the ping was lost: nothing waits for it/);
  assert.equal(refused.code, 2);
  const [request] = receiver.received;
  assert.deepEqual([request?.method, request?.path, `${request?.body}`], ['GET', '/ping', '']);
  assert.equal(request?.headers['loghook-test'], 'true');
});

test('is refused by the address rule of a route, and sends nothing', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const url = receiver.url.replace('127.0.0.1', 'localhost');
  sandbox.write(
    'loghook.json',
    JSON.stringify({ routes: [{ name: 'siem', match: '.*', url, publicOnly: true }] }),
  );

  const { code, stdout } = await sandbox.run(['test', 'siem']);

  assert.equal(code, 5);
  assert.match(stdout, /^verdict {3}blocked by the address rule, nothing was sent/m);
  assert.equal(receiver.received.length, 0);
});

test('changes nothing in the state folder of a daemon that runs beside it', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, 3, 60_000);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}\n`);
  const daemon = sandbox.start(['--interval', '1h', '--state', 'state'], { env });
  await daemon.line('stdout', /ready/);
  await receiver.waitFor(3);
  daemon.child.kill('SIGSTOP'); // what it records by itself is not what is looked at here
  const folder = join(sandbox.cwd, 'state');
  const before = hashOf(folder);
  receiver.answer = () => ({ status: 410 });

  const { code } = await sandbox.run(['test', '127'], { env: { LOGHOOK_STATE: folder } });

  assert.equal(hashOf(folder), before);
  daemon.child.kill('SIGCONT');
  assert.equal(code, 5);
  assert.equal(receiver.received.length, 4);
});

test('exits 5 when it is not delivered, and shows no secret in any output', async (t) => {
  const receiver = await openReceiver(t);
  receiver.answer = ({ path, headers }) => ({
    status: 404,
    body: `\u001b[31m${path} ${headers.authorization}`,
  });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${secretUrl(receiver.url)}\n`);

  const text = await sandbox.run(['test', '127']);
  const json = await sandbox.run(['test', '127', '--json']);

  assert.equal(receiver.received[0]?.path, `/${SECRET}`);
  assert.equal(text.code, 5);
  assert.equal(json.code, 5);
  const document = JSON.parse(json.stdout);
  assert.equal(document.response.status, 404);
  assert.equal(document.outcome, 'verdict');
  assert.equal(document.delivered, false);
  assert.equal(document.request.headers.authorization, '…');
  const basic = Buffer.from('S3CRET-user:S3CRET-pass').toString('base64');
  for (const { stdout, stderr } of [text, json]) {
    for (const never of ['S3CRET', basic, '\u001b']) assert.ok(!(stdout + stderr).includes(never));
  }
});

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [['zzz'], /test: no route has this name\n.*there are siem\.example#\w+, siem\.example#\w+/],
  [['siem'], /test: several routes begin like this\n.*name one of siem/],
  [['a.example', '--type', 'a b'], /--type: "a b" is no event type/],
  [['a.example', '--set', 'outcome.reslt=x'], /did you mean outcome\.result\?/],
  [['a.example', '--set', 'uuid=x'], /--set: the uuid says that it is a test/],
  [['a.example', '--event', 'none.json'], /--event: there is no file/],
  [['a.example', '--event', 'two.ndjson'], /does not hold one JSON object/],
  [['a.example', '--event', 'page.json'], /does not hold one JSON object/],
  [['a.example', '--event', 'page.json', '--type', 'x'], /--type: it does not go with --event/],
  [['a.example', '--config', 'none.csv'], /none\.csv: there is no such file/],
];

for (const [args, message] of REFUSED) {
  test(`refuses ${args.join(' ')} in words`, async (t) => {
    const sandbox = new Sandbox(t);
    const urls = ['https://siem.example/1', 'https://siem.example/2', 'https://a.example/'];
    sandbox.write('loghook.csv', urls.map((url) => `.*,${url}\n`).join(''));
    sandbox.write('two.ndjson', '{}\n{}\n');
    sandbox.write('page.json', '[{}]');

    const { code, stderr } = await sandbox.run(['test', ...args]);

    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}
