/** `loghook pause` and `resume` beside a running daemon, and before `--once`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

function yaml(url: string): string {
  const route = (name: string) => `  - { name: ${name}, match: '.*', url: '${url}/${name}' }\n`;
  return `routes:\n${route('siem')}${route('other')}`;
}

test('a pause stops a route of a running daemon, a resume sets it going again', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', yaml(receiver.url));
  const loghook = sandbox.start(['run', '--log-format', 'json', '--interval', '1s'], { env });
  await loghook.logged('ready');

  const paused = await sandbox.run(['pause', 'siem'], { env });
  await loghook.logged('route paused', { route: 'siem' });
  addEvents(org, 3, 0);
  await receiver.waitFor(3);
  const meanwhile = receiver.received.map(({ path }) => path);
  const resumed = await sandbox.run(['resume', 'siem'], { env });
  await loghook.logged('route resumed', { route: 'siem' });
  await receiver.waitFor(6);
  const { code } = await loghook.stop();

  assert.deepEqual([paused.code, resumed.code, code], [0, 0, 0]);
  assert.deepEqual(meanwhile, ['/other', '/other', '/other']);
  assert.equal(receiver.received.filter(({ path }) => path === '/siem').length, 3);
});

test('--once with a paused route ends, and says with 5 that something is still owed', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', yaml(receiver.url));
  const first = await sandbox.run(['--once'], { env });
  await sandbox.run(['pause', 'siem'], { env });
  addEvents(org, 2);

  const second = await sandbox.run(['--once'], { env });
  await sandbox.run(['resume', 'siem'], { env });
  const third = await sandbox.run(['--once'], { env });

  assert.deepEqual([first.code, second.code, third.code], [0, 5, 0]);
  assert.equal(receiver.received.filter(({ path }) => path === '/siem').length, 2);
});
