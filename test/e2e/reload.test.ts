/** Routes that change while requests are out, and while the daemon stops. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { csvOf, type Paper } from '../support/model/paper.ts';
import { NEIGHBOUR, World } from '../support/model/world.ts';

const EVERYTHING = /./;
const SECRETS = [`whsec_${Buffer.alloc(32, 1).toString('base64')}`];
const STAYS = { receiver: 0, path: NEIGHBOUR, pattern: EVERYTHING };
const GOES = { receiver: 1, path: '/one', pattern: EVERYTHING };

async function openWorld(t: TestContext): Promise<World> {
  const world = await World.open({ seed: 1, rateLimit: 600, limit: 1000, intervalMs: 15_000 });
  t.after(() => world.close());
  return world;
}

/** Lets no more than 3 s of the world's time pass, however slow the machine, until a receiver has had so many requests. */
async function untilReceived(world: World, receiver: number, count: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  const isThere = () => world.receivers[receiver]!.received.length >= count;
  for (let passed = 0; !isThere() && performance.now() < deadline; passed += 5) {
    await world.advance(passed < 3_000 ? 5 : 0);
  }
  assert.ok(isThere());
}

test('a stop waits for what a removed route still has out, and records it', async (t) => {
  const world = await openWorld(t);
  world.troubles[1]!.behave(() => ({ status: 204, delayMs: 5_000 }));
  world.write(0);
  await world.start(csvOf([STAYS, GOES]));
  await untilReceived(world, 1, 1);

  await world.reload(csvOf([STAYS]));
  await world.stop();
  await world.start(csvOf([STAYS, GOES]));
  await world.advance(60_000);

  assert.equal(world.receivers[1]!.received.length, 1);
  assert.deepEqual(world.oracle.unfinished(world.orgNow), []);
  assert.deepEqual(world.oracle.violations, []);
});

test('a route that is removed and returned goes on where it was', async (t) => {
  const world = await openWorld(t);
  world.troubles[1]!.behave(() => ({ status: 204, delayMs: 5_000 }));
  for (let n = 0; n < 5; n += 1) world.write(0);
  await world.start(csvOf([STAYS, GOES]));
  await untilReceived(world, 1, 1);

  await world.reload(csvOf([STAYS]));
  await world.reload(csvOf([GOES, STAYS]));
  await world.advance(60_000);

  assert.equal(world.receivers[1]!.received.length, 5);
  assert.deepEqual(world.oracle.unfinished(world.orgNow), []);
  assert.deepEqual(world.oracle.violations, []);
});

test('a route that is removed and returned keeps to its ceiling', async (t) => {
  const world = await openWorld(t);
  const paper = (...routes: (typeof STAYS)[]): Paper => ({
    kind: 'yaml',
    routes: routes.map((route) => ({ ...route, terms: { concurrency: 1, secrets: SECRETS } })),
  });
  world.troubles[1]!.behave(() => ({ status: 204, delayMs: 5_000 }));
  for (let n = 0; n < 5; n += 1) world.write(0);
  await world.start(paper(STAYS, GOES));
  await untilReceived(world, 1, 1);

  await world.reload(paper(STAYS));
  await world.reload(paper(GOES, STAYS));
  await world.advance(60_000);

  assert.equal(world.receivers[1]!.received.length, 5);
  assert.deepEqual(world.oracle.violations, []);
});

test('a reload that comes while it stops starts nothing', async (t) => {
  const world = await openWorld(t);
  world.troubles[0]!.behave(() => ({ status: 204, delayMs: 5_000 }));
  world.troubles[1]!.behave(() => ({ status: 500 }));
  for (let n = 0; n < 5; n += 1) world.write(0);
  await world.start(csvOf([STAYS, GOES]));
  await untilReceived(world, 1, 5);
  await world.reload(csvOf([STAYS]));
  const before = world.receivers[1]!.received.length;
  await world.advance(20_000);
  world.write(0);
  await world.advance(11_000);

  const stopped = world.stop();
  await world.reload(csvOf([STAYS, GOES]));
  await stopped;
  await world.advance(60_000);

  assert.equal(world.receivers[1]!.received.length, before);
  assert.equal(world.clock.nextTimerMs(), undefined);
  assert.deepEqual(world.oracle.violations, []);
});

test('two reloads at once leave each route one lane', async (t) => {
  const world = await openWorld(t);
  world.write(0);
  await world.start(csvOf([STAYS]));
  await untilReceived(world, 0, 1);

  await Promise.all([world.reload(csvOf([STAYS, GOES])), world.reload(csvOf([GOES, STAYS]))]);
  for (let n = 0; n < 5; n += 1) world.write(0);
  await world.advance(16_000);
  await untilReceived(world, 1, 5);
  await world.stop();
  await world.advance(60_000);

  assert.equal(world.receivers[1]!.received.length, 5);
  assert.equal(world.clock.nextTimerMs(), undefined);
  assert.deepEqual(world.oracle.violations, []);
});
