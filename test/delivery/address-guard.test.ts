/** Where a request may go, checked on real sockets: what must not be dialled is dialled by nobody. */
import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Request, Sender } from '../../src/delivery/attempt.ts';
import { type Answer, outcomeOf } from '../../src/delivery/outcome.ts';
import type { Target } from '../../src/delivery/target.ts';
import { PracticeReceiver } from '../../src/practice/receiver.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';

function requestTo(target: Target): Request {
  return { target, method: 'POST', path: '/hook', headers: [], body: Buffer.from('{}') };
}

type Names = (asked: number) => readonly string[] | string;

/** A name server of our own: what it says to the nth question; a text is the code of an error. */
function lookupOf(names: Names): LookupFunction & { readonly asked: () => number } {
  let asked = 0;
  const lookup: LookupFunction = (hostname, options, answer) => {
    asked += 1;
    const found = names(asked);
    if (typeof found === 'string') {
      const error = new Error(`${hostname} SECRET`);
      process.nextTick(() => answer(Object.assign(error, { code: found }), ''));
      return;
    }
    const addresses = found.map(
      (address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 }),
    );
    assert.equal(options.all, true);
    process.nextTick(() => answer(null, addresses));
  };
  return Object.assign(lookup, { asked: () => asked });
}

interface Bench {
  readonly receiver: PracticeReceiver;
  readonly lookup: ReturnType<typeof lookupOf>;
  send(target?: Partial<Target>): Promise<Answer>;
}

/** A receiver on 127.0.0.1 behind the name `receiver.test`. */
async function open(t: TestContext, names: Names, host = '127.0.0.1'): Promise<Bench> {
  const clock = new FakeClock();
  const receiver = await PracticeReceiver.open({ clock, host });
  const lookup = lookupOf(names);
  const sender = new Sender(clock, { lookup });
  t.after(() => Promise.all([sender.close(), receiver.close()]));
  const origin = `http://receiver.test:${new URL(receiver.url).port}`;
  return { receiver, lookup, send: (target) => sender.send(requestTo({ origin, ...target })) };
}

function assertNeverLeft(answer: Answer, why: string, fault = 'blocked'): void {
  assert.ok(answer.kind === 'unreachable', answer.kind);
  assert.equal(answer.why, why);
  const outcome = outcomeOf(answer);
  assert.ok(outcome.kind === 'unreachable'); // the route's trouble: no event is charged for it
  assert.equal(outcome.fault, fault);
}

const LITERALS = [
  'http://169.254.169.254',
  'http://0xa9fea9fe',
  'https://[::ffff:169.254.169.254]',
  'http://[fd00:ec2::254]',
];

for (const origin of LITERALS) {
  test(`refuses ${origin} without asking anybody`, async (t) => {
    const { send, lookup } = await open(t, () => []);
    const address = new URL(origin).hostname.replace(/[[\]]/g, '');

    const answer = await send({ origin: new URL(origin).origin });

    assertNeverLeft(answer, `${address} is never connected to (cloud metadata)`);
    assert.equal(lookup.asked(), 0);
  });
}

test('reaches a private address by name, at the address that was checked', async (t) => {
  const { send, receiver, lookup } = await open(t, () => ['127.0.0.1']);

  const answer = await send();

  assert.equal(answer.kind, 'answered');
  assert.equal(receiver.received.length, 1);
  assert.equal(lookup.asked(), 1);
});

test('asks for a name once a connection, so that a name server cannot change its mind', async (t) => {
  const names: Names = (asked) => (asked === 1 ? ['127.0.0.1'] : ['169.254.169.254']);
  const { send, receiver, lookup } = await open(t, names);

  await send();
  await send();

  assert.equal(receiver.received.length, 2);
  assert.equal(lookup.asked(), 1);
  receiver.answer = () => ({ kind: 'close' }); // so that the next one needs a connection of its own
  assertNeverLeft(await send(), '169.254.169.254 is never connected to (cloud metadata)');
  assert.equal(lookup.asked(), 2);
});

const MIXED: readonly (readonly [found: string[], target: Partial<Target>, why: string])[] = [
  [['127.0.0.1', '169.254.169.254'], {}, '169.254.169.254 is never connected to (cloud metadata)'],
  [['169.254.169.254', '127.0.0.1'], {}, '169.254.169.254 is never connected to (cloud metadata)'],
  [['127.0.0.1', 'fe80::1'], {}, 'fe80::1 is never connected to (link-local)'],
  [
    ['127.0.0.1', '::ffff:a9fe:a9fe'],
    {},
    '::ffff:a9fe:a9fe is never connected to (cloud metadata)',
  ],
  [['0.0.0.0'], {}, '0.0.0.0 is never connected to (unspecified)'],
  [['127.0.0.1'], { publicOnly: true }, '127.0.0.1 is refused (loopback): the route is publicOnly'],
  [
    ['8.8.8.8', '10.0.0.7'],
    { publicOnly: true },
    '10.0.0.7 is refused (private): the route is publicOnly',
  ],
];

for (const [found, target, why] of MIXED) {
  test(`refuses a name that stands for ${found}: ${why}`, async (t) => {
    const { send, receiver } = await open(t, () => found);

    assertNeverLeft(await send(target), why);

    assert.equal(receiver.received.length, 0);
  });
}

test('refuses a loopback literal to a route that is publicOnly', async (t) => {
  const { send, receiver } = await open(t, () => []);

  const answer = await send({ origin: receiver.url, publicOnly: true });

  assertNeverLeft(answer, '127.0.0.1 is refused (loopback): the route is publicOnly');
  assert.equal(receiver.received.length, 0);
});

test('reaches a name that has an IPv6 address only', async (t) => {
  const probe = await PracticeReceiver.open({ host: '::1' }).catch(() => undefined);
  if (probe === undefined) return t.skip('no IPv6 here');
  await probe.close();
  const { send, receiver } = await open(t, () => ['::1'], '::1');

  assert.equal((await send()).kind, 'answered');

  assert.equal(receiver.received.length, 1);
});

test('tries the next address where the first refuses', async (t) => {
  const { send, receiver } = await open(t, () => ['::1', '127.0.0.1']);

  assert.equal((await send()).kind, 'answered');

  assert.equal(receiver.received.length, 1);
});

for (const [code, why] of [
  ['ENOTFOUND', 'host name not found (ENOTFOUND)'],
  ['EAI_AGAIN', 'host name could not be looked up (EAI_AGAIN)'],
] as const) {
  test(`a name that fails with ${code} is unreachable, and is looked up again next time`, async (t) => {
    const { send, receiver } = await open(t, (asked) => (asked === 1 ? code : ['127.0.0.1']));

    assertNeverLeft(await send(), why, 'dns');
    assert.equal((await send()).kind, 'answered');

    assert.equal(receiver.received.length, 1);
  });
}

test('a name without any address is unreachable', async (t) => {
  const { send } = await open(t, () => []);

  assertNeverLeft(await send(), 'host name not found (ENOTFOUND)', 'dns');
});

test('a name server that does not answer has 5 s, and what it says later is not heeded', async (t) => {
  const clock = new FakeClock();
  let answerLate = () => {};
  const lookup: LookupFunction = (_hostname, _options, answer) => {
    answerLate = () => answer(null, [{ address: '127.0.0.1', family: 4 }]);
  };
  const receiver = await PracticeReceiver.open({ clock });
  const sender = new Sender(clock, { lookup });
  t.after(() => Promise.all([sender.close(), receiver.close()]));
  const origin = `http://receiver.test:${new URL(receiver.url).port}`;
  const answered = sender.send(requestTo({ origin }));
  await settle();

  await clock.advance(5_000);
  assertNeverLeft(await answered, 'no connection within 5 s', 'timeout');
  answerLate();
  await settle();

  assert.equal(receiver.received.length, 0);
});
