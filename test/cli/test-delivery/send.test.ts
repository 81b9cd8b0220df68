/** What a test of a route sends over real sockets, and what it says of each way that can end. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testDocument, testLines } from '../../../src/cli/test-delivery/report.ts';
import { sendTest } from '../../../src/cli/test-delivery/send.ts';
import { testEvent } from '../../../src/cli/test-delivery/test-event.ts';
import { SystemClock } from '../../../src/clock.ts';
import { parseDestination, type Route, type RouteOptions } from '../../../src/routing/route.ts';
import { openReceiver } from '../../support/loghook.ts';
import { verifies } from '../../support/verifies.ts';

const KEY = Buffer.alloc(32, 'S3CRET-key');
const SECRET = `whsec_${KEY.toString('base64')}`;

function routeTo(url: string, options: RouteOptions = {}): Route {
  const destination = parseDestination(url);
  if ('error' in destination) throw new Error(destination.error);
  return { ...destination, name: 'siem', patterns: ['^user\\.'], ...options };
}

async function tested(route: Route, proxy?: URL) {
  const clock = new SystemClock();
  const { event, notes } = testEvent(route, {}, clock.now());
  const proxyFor = () => proxy;
  const sent = await sendTest({ route, event, clock, proxyFor, userAgent: 'loghook/test' });
  const whole = { ...sent, notes };
  const text = testLines(whole).join('\n');
  assert.doesNotMatch(`${text}${JSON.stringify(testDocument(whole))}`, /S3CRET/);
  return { ...whole, text };
}

async function deadPort(t: TestContext): Promise<string> {
  const receiver = await openReceiver(t);
  await receiver.close();
  return receiver.url;
}

test('is signed as deliveries are, so that a receiver verifies it', async (t) => {
  const receiver = await openReceiver(t);
  const secrets = [{ key: Buffer.alloc(32, 'new') }, { key: KEY, until: Date.now() + 60_000 }];

  const { signature, text } = await tested(routeTo(receiver.url, { secrets }));

  const [request] = receiver.received;
  assert.ok(request);
  assert.ok(verifies(request, SECRET));
  assert.equal(signature, 'verifies');
  assert.match(text, /^signed {4}signed, verifies \(2 secrets\)$/m);
  assert.match(text, /webhook-signature: …/);
});

test('says that it is not signed when the time of every secret is over', async (t) => {
  const receiver = await openReceiver(t);
  const secrets = [{ key: KEY, until: Date.now() - 1 }];

  const { signature, text } = await tested(routeTo(receiver.url, { secrets }));

  assert.equal(signature, 'expired');
  assert.equal(receiver.received[0]?.headers['webhook-signature'], undefined);
  assert.match(text, /the time of all the route's secrets is over/);
});

test('goes with the method and headers of the route, and shows no value of them', async (t) => {
  const receiver = await openReceiver(t);
  const headers = [
    ['x-api-key', 'S3CRET-header'],
    ['Content-Type', 'application/S3CRET'],
  ] as const;

  const { text } = await tested(routeTo(receiver.url, { method: 'PUT', headers }));

  const [request] = receiver.received;
  assert.equal(request?.method, 'PUT');
  assert.equal(request?.headers['x-api-key'], 'S3CRET-header');
  assert.match(text, /PUT http:\/\/127/);
  assert.match(text, /x-api-key: …/);
});

test('shows the first 200 bytes of the answer without what the receiver repeats', async (t) => {
  const receiver = await openReceiver(t);
  receiver.answer = ({ headers }) => ({
    status: 500,
    body: `${headers['x-key']} ${'y'.repeat(300)}`,
  });
  const route = routeTo(receiver.url, { headers: [['x-key', 'S3CRET-header']] });

  const { head, text } = await tested(route);

  assert.equal(head, `… ${'y'.repeat(200 - Buffer.byteLength('… '))}`);
  assert.match(text, /500 internal server error {2}\(connect .* ms, first byte .* ms\)/);
});

interface Ending {
  readonly name: string;
  readonly url: (t: TestContext) => Promise<string>;
  readonly options?: RouteOptions;
  readonly proxy?: (t: TestContext) => Promise<string>;
  readonly verdict: RegExp;
}

const ENDINGS: readonly Ending[] = [
  {
    name: 'a refused connection',
    url: deadPort,
    verdict: /^not reached: two such attempts would hold the route/,
  },
  {
    name: 'an address that publicOnly forbids',
    url: async (t) => (await openReceiver(t)).url.replace('127.0.0.1', 'localhost'),
    options: { publicOnly: true },
    verdict: /^blocked by the address rule, nothing was sent/,
  },
  {
    name: 'a proxy that is gone',
    url: async () => 'http://h.example/',
    proxy: async (t) => (await deadPort(t)).replace('://', '://S3CRET:S3CRET-pass@'),
    verdict: /^the proxy stood in the way/,
  },
  {
    name: 'plain http where TLS is wanted',
    url: async (t) => (await openReceiver(t)).url.replace('http:', 'https:'),
    verdict: /^not reached/,
  },
];

for (const { name, url, options, proxy, verdict } of ENDINGS) {
  test(`says what becomes of ${name}`, async (t) => {
    const through = proxy === undefined ? undefined : new URL(await proxy(t));

    const { judgement } = await tested(routeTo(await url(t), options), through);

    assert.match(judgement.verdict, verdict);
    assert.equal(judgement.delivered, false);
  });
}

test('an alerts route gets an event of loghook', async (t) => {
  const receiver = await openReceiver(t);

  const { event, notes } = await tested({ ...routeTo(receiver.url), patterns: [] });

  assert.equal(event?.eventType, 'loghook.route.held');
  assert.deepEqual(notes, []);
});

test('takes a type that the route wants, else says that it wants none', () => {
  const wanted = testEvent({ ...routeTo('http://h/'), patterns: ['^zone\\.'] }, {}, 0);
  const unwanted = testEvent({ ...routeTo('http://h/'), patterns: ['^zzz'] }, {}, 0);

  assert.match(wanted.event.eventType ?? '', /^zone\./);
  assert.deepEqual(wanted.notes, []);
  assert.equal(unwanted.event.eventType, 'user.session.start');
  assert.match(unwanted.notes.join(), /wants none of the event types known here/);
});
