import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  type Answer,
  PracticeReceiver,
  type PracticeReceiverOptions,
} from '../../src/practice/receiver.ts';
import { FakeClock } from '../support/fake-clock.ts';

async function openReceiver(
  t: { after(hook: () => Promise<void>): void },
  options: PracticeReceiverOptions = {},
): Promise<{ receiver: PracticeReceiver; clock: FakeClock }> {
  const clock = new FakeClock();
  const receiver = await PracticeReceiver.open({ clock, ...options });
  t.after(() => receiver.close());
  return { receiver, clock };
}

interface Posting {
  readonly path?: string;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

/** Resolves at the head of the answer. */
function post(
  receiver: PracticeReceiver,
  { path = '/hook', body = '{}', headers = {}, agent }: Posting = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(receiver.url + path, { method: 'POST', headers, agent: agent ?? false }, resolve)
      .on('error', reject)
      .end(body);
  });
}

/** All that comes over the socket for one POST, until the receiver ends it. */
async function rawPost(receiver: PracticeReceiver): Promise<string> {
  const socket = connect(Number(new URL(receiver.url).port), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}

test('remembers what came, byte for byte, and answers 204', async (t) => {
  const { receiver, clock } = await openReceiver(t);
  const headers = { 'webhook-id': 'ev1', 'loghook-route': 'siem', 'loghook-attempt': '3' };

  const response = await post(receiver, { path: '/a?b=c', body: Buffer.from([0, 255]), headers });

  assert.equal(response.statusCode, 204);
  const [received] = receiver.received;
  assert.deepEqual(
    { ...received, headers: received?.headers['webhook-id'] },
    {
      id: 'ev1',
      route: 'siem',
      attempt: 3,
      method: 'POST',
      path: '/a?b=c',
      headers: 'ev1',
      body: Buffer.from([0, 255]),
      at: clock.now(),
      connection: 1,
      status: 204,
    },
  );
});

test('takes requests without the headers of loghook', async (t) => {
  const { receiver } = await openReceiver(t);

  await post(receiver, { headers: { 'loghook-attempt': 'many' } });

  const [{ id, route, attempt } = { id: '', route: '', attempt: 0 }] = receiver.received;
  assert.deepEqual([id, route, attempt], [undefined, undefined, undefined]);
});

test('keeps no bodies when told not to', async (t) => {
  const { receiver } = await openReceiver(t, { keepBodies: false });

  await post(receiver, { body: 'x'.repeat(100_000) });

  assert.equal(receiver.received[0]?.body.length, 0);
});

test('remembers only the newest requests when told to', async (t) => {
  const { receiver } = await openReceiver(t, { keepRequests: 2 });

  for (const id of ['a', 'b', 'c']) await post(receiver, { headers: { 'webhook-id': id } });

  assert.deepEqual(
    receiver.received.map(({ id }) => id),
    ['b', 'c'],
  );
  assert.equal(receiver.accepted, 3);
});

test('says when so many requests have been answered 2xx', async (t) => {
  const statuses = [500, 200, 404, 299, 300];
  const { receiver } = await openReceiver(t, {
    answer: () => ({ status: statuses.shift() ?? 204 }),
  });
  let told = false;
  const waiting = receiver.waitFor(3).then(() => {
    told = true;
  });

  for (let n = 0; n < 5; n += 1) await post(receiver);
  const before = [told, receiver.accepted];
  await post(receiver);
  await waiting;
  await receiver.waitFor(1);

  assert.deepEqual(before, [false, 2]);
  assert.equal(receiver.received.length, 6);
});

test('tells listeners of each request until they have enough', async (t) => {
  const { receiver } = await openReceiver(t);
  const ids: (string | undefined)[] = [];
  const stop = receiver.onReceived(({ id }) => ids.push(id));

  await post(receiver, { headers: { 'webhook-id': 'a' } });
  stop();
  await post(receiver, { headers: { 'webhook-id': 'b' } });

  assert.deepEqual(ids, ['a']);
});

test('answers as a function of the request, which may take its time or be exchanged', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: async ({ path }) => ({ status: path === '/ok' ? 200 : 503 }),
  });

  const [ok, bad] = [await post(receiver, { path: '/ok' }), await post(receiver)];
  receiver.answer = () => ({ status: 201, body: 'made' });
  const made = await post(receiver);

  assert.deepEqual([ok.statusCode, bad.statusCode, made.statusCode], [200, 503, 201]);
  assert.equal((await buffer(made)).toString(), 'made');
});

test('answers any status', async (t) => {
  let status = 199;
  const { receiver } = await openReceiver(t, { answer: () => ({ status }) });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  for (status = 200; status < 600; status += 1) {
    const response = await post(receiver, { agent });
    response.resume();
    assert.equal(response.statusCode, status);
    await once(response, 'end');
  }

  assert.equal(receiver.received.at(-1)?.connection, 1);
  agent.destroy();
});

for (const status of [302, 307]) {
  test(`answers ${status} with its Location, and Retry-After as it is given`, async (t) => {
    const { receiver } = await openReceiver(t, {
      answer: () => ({
        status,
        headers: { Location: 'http://127.0.0.1:9/elsewhere', 'Retry-After': ['-5', '1.5'] },
      }),
    });

    const { headersDistinct } = await post(receiver);

    assert.deepEqual(headersDistinct.location, ['http://127.0.0.1:9/elsewhere']);
    assert.deepEqual(headersDistinct['retry-after'], ['-5', '1.5']);
  });
}

test('delayMs: waits by its clock before the status line', async (t) => {
  const { receiver, clock } = await openReceiver(t, {
    answer: () => ({ status: 200, delayMs: 20_000 }),
  });

  const pending = post(receiver);
  await clock.untilSomethingWaits();
  const accepted = receiver.accepted;
  await clock.advance(20_000);

  assert.equal(accepted, 0);
  assert.equal((await pending).statusCode, 200);
});

for (const kind of ['reset', 'close'] as const) {
  test(`${kind}: cuts the connection instead of answering`, async (t) => {
    const { receiver } = await openReceiver(t, { answer: () => ({ kind }) });

    await assert.rejects(post(receiver), { code: 'ECONNRESET' });

    assert.equal(receiver.received.length, 1);
    assert.equal(receiver.received[0]?.status, undefined);
  });
}

test('reset: is a RST, close: is a FIN', async (t) => {
  const { receiver } = await openReceiver(t, { answer: () => ({ kind: 'close' }) });

  assert.equal(await rawPost(receiver), '');
  receiver.answer = () => ({ kind: 'reset' });
  await assert.rejects(rawPost(receiver), { code: 'ECONNRESET' });
});

test('reset-if-reused: answers on a fresh connection, cuts one that it has used', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'reset-if-reused', status: 200 }),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  const first = await post(receiver, { agent });
  first.resume();
  await once(first, 'end');
  await assert.rejects(post(receiver, { agent }), { code: 'ECONNRESET' });

  assert.equal(first.statusCode, 200);
  assert.deepEqual(
    receiver.received.map(({ connection }) => connection),
    [1, 1],
  );
  agent.destroy();
});

test('hang: never answers, until the receiver is closed', async (t) => {
  const { receiver } = await openReceiver(t, { answer: () => ({ kind: 'hang' }) });
  const arrived = new Promise((resolve) => receiver.onReceived(resolve));

  const rejected = assert.rejects(post(receiver), { code: 'ECONNRESET' });
  await arrived;
  await receiver.close();

  await rejected;
});

test('status-then-reset: the status arrives, the body breaks', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'status-then-reset', status: 200 }),
  });

  const response = await post(receiver);

  assert.equal(response.statusCode, 200);
  await assert.rejects(buffer(response), { code: 'ECONNRESET' });
  assert.equal(receiver.accepted, 1);
});

test('status-then-hang: the status arrives and counts, the body never comes', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'status-then-hang', status: 202 }),
  });

  const response = await post(receiver);
  await receiver.waitFor(1);

  assert.equal(response.statusCode, 202);
  assert.equal(response.complete, false);
  response.destroy();
});

test('slow-headers: sends the head one character at a time', async (t) => {
  const { receiver, clock } = await openReceiver(t, {
    answer: () => ({ kind: 'slow-headers', status: 200, stepMs: 1000 }),
  });

  let status: number | undefined;
  const pending = post(receiver).then((response) => {
    status = response.statusCode;
  });
  await clock.untilSomethingWaits();
  const early = [status, receiver.accepted];
  while (receiver.accepted === 0) {
    await clock.untilSomethingWaits();
    await clock.advance(1000);
  }
  await pending;

  assert.deepEqual(early, [undefined, 0]);
  assert.equal(status, 200);
});

test('slow-body: sends the head at once and the body one character at a time', async (t) => {
  const { receiver, clock } = await openReceiver(t, {
    answer: () => ({ kind: 'slow-body', status: 200, stepMs: 1000, body: 'ab' }),
  });

  const response = await post(receiver);
  await receiver.waitFor(1);
  const body = buffer(response);
  for (let n = 0; n < 2; n += 1) {
    await clock.untilSomethingWaits();
    await clock.advance(1000);
  }

  assert.equal((await body).toString(), 'ab');
});

test('big-body: sends as many bytes as were asked for', async (t) => {
  const bytes = 3 * 1024 * 1024 + 5;
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'big-body', status: 200, bytes }),
  });

  const response = await post(receiver);

  assert.equal((await buffer(response)).length, bytes);
});

test('big-body: stops when nobody reads it any more', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'big-body', status: 200, bytes: 1024 ** 3 }),
  });

  const response = await post(receiver);
  response.destroy();
  await receiver.waitFor(1);
  receiver.answer = () => ({ status: 204 });

  assert.equal((await post(receiver)).statusCode, 204);
});

test('gzip-bomb: a few bytes that inflate to many', async (t) => {
  const bytes = 8 * 1024 * 1024;
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'gzip-bomb', status: 200, bytes }),
  });

  const response = await post(receiver);
  const body = await buffer(response);

  assert.equal(response.headers['content-encoding'], 'gzip');
  assert.ok(body.length < bytes / 500);
  assert.equal(gunzipSync(body).length, bytes);
});

test('cut-gzip: a complete answer whose gzip is cut', async (t) => {
  const { receiver } = await openReceiver(t, { answer: () => ({ kind: 'cut-gzip', status: 200 }) });

  const body = await buffer(await post(receiver));

  assert.throws(() => gunzipSync(body), { code: 'Z_BUF_ERROR' });
  assert.equal(receiver.accepted, 1);
});

test('http-1.0: answers without a length and ends with the connection', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'http-1.0', status: 200, body: 'old' }),
  });

  const response = await post(receiver);

  assert.equal(response.httpVersion, '1.0');
  assert.equal((await buffer(response)).toString(), 'old');
});

test('raw: sends any bytes in the place of HTTP', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => ({ kind: 'raw', bytes: 'SSH-2.0-practice\r\n' }),
  });

  assert.equal(await rawPost(receiver), 'SSH-2.0-practice\r\n');
  await assert.rejects(post(receiver), /Parse Error/);
});

test('cuts the connection when the test’s own answer throws', async (t) => {
  const { receiver } = await openReceiver(t, {
    answer: () => {
      throw new Error('a mistake in a test');
    },
  });

  await assert.rejects(post(receiver), { code: 'ECONNRESET' });
});

const WAITING: readonly Answer[] = [
  { status: 200, delayMs: 1000 },
  { kind: 'slow-headers', status: 200, stepMs: 1000 },
  { kind: 'slow-body', status: 200, stepMs: 1000 },
];
for (const answer of WAITING) {
  test(`leaves no timer behind when it is closed during ${answer.kind ?? 'delayMs'}`, async (t) => {
    const { receiver, clock } = await openReceiver(t, { answer: () => answer });
    const ended = post(receiver).then((response) => buffer(response));
    const rejected = assert.rejects(ended);
    await clock.untilSomethingWaits();

    await Promise.all([receiver.close(), receiver.close()]);
    await rejected;

    assert.equal(clock.nextTimerMs(), undefined);
  });
}
