/**
 * The kill test: the real daemon under load, SIGKILLed at random moments, restarted on the same state folder; half of the
 * kills with a loghook.csv, half with a loghook.yaml. At the end every event has been accepted on every route that wants
 * it, byte for byte, and verified where it is signed; an event was accepted twice only where the daemon was killed within
 * a second of the first answer, before it could have recorded it, or where a person asked for it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { newSecret } from '../../src/delivery/signing/secret.ts';
import { FLAKY, HEALTHY, HELD, Killing, LAG_MS, SLOW } from '../support/killing.ts';
import { numberFrom, repeatWith } from '../support/seeds.ts';

const KILLS = numberFrom('LOGHOOK_KILLS', 200);
const HALF = Math.ceil(KILLS / 2);
const seed = numberFrom('LOGHOOK_SEED', 1);
const again = repeatWith('long/kill.long', { LOGHOOK_SEED: seed, LOGHOOK_KILLS: KILLS });

async function underLoad(killing: Killing, live: () => Promise<void>): Promise<void> {
  const loading = new AbortController();
  const loaded = killing.written.writeUntil(loading.signal, seed + 2);
  await live();
  loading.abort();
  await loaded;
  await killing.untilAllIsAccepted();
}

test(`loses and changes nothing in ${HALF} kills under load with a loghook.csv`, async (t) => {
  const routes = [HEALTHY, SLOW, FLAKY];
  const killing = await Killing.open({
    t,
    seed,
    again,
    routes,
    inFile: (urlOf) => routes.map((route) => [route.pattern.source, urlOf(route)]),
  });

  await underLoad(killing, async () => {
    for (let n = 0; n < HALF; n += 1) await killing.liveAndDie(n);
  });

  assert.deepEqual(killing.reception.faults, [], again);
  assert.deepEqual(killing.unexplained().slice(0, 10), [], `repeats without a kill: ${again}`);
});

test(`keeps order, pauses, holds and replays in ${HALF} kills with a signed loghook.yaml`, async (t) => {
  const routes = [HEALTHY, SLOW, FLAKY, HELD];
  const secret = newSecret();
  const killing = await Killing.open({
    t,
    seed: seed + 100,
    again,
    routes,
    secret,
    inFile: (urlOf) => ({
      yaml: {
        routes: routes.map((route) => ({
          name: route.path.slice(1),
          match: route.pattern.source,
          url: urlOf(route),
          secrets: secret,
          ...(route === HEALTHY && { order: 'key', retry: { schedule: ['1s', '5s', '30s'] } }),
        })),
      },
    }),
  });

  await underLoad(killing, () => liveWithPeople(killing));

  assert.deepEqual(killing.reception.faults.slice(0, 10), [], again);
  assert.deepEqual(killing.unexplained().slice(0, 10), [], `repeats without a kill: ${again}`);
  assert.deepEqual(killing.overtakings().slice(0, 10), [], again);
  assert.ok(killing.holds > 0, `/held never was: ${again}`);
  assert.ok(killing.asked.size > 0, `nothing was replayed: ${again}`);
});

/** /held refuses from a fifth to two fifths of the lives and until it is held, /slow is paused from two to three. */
async function liveWithPeople(killing: Killing): Promise<void> {
  const clock = new SystemClock();
  const fifth = Math.ceil(HALF / 5);
  let before = 0;
  for (let n = 0; n < HALF; n += 1) {
    killing.refusesHeld = n >= fifth && (n < 2 * fifth || killing.holds === 0);
    if (n === 2 * fifth) {
      assert.equal((await killing.command('pause', 'slow')).code, 0, again);
      await clock.sleep(LAG_MS);
      before = killing.slowCount;
    }
    if (n === 3 * fifth) {
      assert.equal(killing.slowCount, before, `/slow was paused: ${again}`);
      assert.equal((await killing.command('resume', 'slow')).code, 0, again);
    }
    if (n % 5 === 4) await killing.askAgain();
    await killing.liveAndDie(n);
  }
  killing.refusesHeld = false;
}
