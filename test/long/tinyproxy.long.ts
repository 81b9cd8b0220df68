/** Deliveries through a proxy that somebody else wrote: Debian's tinyproxy. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { Sender } from '../../src/delivery/attempt.ts';
import { type Outcome, outcomeOf } from '../../src/delivery/outcome.ts';
import type { Target } from '../../src/delivery/target.ts';
import { PracticeReceiver } from '../../src/practice/receiver.ts';
import { Authority } from '../support/certificates.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { openTlsReceiver } from '../support/tls-receiver.ts';
import { requireTool } from '../support/tools.ts';

const authority = new Authority();
after(() => authority.close());
const tls = { ca: authority.cert };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  server.close();
  await once(server, 'close');
  return port;
}

/** Its URL, with the right credentials. */
async function openTinyproxy(t: TestContext, lines: readonly string[]): Promise<URL> {
  requireTool('tinyproxy', 'tinyproxy');
  const port = await freePort();
  const file = join(tempFolder(t), 'tinyproxy.conf');
  const always = [`Port ${port}`, 'Listen 127.0.0.1', 'BasicAuth user pass', 'Timeout 60'];
  writeFileSync(file, [...always, ...lines, ''].join('\n'));
  const child = spawn('tinyproxy', ['-d', '-c', file], { stdio: 'ignore' });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  while (!(await listens(port))) assert.equal(child.exitCode, null, 'tinyproxy ended');
  return new URL(`http://user:pass@127.0.0.1:${port}`);
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}

function openSender(t: TestContext): (target: Target) => Promise<Outcome> {
  const sender = new Sender(new SystemClock());
  t.after(() => sender.close());
  return async (target) =>
    outcomeOf(
      await sender.send({
        target,
        ...{ method: 'POST', path: '/hook?a=1', headers: ['webhook-id', 'e1'] },
        body: Buffer.from('{"n":39.0}'),
      }),
    );
}

test('delivers over https through a tunnel, and keeps it', async (t) => {
  const receiver = await openTlsReceiver(t, authority.issue(['IP:127.0.0.1']));
  const proxy = await openTinyproxy(t, []);
  const send = openSender(t);
  const target = { origin: `https://127.0.0.1:${receiver.port}`, proxy, tls };

  for (let count = 0; count < 5; count += 1) assert.equal((await send(target)).kind, 'delivered');

  assert.equal(receiver.received.length, 5);
  assert.equal(receiver.received[0]?.headers.via, undefined);
});

test('delivers over http, byte for byte', async (t) => {
  const receiver = await PracticeReceiver.open();
  t.after(() => receiver.close());
  const proxy = await openTinyproxy(t, []);
  const send = openSender(t);

  for (let count = 0; count < 5; count += 1) {
    assert.equal((await send({ origin: receiver.url, proxy })).kind, 'delivered');
  }

  assert.deepEqual(
    receiver.received.map(({ path, id, body }) => [path, id, body.toString()]),
    Array(5).fill(['/hook?a=1', 'e1', '{"n":39.0}']),
  );
  assert.match(String(receiver.received[0]?.headers.via), /tinyproxy/);
});

test('names it when it wants other credentials, forbids the port or cannot get through', async (t) => {
  const proxy = await openTinyproxy(t, ['ConnectPort 443']);
  const receiver = await openTlsReceiver(t, authority.issue(['IP:127.0.0.1']));
  const send = openSender(t);
  const stranger = new URL(proxy);
  stranger.password = 'SECRET';
  const nobody = new URL(`http://${proxy.host}`);
  const https = `https://127.0.0.1:${receiver.port}`;
  const cases: readonly (readonly [target: Target, words: RegExp])[] = [
    [{ origin: https, proxy: stranger, tls }, / wants other credentials \(40[17]\)$/],
    [{ origin: https, proxy: nobody, tls }, / wants other credentials \(407\)$/],
    [{ origin: 'http://127.0.0.1:9', proxy: nobody }, / wants other credentials \(407\)$/],
    [{ origin: https, proxy, tls }, / does not let us connect there \(403\)$/],
    [{ origin: 'https://127.0.0.1', proxy, tls }, / could not reach the receiver \(50\d\)$/],
  ];

  for (const [target, words] of cases) {
    const outcome = await send(target);
    assert.ok(outcome.kind === 'unreachable', JSON.stringify(outcome));
    assert.match(outcome.why, new RegExp(`^the proxy ${proxy.host}`));
    assert.match(outcome.why, words);
    assert.doesNotMatch(outcome.why, /SECRET/);
  }
});
