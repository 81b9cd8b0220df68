/** The commands that look at and change a state folder, as real processes beside the real daemon. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PracticeReceiver } from '../../src/practice/receiver.ts';
import { addEvents, type Loghook, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { until } from '../support/until.ts';

interface World {
  readonly receiver: PracticeReceiver;
  readonly daemon: Loghook;
  /** A command beside the daemon. */
  readonly beside: (
    ...args: string[]
  ) => Promise<{ stdout: string; stderr: string; code: unknown }>;
  /** So many more events, read by the daemon in about a second. */
  readonly add: (count: number, seed: number) => void;
}

/** A running daemon with one route, `siem`, whose receiver answers as `answer` says. */
async function running(t: TestContext, answer: PracticeReceiver['answer']): Promise<World> {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  receiver.answer = answer;
  addEvents(org, 3, 60_000);
  const sandbox = new Sandbox(t);
  const route = `{ name: siem, match: .*, url: "${receiver.url}/siem", retry: { schedule: [1s] } }`;
  sandbox.write('loghook.yaml', `routes:\n  - ${route}\n`);
  const daemon = sandbox.start(['run', '--interval', '1s', '--state', 'state'], { env });
  return {
    receiver,
    daemon,
    beside: (...args) => sandbox.run([...args, '--state', 'state'], { env }),
    add: (count, seed) => void addEvents(org, count, 0, seed),
  };
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('deliveries and show tell what a running daemon has delivered', async (t) => {
  const { beside, receiver } = await running(t, () => ({ status: 200, body: 'thanks' }));
  await receiver.waitFor(3);

  const entries = await until(
    async () => jsonLines((await beside('deliveries', '--json')).stdout),
    (seen) => seen.length === 3 && seen.every(({ status }) => status === 'delivered'),
  );
  const id = String(entries[0]?.event);
  const shown = await beside('show', id.slice(0, 8));

  assert.deepEqual(
    entries.map(({ route, httpStatus, attempts }) => [route, httpStatus, attempts]),
    Array.from({ length: 3 }, () => ['siem', 200, 1]),
  );
  assert.match(shown.stdout, /^siem: delivered .*, 1 attempt$/m);
});

test('a paused route gets nothing, and all of it after it is resumed', async (t) => {
  const { beside, add, receiver, daemon } = await running(t, () => ({ status: 204 }));
  await receiver.waitFor(3);

  const paused = await beside('pause', 'siem');
  await daemon.logged('route paused');
  add(5, 2);
  const waiting = await until(
    async () => jsonLines((await beside('deliveries', '--json', '--status', 'paused')).stdout),
    (seen) => seen.length === 5,
  );
  const before = receiver.received.length;
  const resumed = await beside('resume', 'siem');
  await receiver.waitFor(8);

  assert.match(paused.stdout, /^siem is paused: 0 events wait; new ones are still owed/);
  assert.equal(waiting.length, 5);
  assert.equal(before, 3);
  assert.equal(resumed.stdout, 'siem goes on: 5 events wait\n');
});

test('a dead letter that is sent again says so to its receiver, with the same id', async (t) => {
  let isMended = false;
  const { beside, receiver } = await running(t, ({ id }) => {
    const isPoison = !isMended && id === receiver.received[0]?.id;
    return isPoison ? { status: 400, body: 'unknown field' } : { status: 204 };
  });
  const [dead] = await until(
    async () => jsonLines((await beside('deliveries', '--json', '--status', 'dead')).stdout),
    (seen) => seen.length === 1,
  );
  isMended = true;

  const asked = await beside('replay', '--dead');
  const replayed = await beside('replay', '--dead', '--yes');
  const again = await until(
    async () => receiver.received.filter(({ headers }) => headers['loghook-replay'] === 'true'),
    (seen) => seen.length === 1,
  );

  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /^siem: 1 event to send again$/m);
  assert.equal(replayed.stdout, '1 event owed again\n');
  assert.equal(again[0]?.id, dead?.event);
});

test('a receiver that lost what it took gets it once more, and show tells of both', async (t) => {
  const { beside, receiver } = await running(t, () => ({ status: 200, body: 'thanks' }));
  await receiver.waitFor(3);
  await until(
    async () => jsonLines((await beside('deliveries', '--json', '--status', 'delivered')).stdout),
    (seen) => seen.length === 3,
  );
  const [first] = receiver.received;

  const dry = await beside('replay', '--route', 'siem', '--since', '1h', '--dry-run');
  const replayed = await beside('replay', '--route', 'siem', '--since', '1h', '--yes');
  await receiver.waitFor(6);
  const again = receiver.received.slice(3);
  const shown = await until(
    async () => (await beside('show', String(first?.id))).stdout,
    (seen) => /delivered .*, 2 attempts$/m.test(seen),
  );
  const raw = await beside('show', String(first?.id), '--raw');

  assert.match(dry.stderr, /^siem: 3 events to send again$/m);
  assert.equal(replayed.stdout, '3 events owed again\n');
  assert.deepEqual(
    again.map(({ headers }) => headers['loghook-replay']),
    ['true', 'true', 'true'],
  );
  assert.deepEqual(
    again.map(({ id, body }) => [id, body.toString()]).sort(),
    receiver.received
      .slice(0, 3)
      .map(({ id, body }) => [id, body.toString()])
      .sort(),
  );
  assert.match(shown, /^ +1 +\S+ +200 +/m);
  assert.match(shown, /^ +2 +\S+ +200 \(replay\) +/m);
  assert.match(shown, /answer: thanks/);
  assert.equal(raw.stdout, first?.body.toString());
});
