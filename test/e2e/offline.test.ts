/** The real process while nothing answers: at the start, on the way, at the receiver. One line each, and it goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PracticeOrg } from '../../src/practice/org.ts';
import { PracticeReceiver } from '../../src/practice/receiver.ts';
import { Daemon } from '../support/daemon.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

const EVERY_SECOND = ['--interval', '1s'];

test('starts offline, says so once, and delivers once the org answers', async (t) => {
  const receiver = await openReceiver(t);
  const { url, token, port } = await closedOrg();
  const daemon = new Daemon(new Sandbox(t), {
    org: { url, token },
    routes: [['.', receiver.url]],
    args: EVERY_SECOND,
  });
  await daemon.untilSaid('okta unreachable');

  const { org } = await openOrg(t, { port });
  const raws = addEvents(org, 3);
  await daemon.until(() => receiver.accepted === raws.length, 'the events');
  await daemon.untilSaid('okta reachable again');
  const { code } = await daemon.stop();

  assert.deepEqual(
    daemon.warnings().map(({ msg }) => msg),
    ['okta unreachable'],
  );
  assert.equal(daemon.said('okta reachable again').length, 1);
  assert.equal(code, 0);
});

test('goes on when the org goes away and comes back, and loses nothing', async (t) => {
  const receiver = await openReceiver(t);
  const org = await PracticeOrg.open({ rateLimit: 6_000 });
  addEvents(org, 3, 10_000, 1);
  const daemon = new Daemon(new Sandbox(t), {
    org,
    routes: [['.', receiver.url]],
    args: EVERY_SECOND,
  });
  await daemon.until(() => receiver.accepted === 3, 'the first events');

  await org.close();
  await daemon.untilSaid('okta unreachable');
  const { org: back } = await openOrg(t, { port: Number(new URL(org.url).port) });
  addEvents(back, 3, 10_000, 2);
  await daemon.until(() => receiver.accepted === 6, 'the second events');
  await daemon.untilSaid('okta reachable again');
  const { code } = await daemon.stop();

  // An org that came back has forgotten its links; that is said too.
  assert.equal(daemon.said('okta unreachable').length, 1);
  assert.equal(daemon.said('okta reachable again').length, 1);
  assert.equal(receiver.received.length, 6);
  assert.equal(code, 0);
});

test('holds a route whose receiver is down at the start, says so once, and delivers when it is up', async (t) => {
  const { org } = await openOrg(t);
  const { url, port } = await closedReceiver();
  const raws = addEvents(org, 10);
  const daemon = new Daemon(new Sandbox(t), {
    org,
    routes: [['.', url]],
    args: EVERY_SECOND,
  });
  await daemon.untilSaid('route held');

  const receiver = await PracticeReceiver.open({ port });
  t.after(() => receiver.close());
  await daemon.until(() => receiver.accepted === raws.length, 'the events');
  const { code } = await daemon.stop();

  assert.deepEqual(
    daemon.warnings().map(({ msg }) => msg),
    ['route held'],
  );
  assert.equal(daemon.said('route flowing').length, 1);
  assert.equal(receiver.received.length, raws.length);
  assert.equal(daemon.said('stopped')[0]?.owed, 0);
  assert.equal(code, 0);
});

async function closedOrg(): Promise<{ url: string; token: string; port: number }> {
  const org = await PracticeOrg.open();
  await org.close();
  return { url: org.url, token: org.token, port: Number(new URL(org.url).port) };
}

async function closedReceiver(): Promise<{ url: string; port: number }> {
  const receiver = await PracticeReceiver.open();
  await receiver.close();
  return { url: receiver.url, port: Number(new URL(receiver.url).port) };
}
