/** A daemon whose state folder is taken from under it: what it writes from then on would be gone with it. */
import assert from 'node:assert/strict';
import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const skip = process.platform === 'win32' ? 'Windows removes no file that is open' : false;

async function running(t: TestContext) {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/hook\n`);
  addEvents(org, 2, 60_000);
  const loghook = sandbox.start(['--interval', '1s', '--state', 'state'], { env });
  await receiver.waitFor(2);
  return {
    loghook,
    state: join(sandbox.cwd, 'state'),
    folder: new URL(org.url).host.replace(':', '-'),
  };
}

test('stops with 3 when its state is removed, and says what to do', { skip }, async (t) => {
  const { loghook, state, folder } = await running(t);

  rmSync(state, { recursive: true });
  const { code, stderr } = await loghook.ended;

  assert.equal(code, 3);
  assert.match(stderr, new RegExp(`could not go on with .*${folder}.* \\(it was removed while`));
  assert.match(stderr, /→ Stop loghook before you move or restore its state/);
});

test('stops with 3 when its state is replaced by a copy', { skip }, async (t) => {
  const { loghook, state, folder } = await running(t);
  const path = join(state, folder, 'state.db');

  cpSync(path, `${path}.backup`);
  renameSync(`${path}.backup`, path);
  const { code, stderr } = await loghook.ended;

  assert.equal(code, 3);
  assert.match(stderr, /state\.db \(it was replaced while loghook ran\)/);
});
