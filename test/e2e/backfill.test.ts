/** `loghook backfill`, the real process, beside the real daemon and without one. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PracticeOrgOptions } from '../../src/practice/org.ts';
import type { PracticeReceiver } from '../../src/practice/receiver.ts';
import {
  addEvents,
  type Ended,
  type Loghook,
  openOrg,
  openReceiver,
  Sandbox,
} from '../support/loghook.ts';

const HOUR_MS = 3_600_000;

async function desk(t: TestContext, options: PracticeOrgOptions = {}) {
  const { org, env } = await openOrg(t, options);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const route = (name: string, more = '') =>
    `  - { name: ${name}, match: .*, url: "${receiver.url}/${name}"${more} }\n`;
  return {
    org,
    env,
    receiver,
    sandbox,
    routes: (...lines: readonly string[]) =>
      sandbox.write('loghook.yaml', `routes:\n${lines.join('')}`),
    route,
    daemon: (...args: string[]): Loghook =>
      sandbox.start(['run', '--interval', '1s', '--state', 'state', ...args], { env }),
    backfill: (...args: string[]): Promise<Ended> =>
      sandbox.run(['backfill', '--state', 'state', ...args], { env }),
    startBackfill: (...args: string[]): Loghook =>
      sandbox.start(['backfill', '--state', 'state', ...args], { env }),
  };
}

function idsAt(receiver: PracticeReceiver, path: string): string[] {
  return receiver.received.filter((one) => one.path === path).map(({ id }) => String(id));
}

function idsOf(raws: readonly Buffer[]): string[] {
  return raws.map((raw) => JSON.parse(`${raw}`).uuid);
}

test('owes the history from before the first start, once, as replays, beside the daemon', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  const old = addEvents(org, 30, 2 * HOUR_MS, 1);
  const live = addEvents(org, 3, 30_000, 2);
  const running = daemon();
  await running.line('stdout', /ready/);
  await receiver.waitFor(3);

  const first = await backfill('--since', '1d');
  await receiver.waitFor(33);
  const second = await backfill('--since', '1d', '--json');
  await running.stop();

  assert.equal(first.code, 0, first.stderr);
  assert.match(
    first.stdout,
    /33 events read\nROUTE +WANTED +ALREADY THERE +OWED NOW\nsiem +33 +3 +30\n/,
  );
  assert.deepEqual(idsAt(receiver, '/siem').sort(), idsOf([...old, ...live]).sort());
  const replays = receiver.received.filter(({ headers }) => headers['loghook-replay'] === 'true');
  assert.deepEqual(replays.map(({ id }) => id).sort(), idsOf(old).sort());
  assert.deepEqual(JSON.parse(second.stdout).routes, [
    { route: 'siem', wanted: 33, alreadyThere: 33, forgotten: 0, owed: 0 },
  ]);
});

test('without a daemon it says that loghook run will send them, and a dry run changes nothing', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  addEvents(org, 10, HOUR_MS, 1);
  addEvents(org, 1, 30_000, 2);
  const first = daemon();
  await receiver.waitFor(1);
  await first.stop();

  const dry = await backfill('--since', '1d', '--dry-run');
  const real = await backfill('--since', '1d');
  const second = daemon();
  await receiver.waitFor(11);
  await second.stop();

  assert.match(dry.stdout, /WOULD OWE\nsiem +11 +1 +10\n/);
  assert.match(real.stdout, /OWED NOW\nsiem +11 +1 +10\n/);
  assert.match(real.stderr, /no daemon is running here: `loghook run` will send them/);
  assert.equal(receiver.received.length, 11);
});
