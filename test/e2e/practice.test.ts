/** `loghook practice-org` and `loghook demo`, the real processes: they need no settings and take none. */
import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

test('practice-org prints two settings with which listen delivers its events', async (t) => {
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const args = ['practice-org', '--port', '0', '--every', '50ms', '--fail-every', '2'];
  const org = sandbox.start(args);
  const settings = [
    await org.line('stdout', /OKTA_ORG_URL=/),
    await org.line('stdout', /API_KEY=/),
  ];
  const env = Object.fromEntries(
    settings.map((line) => line.replace(/ *export /, '').split('=', 2)),
  );

  const listen = sandbox.start(['listen', new URL(receiver.url).port, '--interval', '1s'], { env });
  await receiver.waitFor(3);
  await org.line('stderr', / 429 GET \/api\/v1\/logs after=\S+ limit=1000 {2}\(status\)$/);
  const ended = [await listen.stop('SIGINT'), await org.stop('SIGINT')];

  assert.deepEqual(
    ended.map(({ code }) => code),
    [0, 0],
  );
});

test('practice-org says that its port is in use, and what to do', async (t) => {
  const { org } = await openOrg(t);

  const { code, stderr } = await new Sandbox(t).run([
    'practice-org',
    '--port',
    new URL(org.url).port,
  ]);

  assert.equal(code, 2);
  assert.match(stderr, /--port: port \d+ is in use \(EADDRINUSE\)\n {2}→ name another one/);
});

for (const signals of [1, 2]) {
  test(`practice-org --oauth keeps its key to itself, and not beyond its end (${signals} signals)`, async (t) => {
    const sandbox = new Sandbox(t);
    const env = { TMPDIR: sandbox.home };
    const org = sandbox.start(['practice-org', '--oauth', '--port', '0'], { env });
    const line = await org.line('stdout', /export OKTA_PRIVATE_KEY_FILE=/);
    await org.line('stdout', /export OKTA_CLIENT_ID=0oa\w+$/);
    await org.line('stdout', /loghook listen 3000/);
    const path = line.replace(/^.*=/, '');
    const { mode } = statSync(path);

    for (let n = 1; n < signals; n++) org.child.kill('SIGINT');
    const { code, stdout, stderr } = await org.stop('SIGINT');

    assert.equal(mode & 0o777, 0o600);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout + stderr, /OKTA_API_KEY|PRIVATE KEY-/);
    assert.deepEqual(readdirSync(sandbox.home), []);
  });
}

test('demo delivers everything through a late event, a 429 and a failing receiver', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', 'broken');
  sandbox.write('.env', 'OKTA_ORG_URL=nonsense\n');
  const env = { OKTA_ORG_URL: 'http://127.0.0.1:9', OKTA_API_KEY: 'S3CRET', TMPDIR: sandbox.home };

  const { code, stdout, stderr } = await sandbox.run(['demo'], { env });

  assert.equal(code, 0, stdout);
  assert.equal(stderr, '');
  assert.match(stdout, /\* the org answers 429/);
  assert.match(stdout, /\* a late event, [0-9a-f]{8}: /);
  assert.match(stdout, /! sign-ins is held: 500 internal server error/);
  assert.match(stdout, /← sign-ins flows again/);
  assert.match(stdout, /^Everything arrived, unchanged\.$/m);
  const total = (name: string) => Number(new RegExp(`^  ${name} +(\\d+)`, 'm').exec(stdout)?.[1]);
  assert.equal(total('events made'), 48);
  assert.equal(total('delivered'), total('wanted by routes'));
  assert.equal(total('bytes identical'), total('delivered'));
  assert.doesNotMatch(stdout, /S3CRET/);
  for (const line of stdout.split('\n')) {
    assert.ok([...line].length <= 80 || line.startsWith('loghook '), line);
  }
  assert.deepEqual(readdirSync(sandbox.home), []);
});

test('demo --follow ends on SIGINT with what was made delivered', async (t) => {
  const sandbox = new Sandbox(t);
  const env = { TMPDIR: sandbox.home };
  const loghook = sandbox.start(['demo', '--follow'], { env });
  await loghook.line('stdout', /^\d\S+ → /);

  const { code, stdout } = await loghook.stop('SIGINT');

  assert.equal(code, 0);
  assert.match(stdout, /no more events; what is on its way may still arrive/);
  assert.match(stdout, /^Everything arrived, unchanged\.$/m);
  assert.deepEqual(readdirSync(sandbox.home), []);
});

test('demo removes its folder when a second signal ends it at once', async (t) => {
  const sandbox = new Sandbox(t);
  const loghook = sandbox.start(['demo'], { env: { TMPDIR: sandbox.home } });
  await loghook.line('stdout', /\* the org answers 429/);
  loghook.child.kill('SIGINT');
  await loghook.line('stdout', /no more events/);

  const { code } = await loghook.stop('SIGINT');

  assert.equal(code, 1);
  assert.deepEqual(readdirSync(sandbox.home), []);
});
