/** What becomes of the daemon when the terminal or the pipe that it writes to goes away. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf } from '../../src/errors.ts';
import { addEvents, BIN, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { requireTool } from '../support/tools.ts';

for (const format of ['json', 'pretty']) {
  test(`goes on delivering when nobody reads its output any more, ${format}`, async (t) => {
    const { org, env } = await openOrg(t);
    const receiver = await openReceiver(t);
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
    const args = ['--interval', '1s', '--log-format', format];
    const { child, ended } = sandbox.start(args, { env, raw: true });
    if (child.stdout !== null) await once(child.stdout, 'data');
    child.stdout?.destroy();
    child.stderr?.destroy();

    addEvents(org, 20, 0, 1);
    await receiver.waitFor(20);
    addEvents(org, 20, 0, 2);
    await receiver.waitFor(40);
    child.kill('SIGTERM');
    const { code, signal } = await ended;

    assert.deepEqual([code, signal], [0, null]);
    assert.equal(receiver.received.length, 40);
  });
}

test('delivers on when its terminal is gone (EIO), and stops at the SIGHUP that comes with it', async (t) => {
  requireTool('script', 'bsdutils');
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `.*,${receiver.url}/\n`);
  addEvents(org, 3);
  const result = join(sandbox.cwd, 'result');
  const bin = `'${process.execPath}' '${BIN}' --interval 1s`;
  const command = `trap '' HUP; ${bin}; echo $? > result.part; mv result.part result`;
  const terminal = spawn('script', ['-qfc', command, '/dev/null'], {
    cwd: sandbox.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: sandbox.home, SHELL: '/bin/sh', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  await new Promise<void>((resolve) => {
    terminal.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if (shown.includes('ready:')) resolve();
    });
  });
  await receiver.waitFor(3);
  const folder = join(sandbox.home, '.local/state/loghook', `127.0.0.1-${new URL(org.url).port}`);
  const pid = Number(readFileSync(join(folder, 'loghook.pid'), 'utf8'));
  t.after(() => endIfAlive(pid));
  const written = new Promise<void>((resolve) => {
    const watcher = watch(sandbox.cwd, () => {
      if (!existsSync(result)) return;
      watcher.close();
      resolve();
    });
  });

  terminal.kill('SIGKILL'); // the shell between keeps the kernel's SIGHUP from ours
  await once(terminal, 'close');
  addEvents(org, 5, 0, 2);
  await receiver.waitFor(8);
  process.kill(pid, 'SIGHUP');
  await written;

  assert.equal(readFileSync(result, 'utf8'), '0\n');
  assert.ok(shown.includes('\u001b[32mready: following'), shown);
});

function endIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
}
