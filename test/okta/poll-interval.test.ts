/** How often Okta is asked with `--interval auto`: by the table, and as a practice org counts it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Interval, PollInterval } from '../../src/okta/poll-interval.ts';
import type { Pace } from '../../src/okta/rate-limit.ts';
import type { Page } from '../../src/okta/system-log.ts';
import { practiceEvent, seededRandom } from '../../src/practice/events.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { openDesk } from '../support/system-log-desk.ts';

const MINUTE = 60_000;

/** Of so many requests a minute, half of which are ours. */
function paceOf(limit: number, sentAt = 0): Pace {
  return { evenMs: (2 * MINUTE) / limit, wholeMs: MINUTE / limit, sentAt };
}

function pageOf(events: number, full = false) {
  return { events: Array.from({ length: events }), full };
}

/** The waits after so many empty pages that follow one event. */
function idleWaits(limit: number, pages: number): number[] {
  const interval = new PollInterval('auto');
  interval.afterPage(pageOf(1), paceOf(limit), 0);
  return Array.from({ length: pages }, () => interval.afterPage(pageOf(0), paceOf(limit), 0));
}

test('a fixed interval is waited after every page that is not full, whatever the pace is', () => {
  const interval = new PollInterval(15_000);

  assert.equal(interval.afterPage(pageOf(3), paceOf(120), 9_000), 15_000);
  assert.equal(interval.afterPage(pageOf(0), paceOf(120), 9_000), 15_000);
  assert.equal(interval.afterPage(pageOf(1_000, true), paceOf(120), 9_000), 0);
});

test('auto follows a full page at once, and asks at the even pace while events come', () => {
  const interval = new PollInterval('auto');

  assert.equal(interval.afterPage(pageOf(1_000, true), paceOf(120), 0), 0);
  assert.equal(interval.afterPage(pageOf(3), paceOf(120), 0), 1_000);
});

test('the time that a page took is part of the wait', () => {
  const interval = new PollInterval('auto');

  assert.equal(interval.afterPage(pageOf(3), paceOf(120, 50_000), 50_300), 700);
  assert.equal(interval.afterPage(pageOf(3), paceOf(120, 50_000), 58_000), 0);
});

const IDLE: readonly (readonly [limit: number, idlestMs: number])[] = [
  [10, 30_000],
  [20, 30_000],
  [60, 10_000],
  [120, 5_000],
  [600, 1_000],
  [1_000, 600],
  // Our share alone is slower than that.
  [2, 60_000],
  // Nobody is asked ten times a second.
  [60_000, 100],
];

for (const [limit, idlestMs] of IDLE) {
  test(`auto grows idle step by step to ${idlestMs} ms with ${limit} a minute`, () => {
    const waits = idleWaits(limit, 20);

    assert.equal(waits.at(-1), idlestMs);
    const start = Math.max(100, (2 * MINUTE) / limit);
    for (const [index, ms] of waits.entries()) {
      assert.equal(ms, Math.min(idlestMs, start * 1.5 ** (index + 1)));
    }
  });
}

test('the first event ends the idling at once', () => {
  const interval = new PollInterval('auto');
  for (let page = 0; page < 20; page += 1) interval.afterPage(pageOf(0), paceOf(120), 0);

  assert.equal(interval.afterPage(pageOf(1), paceOf(120), 0), 1_000);
});

interface Traffic {
  /** How many are published at `now`, before the next page is asked for. */
  readonly eventsBefore: (now: number) => number;
  readonly minutes: number;
  readonly interval?: Interval;
  readonly limit?: number;
}

/** Reads from a practice org of so many requests a minute; returns when each request came, ms since it began. */
async function requestsOf(
  t: TestContext,
  rateLimit: number,
  { eventsBefore, minutes, interval = 'auto', limit = 1_000 }: Traffic,
): Promise<{ readonly times: number[]; readonly org: PracticeOrg }> {
  const clock = new FakeClock();
  const begunAt = clock.now();
  const org = await PracticeOrg.open({ clock, rateLimit });
  t.after(() => org.close());
  const desk = openDesk(org.url, { clock, token: org.token, interval, limit });
  t.after(() => desk.close());
  const random = seededRandom(1);
  const pages: AsyncGenerator<Page> = desk.systemLog.tail(
    { since: begunAt - MINUTE },
    desk.stop.signal,
  );
  while (clock.now() < begunAt + minutes * MINUTE) {
    for (let left = eventsBefore(clock.now() - begunAt); left > 0; left -= 1) {
      org.add(practiceEvent(random, clock.now()));
    }
    await desk.next(pages);
  }
  return { times: org.requests.map(({ at }) => at - begunAt), org };
}

/** The most that came within any minute. */
function mostInAMinute(times: readonly number[]): number {
  return Math.max(
    ...times.map((from) => times.filter((at) => at >= from && at < from + MINUTE).length),
  );
}

for (const rateLimit of [10, 15, 20, 30, 60, 100, 120, 250, 600]) {
  test(`while events come, ${rateLimit} a minute are asked for evenly, and never more than half`, async (t) => {
    const { times, org } = await requestsOf(t, rateLimit, { eventsBefore: () => 1, minutes: 3 });

    const share = Math.floor(rateLimit / 2);
    assert.ok(mostInAMinute(times) <= share, `${mostInAMinute(times)} in a minute`);
    assert.ok(times.length >= 3 * share * 0.9, `only ${times.length} in three minutes`);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    const evenMs = Math.max(100, MINUTE / share);
    assert.ok(Math.min(...gaps) >= evenMs, `${Math.min(...gaps)} ms apart`);
    assert.ok(Math.max(...gaps) <= 2 * evenMs + 1_000, `${Math.max(...gaps)} ms apart`);
    assert.equal(org.violations, 0);
  });
}

test('a share that changes is followed at once', async (t) => {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, rateLimit: 120 });
  const desk = openDesk(org.url, { clock, token: org.token, interval: 'auto' });
  t.after(() => Promise.all([desk.close(), org.close()]));
  const pages = desk.systemLog.tail({ since: clock.now() }, desk.stop.signal);
  const random = seededRandom(1);
  const gaps: number[] = [];
  for (let page = 0; page < 12; page += 1) {
    // Another process reads too, for a while.
    desk.systemLog.rateShare = page >= 4 && page < 8 ? 0.25 : 0.5;
    org.add(practiceEvent(random, clock.now()));
    const before = clock.now();
    await desk.next(pages);
    gaps.push(clock.now() - before);
  }

  const seconds = gaps.slice(1).map((ms) => Math.floor(ms / 1_000));
  assert.deepEqual(seconds, [1, 1, 1, 2, 2, 2, 2, 1, 1, 1, 1]);
});

test('idle, a tenth of the limit is used, and a hundred idle minutes use up nothing for later', async (t) => {
  const { times, org } = await requestsOf(t, 120, { eventsBefore: () => 0, minutes: 100 });

  const settled = times.filter((at) => at > MINUTE);
  const gaps = settled.slice(1).map((at, index) => at - (settled[index] ?? 0));
  assert.deepEqual([...new Set(gaps)], [5_000]);
  assert.equal(org.violations, 0);
});

test('a backlog is read at once within our share, and what is left is spread over the window', async (t) => {
  let isFirst = true;
  const backlog = (now: number) => {
    const count = isFirst ? 400 : 0;
    isFirst = false;
    return now === 0 ? count : 1;
  };

  const { times, org } = await requestsOf(t, 120, { eventsBefore: backlog, minutes: 3, limit: 10 });

  assert.equal(times.filter((at) => at === times[0]).length, 41);
  assert.ok(mostInAMinute(times) <= 60, `${mostInAMinute(times)} in a minute`);
  const gaps = times.slice(41).map((at, index) => at - (times[index + 40] ?? 0));
  assert.ok(Math.max(...gaps) <= 5_000, `${Math.max(...gaps)} ms apart`);
  assert.equal(org.violations, 0);
});
