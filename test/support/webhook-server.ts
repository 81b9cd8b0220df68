/** Debian's `webhook` (adnanh/webhook): a receiver that somebody else wrote. It runs a command for each request. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import type { Sandbox } from './loghook.ts';
import { requireTool } from './tools.ts';

const PATIENCE_MS = 120_000;

export interface Hook {
  readonly id: string;
  /** An executable; it gets the body as the file $BODY, and the signed headers as $ID, $TIMESTAMP and $SIGNATURE. */
  readonly command: string;
}

/** Starts it with these hooks; a command that ends with 0 is answered 200, every other one 500. Resolves to its URL. */
export async function openWebhookServer(
  t: TestContext,
  sandbox: Sandbox,
  hooks: readonly Hook[],
): Promise<string> {
  requireTool('webhook', 'webhook');
  const file = sandbox.write('hooks.json', JSON.stringify(hooks.map(describe)));
  for (;;) {
    const port = await freePort();
    if (await startsOn(t, port, file)) return `http://127.0.0.1:${port}/hooks`;
  }
}

/** Resolves to false when somebody else has taken the port meanwhile. */
async function startsOn(t: TestContext, port: number, file: string): Promise<boolean> {
  const args = ['-hooks', file, '-ip', '127.0.0.1', '-port', String(port), '-verbose'];
  const child = spawn('webhook', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  let isGone = false;
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      isGone = true;
      resolve();
    });
  });
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const clock = new SystemClock();
  const from = clock.monotonic();
  while (!output.includes('serving hooks on') || !(await listens(port))) {
    if (isGone && output.includes('address already in use')) return false;
    assert.ok(
      !isGone && clock.monotonic() - from < PATIENCE_MS,
      `webhook did not start\n${output}`,
    );
    await clock.sleep(50);
  }
  return true;
}

function describe({ id, command }: Hook) {
  const header = (name: string, envname: string) => ({ source: 'header', name, envname });
  return {
    id,
    'execute-command': command,
    'pass-file-to-command': [{ source: 'raw-request-body', envname: 'BODY' }],
    'pass-environment-to-command': [
      header('webhook-id', 'ID'),
      header('webhook-timestamp', 'TIMESTAMP'),
      header('webhook-signature', 'SIGNATURE'),
    ],
    // Without it the answer is 200 before the command has run.
    'include-command-output-in-response': true,
  };
}

/** It has no way to say which port it took. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
