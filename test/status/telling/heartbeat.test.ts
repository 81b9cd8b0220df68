/** The heartbeat over the real sender: one GET a minute while polling works, and nobody waits for it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PracticeReceiver } from '../../../src/practice/receiver.ts';
import { parseDestination, type Route } from '../../../src/routing/route.ts';
import { settle } from '../../support/fake-clock.ts';
import { SIEM, TellingDesk } from '../../support/telling-desk.ts';

async function openScene(t: TestContext) {
  const receiver = await PracticeReceiver.open();
  const route = routeTo(`${receiver.url}/ping?token=S3CRET`.replace('//', '//me:S3CRET@'));
  const desk = await TellingDesk.open(t, [SIEM], route);
  t.after(() => receiver.close());
  /** A good poll, and the answer to its ping, if it pinged. */
  const poll = async (pings: number) => {
    await desk.page();
    while (receiver.received.length < pings) await settle();
    for (let n = 0; n < 50; n += 1) await settle();
  };
  return { receiver, desk, poll };
}

function routeTo(url: string): Route {
  const destination = parseDestination(url);
  assert.ok('key' in destination);
  return { ...destination, name: 'heartbeat', patterns: [] };
}

test('a good poll pings, at most once a minute', async (t) => {
  const { receiver, desk, poll } = await openScene(t);

  await poll(1);
  await desk.clock.advance(59_000);
  await poll(1);
  const early = receiver.received.length;
  await desk.clock.advance(1_000);
  await poll(2);

  const [ping] = receiver.received;
  assert.equal(early, 1);
  assert.equal(receiver.received.length, 2);
  assert.deepEqual([ping?.method, ping?.path], ['GET', '/ping?token=S3CRET']);
  assert.equal(ping?.body.length, 0);
  assert.equal(ping?.headers['user-agent'], 'loghook/1.2.3');
  assert.equal(ping?.headers.authorization, `Basic ${btoa('me:S3CRET')}`);
});

test('nothing is pinged while no page comes', async (t) => {
  const { receiver, desk } = await openScene(t);

  await desk.trouble('ECONNREFUSED');
  await desk.pass(600_000);

  assert.equal(receiver.received.length, 0);
});

test('pings that fail are one line, and one when it works again; neither shows the URL', async (t) => {
  const { receiver, desk, poll } = await openScene(t);
  receiver.answer = () => ({ status: 503 });
  for (const n of [1, 2, 3]) {
    await poll(n);
    await desk.clock.advance(60_000);
  }
  receiver.answer = () => ({ status: 200 });

  await poll(4);

  const lines = desk.lines.filter(({ msg }) => String(msg).startsWith('heartbeat'));
  assert.deepEqual(
    lines.map(({ level, msg, reason, failures }) => [level, msg, reason ?? failures]),
    [
      [40, 'heartbeat fails', '503 service unavailable'],
      [30, 'heartbeat works again', 3],
    ],
  );
  assert.doesNotMatch(JSON.stringify(desk.lines), /S3CRET/);
});

test('one that hangs holds up no poll, and no other is sent meanwhile', async (t) => {
  const { receiver, desk } = await openScene(t);
  receiver.answer = () => ({ kind: 'hang' });

  await desk.page();
  while (receiver.received.length < 1) await settle();
  await desk.page();
  await desk.page();

  assert.equal(receiver.received.length, 1);
});
