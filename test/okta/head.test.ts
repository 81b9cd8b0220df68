/** What a page knows of time: when the log had been read to its end before, and how far Okta's clock is ahead of ours. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page } from '../../src/okta/system-log.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { delayOf } from '../../src/state/delay.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { event } from '../support/scripted-okta.ts';
import { openDesk, TOKEN } from '../support/system-log-desk.ts';

/** Okta's clock: another wall clock over the same time. */
class AheadClock extends FakeClock {
  readonly #ours: FakeClock;
  aheadMs: number;

  constructor(ours: FakeClock, aheadMs: number) {
    super();
    this.#ours = ours;
    this.aheadMs = aheadMs;
  }

  override now(): number {
    return this.#ours.now() + this.aheadMs;
  }
}

async function openScene(t: TestContext, { aheadMs = 0, limit = 2 } = {}) {
  const clock = new FakeClock();
  const okta = new AheadClock(clock, aheadMs);
  const org = await PracticeOrg.open({ clock: okta, token: TOKEN, rateLimit: 6_000 });
  const desk = openDesk(org.url, { clock, limit, interval: 1_000 });
  t.after(() => Promise.all([desk.close(), org.close()]));
  const add = (uuid: string, agoMs = 0) => {
    const published = okta.now() - agoMs;
    org.add(event(uuid, new Date(published).toISOString()), { publishedAt: published });
  };
  const pages = desk.systemLog.tail({ since: okta.now() - 60_000 }, desk.stop.signal);
  return { clock, okta, add, next: () => desk.next(pages), begunAt: clock.now() };
}

function delaysOf(page: Page, now: number) {
  return page.events.map((one) => delayOf(one, page, now));
}

test('the head is not known before the log was read to its end, and full pages do not move it', async (t) => {
  const { okta, add, next } = await openScene(t);
  for (const uuid of ['a', 'b', 'c']) add(uuid);
  const beganAt = okta.now();

  const [full, short] = [await next(), await next()];
  for (const uuid of ['d', 'e', 'f']) add(uuid);
  const [fullAgain, shortAgain, empty] = [await next(), await next(), await next()];

  assert.deepEqual([full.full, full.headAt], [true, undefined]);
  assert.deepEqual([short.full, short.headAt], [false, undefined]);
  assert.deepEqual([fullAgain.full, fullAgain.headAt], [true, beganAt]);
  assert.deepEqual([shortAgain.full, shortAgain.headAt], [false, beganAt]);
  assert.equal(empty.headAt, beganAt + 1_000);
});

for (const aheadMs of [0, -3_600_000, 3_600_000, 7_300]) {
  test(`a late event is Okta's doing, with a clock that is ${aheadMs} ms ahead`, async (t) => {
    const { clock, add, next } = await openScene(t, { aheadMs, limit: 1_000 });
    // The interval is no whole second, so that many looks at its seconds tell Okta's clock to some ms.
    for (let look = 0; look < 150; look += 1) {
      await next();
      await clock.advance(7);
    }
    await next();

    // The wait for the next page begins when it is asked for.
    await clock.advance(400);
    add('in time');
    add('late', 30_000);
    const page = await next();

    const [inTime, late] = delaysOf(page, clock.now());
    assert.equal(page.events.length, 2);
    near(inTime?.oktaMs, 0);
    near(inTime?.pollMs, 1_000);
    near(late?.oktaMs, 29_600);
    near(late?.pollMs, 1_400);
    near((late?.oktaMs ?? 0) + (late?.pollMs ?? 0), 31_000);
  });
}

function near(actual: number | undefined, expected: number): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= 20, `${actual} is not near ${expected}`);
}

test('what was published while nobody read is the wait for our poll', async (t) => {
  const { clock, add, next } = await openScene(t, { limit: 1_000 });
  add('old', 50_000);

  const first = await next();

  assert.deepEqual(delaysOf(first, clock.now()), [{ oktaMs: 0, pollMs: 50_000 }]);
});

test('a clock that is set is not mixed up with what was known before', async (t) => {
  const { clock, add, next } = await openScene(t, { limit: 1_000 });
  await next();
  await next();

  await clock.jump(-3_600_000);
  add('after');
  const page = await next();

  const [delay] = delaysOf(page, clock.now());
  assert.ok(delay !== undefined && delay.oktaMs + delay.pollMs <= 2_000);
});
