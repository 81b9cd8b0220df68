/** `loghook listen`, the real process: no routes file, state of its own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const FAST = ['--interval', '1s'];

test('sends every event to a port of this machine, and prints nothing on stdout', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const events = addEvents(org, 3, 60_000);
  const { port } = new URL(receiver.url);

  const loghook = new Sandbox(t).start(['listen', port, ...FAST], { env });
  await receiver.waitFor(3);
  const { code, stdout } = await loghook.stop();

  assert.equal(code, 0);
  assert.equal(stdout, '');
  assert.deepEqual(
    receiver.received.map(({ path }) => path),
    ['/', '/', '/'],
  );
  assert.deepEqual(
    receiver.received.map(({ body }) => `${body}`).sort(),
    events.map(String).sort(),
  );
});

test('sends what --match is found in to a URL, with state of its own for each', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const events = addEvents(org, 40, 60_000);
  const wanted = events.filter((raw) => JSON.parse(String(raw)).eventType.startsWith('user.'));
  const sandbox = new Sandbox(t);
  const args = ['listen', `${receiver.url}/okta?key=1`, ...FAST, '--state', 'state'];

  const matching = sandbox.start([...args, '--match', '^user\\.'], { env });
  await receiver.waitFor(wanted.length);
  await matching.stop();
  const everything = sandbox.start(args, { env });
  await receiver.waitFor(wanted.length + events.length);
  await everything.stop();

  assert.equal(receiver.received[0]?.path, '/okta?key=1');
  const [folder = ''] = readdirSync(join(sandbox.cwd, 'state'));
  const own = readdirSync(join(sandbox.cwd, 'state', folder));
  assert.equal(own.length, 2);
  for (const name of own) assert.match(name, /^listen-[0-9a-f]{8}$/);
});

test('says when events leave this machine', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  const loghook = sandbox.start(['listen', 'https://h.example/S3CRET', ...FAST], { env });

  const note = await loghook.logged('events leave this machine', {}, 'stderr');

  assert.equal(note.host, 'h.example');
});

test('asks whether the server is running when the connection is refused', async (t) => {
  const { org, env } = await openOrg(t);
  addEvents(org, 1);
  const args = ['listen', '9', ...FAST, '--log-format', 'pretty'];
  const loghook = new Sandbox(t).start(args, { env });

  await loghook.line('stderr', /is your server running\?/);
});

test('does not show its URL to whoever lists what runs', {
  skip: process.platform !== 'linux',
}, async (t) => {
  const { env } = await openOrg(t);
  const args = ['listen', 'http://user:S3CRET@127.0.0.1:9/S3CRET', ...FAST];
  const loghook = new Sandbox(t).start(args, { env });
  await loghook.logged('ready', {}, 'stderr');

  const title = readFileSync(`/proc/${loghook.child.pid}/cmdline`, 'utf8');

  assert.doesNotMatch(title, /S3CRET/);
  assert.match(title, /^loghook\0/);
});
