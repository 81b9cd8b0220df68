/** Requests through a real proxy: tunnels for https, absolute form for http, and the proxy's own faults. */
import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { type Request, Sender } from '../../src/delivery/attempt.ts';
import type { ConnectorOptions } from '../../src/delivery/connector.ts';
import { type Answer, outcomeOf } from '../../src/delivery/outcome.ts';
import type { Target } from '../../src/delivery/target.ts';
import { PracticeReceiver } from '../../src/practice/receiver.ts';
import { Authority } from '../support/certificates.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { openProxy } from '../support/proxy.ts';
import { openTlsReceiver } from '../support/tls-receiver.ts';

const authority = new Authority();
after(() => authority.close());
const identity = authority.issue(['DNS:receiver.test']);
const tls = { ca: authority.cert };

function requestTo(target: Target): Request {
  return {
    target,
    ...{ method: 'POST', path: '/hook?SECRET', headers: ['authorization', 'SECRET'] },
    body: Buffer.from('{"n":39.0}'),
  };
}

function openSender(t: TestContext, options?: Omit<ConnectorOptions, 'clock'>) {
  const clock = new FakeClock();
  const sender = new Sender(clock, options);
  t.after(() => sender.close());
  return { clock, send: (target: Target) => sender.send(requestTo(target)) };
}

async function openReceiver(t: TestContext): Promise<PracticeReceiver> {
  const receiver = await PracticeReceiver.open();
  t.after(() => receiver.close());
  return receiver;
}

function assertDelivered(answer: Answer): void {
  assert.equal(outcomeOf(answer).kind, 'delivered', JSON.stringify(answer));
}

test('reaches https through a tunnel, of which the proxy knows host and port alone', async (t) => {
  const receiver = await openTlsReceiver(t, identity);
  const proxy = await openProxy(t, { ports: { 'receiver.test': receiver.port } });
  const { send } = openSender(t);
  const target = { origin: 'https://receiver.test', proxy: proxy.url, tls };

  const first = await send(target);
  const second = await send(target);

  assertDelivered(first);
  assertDelivered(second);
  assert.deepEqual(proxy.asked, ['CONNECT receiver.test:443']);
  assert.doesNotMatch(proxy.seen.join(), /SECRET|hook/);
  assert.equal(receiver.received.length, 2);
  assert.equal(receiver.received[0]?.servername, 'receiver.test');
  assert.equal(receiver.received[0]?.headers.host, 'receiver.test');
  assert.ok('trace' in first && first.trace?.tlsMs !== undefined);
});

test('reaches http by asking the proxy for it, as it stands', async (t) => {
  const receiver = await openReceiver(t);
  const proxy = await openProxy(t);
  const { send } = openSender(t);
  const target = { origin: receiver.url, proxy: proxy.url };

  for (let count = 0; count < 3; count += 1) assertDelivered(await send(target));

  assert.deepEqual(new Set(proxy.asked), new Set([`POST ${receiver.url}/hook?SECRET`]));
  const [received] = receiver.received;
  assert.equal(received?.path, '/hook?SECRET');
  assert.equal(received?.headers.host, new URL(receiver.url).host);
  assert.equal(received?.body.toString(), '{"n":39.0}');
});

test('tells its credentials to the proxy, and to nobody behind it', async (t) => {
  const receiver = await openTlsReceiver(t, identity);
  const plain = await openReceiver(t);
  const ports = { 'receiver.test': receiver.port };
  const proxy = await openProxy(t, { credentials: 'us%40er:pass', ports });
  proxy.url.username = 'us%2540er';
  const { send } = openSender(t);

  assertDelivered(await send({ origin: 'https://receiver.test', proxy: proxy.url, tls }));
  assertDelivered(await send({ origin: plain.url, proxy: proxy.url }));

  assert.equal(proxy.asked.length, 2);
  assert.equal(receiver.received[0]?.headers['proxy-authorization'], undefined);
  assert.equal(plain.received[0]?.headers['proxy-authorization'], undefined);
});

test('speaks TLS with a proxy that asks for it, and tunnels TLS through it', async (t) => {
  const receiver = await openTlsReceiver(t, identity);
  const proxy = await openProxy(t, { tls: authority.issue(['IP:127.0.0.1']) });
  const { send } = openSender(t);

  const answer = await send({ origin: 'https://receiver.test', proxy: proxy.url, tls });

  // Its certificate is of an authority that only this test knows: whoever believed it would have got through.
  assert.ok(answer.kind === 'unreachable');
  assert.match(answer.why, new RegExp(`^the proxy ${proxy.url.host}: certificate issuer unknown`));
  assert.equal(receiver.received.length, 0);
  assert.deepEqual(proxy.asked, []);
});

test('asks the environment’s proxy where the route names none, and none where it says so', async (t) => {
  const receiver = await openReceiver(t);
  const proxy = await openProxy(t);
  const other = await openProxy(t);
  const { send } = openSender(t, { proxyFor: () => proxy.url });

  assertDelivered(await send({ origin: receiver.url }));
  assert.deepEqual([proxy.asked.length, other.asked.length], [1, 0]);
  assertDelivered(await send({ origin: receiver.url, proxy: 'none' }));
  assert.deepEqual([proxy.asked.length, other.asked.length], [1, 0]);
  assertDelivered(await send({ origin: receiver.url, proxy: other.url }));
  assert.deepEqual([proxy.asked.length, other.asked.length], [1, 1]);
});

test('does not ask a proxy for an address that is never connected to', async (t) => {
  const proxy = await openProxy(t);
  const { send } = openSender(t);
  const origins = ['http://169.254.169.254', 'https://[fd00:ec2::254]', 'http://[::ffff:a9fe:1]'];

  for (const origin of origins) {
    const answer = await send({ origin, proxy: proxy.url });
    assert.ok(answer.kind === 'unreachable');
    assert.match(answer.why, /is never connected to/);
  }
  const answer = await send({ origin: 'http://10.1.2.3', proxy: proxy.url, publicOnly: true });

  assert.ok(answer.kind === 'unreachable');
  assert.match(answer.why, /private/);
  assert.deepEqual(proxy.asked, []);
});

for (const [origin, publicOnly, why] of [
  ['http://metadata.google.internal', false, /cloud metadata/],
  ['https://METADATA.google.internal.', false, /cloud metadata/],
  ['http://localhost:1', true, /loopback/],
  ['https://any.localhost', true, /loopback/],
] as const) {
  test(`does not ask a proxy for ${origin}, whose address everybody knows`, async (t) => {
    const proxy = await openProxy(t);
    const { send } = openSender(t);

    const answer = await send({ origin, proxy: proxy.url, publicOnly });

    assert.ok(answer.kind === 'unreachable', JSON.stringify(answer));
    assert.match(answer.why, why);
    assert.deepEqual(proxy.asked, []);
  });
}

test('does not take cloud metadata for a proxy', async (t) => {
  const { send } = openSender(t);

  const answer = await send({
    origin: 'https://receiver.test',
    proxy: new URL('http://u:SECRET@169.254.169.254:3128'),
  });

  assert.ok(answer.kind === 'unreachable');
  assert.equal(
    answer.why,
    'the proxy 169.254.169.254:3128: 169.254.169.254 is never connected to (cloud metadata)',
  );
});

test('leaves the names behind a proxy to the proxy', async (t) => {
  const receiver = await openTlsReceiver(t, identity);
  const proxy = await openProxy(t, { ports: { 'receiver.test': receiver.port } });
  const lookup = () => assert.fail('looked up');
  const { send } = openSender(t, { lookup });

  assertDelivered(await send({ origin: 'https://receiver.test', proxy: proxy.url, tls }));
});

const REFUSALS: readonly (readonly [origin: string, status: number, why: string])[] = [
  ['https://receiver.test', 407, 'wants other credentials (407)'],
  ['http://receiver.test', 407, 'wants other credentials (407)'],
  ['https://receiver.test', 403, 'does not let us connect there (403)'],
  ['https://receiver.test', 502, 'could not reach the receiver (502)'],
  ['https://receiver.test', 503, 'could not reach the receiver (503)'],
  ['https://receiver.test', 302, 'refused a tunnel to the receiver (302)'],
  ['https://receiver.test', 501, 'refused a tunnel to the receiver (501)'],
  ['https://receiver.test', 500, 'could not reach the receiver (500)'],
  ['https://receiver.test', 401, 'wants other credentials (401)'],
];

for (const [origin, status, words] of REFUSALS) {
  test(`a ${status} of the proxy on the way to ${origin} is the route's trouble`, async (t) => {
    const proxy = await openProxy(t, { status });
    proxy.url.username = 'SECRETUSER';
    proxy.url.password = 'SECRETPASSWORD';
    const { send } = openSender(t);

    const answer = await send({ origin, proxy: proxy.url });

    assert.ok(answer.kind === 'unreachable', JSON.stringify(answer));
    assert.equal(answer.why, `the proxy ${proxy.url.host} ${words}`);
    assert.doesNotMatch(JSON.stringify(answer), /SECRET/);
  });
}

test('a proxy that asks for credentials and gets none is the route’s trouble', async (t) => {
  const proxy = await openProxy(t, { credentials: 'user:pass' });
  const { send } = openSender(t);
  const { host } = proxy.url;

  for (const origin of ['https://receiver.test', 'http://receiver.test']) {
    const answer = await send({ origin, proxy: new URL(`http://${host}`) });
    assert.ok(answer.kind === 'unreachable', JSON.stringify(answer));
    assert.equal(answer.why, `the proxy ${host} wants other credentials (407)`);
  }
});

test('a proxy that is not there is named', async (t) => {
  const { send } = openSender(t);

  for (const origin of ['https://receiver.test', 'http://receiver.test']) {
    const answer = await send({ origin, proxy: new URL('http://SECRET:SECRET@127.0.0.1:1') });
    assert.ok(answer.kind === 'unreachable');
    assert.equal(answer.why, 'the proxy 127.0.0.1:1: connection refused (ECONNREFUSED)');
  }
});

test('a proxy that never answers CONNECT has 5 s, and is let go of', async (t) => {
  const proxy = await openProxy(t, { hangs: true });
  const { send, clock } = openSender(t);
  const answered = send({ origin: 'https://receiver.test', proxy: proxy.url });
  while (proxy.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));

  await clock.advance(5_000);

  const answer = await answered;
  assert.ok(answer.kind === 'unreachable');
  assert.equal(answer.why, `no connection through the proxy ${proxy.url.host} within 5 s`);
});

test('a proxy that takes a request and never answers it has 15 s', async (t) => {
  const proxy = await openProxy(t, { hangs: true });
  const { send, clock } = openSender(t);
  const answered = send({ origin: 'http://receiver.test', proxy: proxy.url });
  while (proxy.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));

  await clock.advance(15_000);

  assert.equal((await answered).kind, 'unanswered');
});

test('a receiver’s certificate is checked behind a proxy too', async (t) => {
  const receiver = await openTlsReceiver(t, authority.issue(['DNS:other.test']));
  const proxy = await openProxy(t, { ports: { 'receiver.test': receiver.port } });
  const { send } = openSender(t);

  const answer = await send({ origin: 'https://receiver.test', proxy: proxy.url, tls });

  assert.ok(answer.kind === 'unreachable');
  assert.match(answer.why, /^certificate is for another host name/);
  assert.equal(receiver.received.length, 0);
});
