/** The budget by the table: what the headers say, what was sent, and how long the next request has to wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_WAIT_MS, RateBudget, type RateHeaders } from '../../src/okta/rate-limit.ts';

const OKTA_NOW = Date.parse('2026-11-21T08:00:00Z');
const MIDDLE = () => 0.5;

function headers(limit: number, remaining: number, resetInS: number): RateHeaders {
  return {
    limit: String(limit),
    remaining: String(remaining),
    reset: String(OKTA_NOW / 1000 + resetInS),
  };
}

/** One request at 0, answered at once. */
function afterOne(status: number, answer: RateHeaders, random = MIDDLE): RateBudget {
  const budget = new RateBudget(0.5, random);
  budget.sent(0);
  budget.answered(status, answer, OKTA_NOW, 0);
  return budget;
}

const AFTER_200: readonly (readonly [why: string, answer: RateHeaders, waitMs: number])[] = [
  ['plenty left', headers(120, 100, 30), 0],
  ['the last tenth is left to others', headers(120, 12, 30), 30_000],
  ['one above the last tenth', headers(120, 13, 30), 0],
  ['the last request is never taken', headers(5, 1, 30), 30_000],
  ['the second to last may go', headers(5, 2, 30), 0],
  ['nothing left', headers(120, 0, 30), 30_000],
  ['nothing left, Reset in the past', headers(120, 0, -100), 1_000],
  ['nothing left, Reset now', headers(120, 0, 0), 1_000],
  ['nothing left, Reset in years', headers(120, 0, 1e9), MAX_WAIT_MS],
  ['share of one request', headers(2, 2, 30), 30_000],
  ['Limit 0 on a good answer says nothing', headers(0, 0, 30), 0],
  ['no headers', { limit: undefined, remaining: undefined, reset: undefined }, 0],
  ['no Reset', { limit: '120', remaining: '0', reset: undefined }, 60_000],
  ['rubbish', { limit: 'x', remaining: '-1', reset: 'NaN' }, 0],
  [
    'headers that came twice, joined',
    {
      limit: '120, 120',
      remaining: '0, 100',
      reset: `${OKTA_NOW / 1000 + 30}, ${OKTA_NOW / 1000}`,
    },
    30_000,
  ],
  [
    'headers that came twice, apart',
    { limit: ['120', '120'], remaining: ['100', '0'], reset: [`${OKTA_NOW / 1000 + 30}`] },
    30_000,
  ],
];

for (const [why, answer, waitMs] of AFTER_200) {
  test(`after an answer: ${why}`, () => {
    assert.equal(afterOne(200, answer).waitMs(0), waitMs);
  });
}

const AFTER_429: readonly (readonly [why: string, answer: RateHeaders, ms: [number, number]])[] = [
  ['Reset is a floor', headers(120, 0, 30), [30_000, 33_000]],
  ['Reset in the past', headers(120, 0, -3_600), [1_000, 3_000]],
  ['Reset in years', headers(120, 0, 1e9), [MAX_WAIT_MS, MAX_WAIT_MS]],
  ['no Reset', { limit: '120', remaining: '0', reset: undefined }, [60_000, 63_000]],
  ['no headers at all', { limit: undefined, remaining: undefined, reset: '' }, [60_000, 63_000]],
  ['too many at once: Reset is a guess', headers(0, 0, 600), [1_000, 5_000]],
  ['Retry-After asks for longer', { ...headers(0, 0, 0), retryAfter: '90' }, [90_000, 90_000]],
  ['Retry-After absurd', { ...headers(0, 0, 0), retryAfter: '9'.repeat(15) }, [1, MAX_WAIT_MS]],
];

for (const [why, answer, [low, high]] of AFTER_429) {
  for (const random of [() => 0, MIDDLE, () => 0.999]) {
    test(`after a 429: ${why} (${random()})`, () => {
      const waitMs = afterOne(429, answer, random).waitMs(0);

      assert.ok(waitMs >= low && waitMs <= high, `${waitMs} ms`);
    });
  }
}

test('collisions grow from 1–5 s to at most 30 s, and start afresh after an answer', () => {
  const budget = new RateBudget(0.5, () => 0.999);
  const waits: number[] = [];
  let now = 0;
  for (let n = 0; n < 8; n++) {
    budget.sent(now);
    budget.answered(429, headers(0, 0, 600), OKTA_NOW, now);
    waits.push(budget.waitMs(now));
    now += budget.waitMs(now);
  }
  budget.answered(200, headers(120, 100, 30), OKTA_NOW, now);
  budget.answered(429, headers(0, 0, 600), OKTA_NOW, now);

  assert.ok(waits[0]! <= 5_000 && waits[1]! > waits[0]! && Math.max(...waits) <= 30_000);
  assert.ok(budget.waitMs(now) <= 5_000);
});

test('429s that go on never ask for more than 15 minutes, nor less than a second', () => {
  const budget = new RateBudget(0.5, () => 0.999);
  for (let n = 0; n < 2_000; n++) {
    budget.answered(429, headers(120, 0, n % 2 === 0 ? 60 : -60), OKTA_NOW, 0);
    const waitMs = budget.waitMs(0);
    assert.ok(waitMs >= 1_000 && waitMs <= MAX_WAIT_MS, `${waitMs} ms`);
  }
});

test('our own share of a window is counted from what was sent, then waits for Reset', () => {
  const budget = new RateBudget(0.5, MIDDLE);
  for (let n = 0; n < 5; n++) {
    assert.equal(budget.waitMs(n * 1_000), 0);
    budget.sent(n * 1_000);
    budget.answered(200, headers(10, 9, 40 - n), OKTA_NOW, n * 1_000);
  }

  assert.equal(budget.waitMs(4_000), 36_000);
  assert.equal(budget.waitMs(40_000), 0, 'a new window');
});

test('a Reset that always lies a minute ahead still lets a share through, and no more', () => {
  const budget = new RateBudget(0.5, MIDDLE);
  let sent = 0;
  for (let now = 0; now < 600_000; now += 1_000) {
    if (budget.waitMs(now) > 0) continue;
    sent++;
    budget.sent(now);
    budget.answered(200, headers(10, 9, 60), OKTA_NOW, now);
  }

  assert.ok(sent >= 45 && sent <= 55, `${sent} in 10 minutes at 10 a minute`);
});

test('requests without an answer count as taken', () => {
  const budget = afterOne(200, headers(10, 4, 60));
  budget.sent(1);
  budget.sent(2);
  assert.equal(budget.waitMs(3), 0);

  budget.sent(3);

  assert.ok(budget.waitMs(3) > 0);
});

test('our own clock may be years off: Okta’s Date counts', () => {
  const budget = new RateBudget(0.5, MIDDLE);
  budget.answered(200, headers(120, 0, 30), OKTA_NOW, 9e12);

  assert.equal(budget.waitMs(9e12), 30_000);
});

test('a sleep as long as the wait ends it', () => {
  const budget = afterOne(429, headers(120, 0, 60));

  budget.slept(3_600_000);

  assert.equal(budget.waitMs(0), 0);
});

test('a shorter sleep leaves the rest of the wait, and what was sent in this window', () => {
  const budget = new RateBudget(0.5, MIDDLE);
  for (let n = 0; n < 5; n += 1) budget.sent(0);
  budget.answered(200, headers(10, 5, 60), OKTA_NOW, 0);

  budget.slept(6_000);

  assert.equal(budget.waitMs(0), 54_000);
});

test('before anything is known of the limit the pace is careful', () => {
  assert.deepEqual(new RateBudget(0.5).pace(0), {
    evenMs: 6_060,
    wholeMs: 3_000,
    sentAt: Number.NEGATIVE_INFINITY,
  });
});

test('the even pace is just below our share, and follows it; it outlasts the window', () => {
  const budget = afterOne(200, headers(120, 119, 30));

  assert.deepEqual(budget.pace(0), { evenMs: 1_010, wholeMs: 500, sentAt: 0 });
  budget.share = 0.25;
  assert.equal(budget.pace(0).evenMs, 2_020);
  assert.equal(budget.pace(600_000).evenMs, 2_020);
});

test('what a burst left of our share is spread until there is more of it', () => {
  const budget = new RateBudget(0.5, MIDDLE);
  for (let n = 1; n <= 50; n += 1) {
    budget.sent(0);
    budget.answered(200, headers(120, 120 - n, 30), OKTA_NOW, 0);
  }

  assert.equal(budget.pace(0).evenMs, 60_000 / 11);
  assert.equal(budget.pace(59_999).evenMs, 1_010);
});

test('what others left of the limit is spread over the rest of the window', () => {
  assert.equal(afterOne(200, headers(120, 22, 30)).pace(0).evenMs, 30_000 / 11);
  assert.equal(afterOne(200, headers(120, 12, 30)).pace(0).evenMs, 30_000);
});

test('what went out just before a window seemed to end counts in the next one too', () => {
  const budget = afterOne(200, headers(4, 3, 30));
  budget.sent(29_500);

  assert.equal(budget.waitMs(30_000), 0);
  budget.sent(30_000);
  budget.answered(200, headers(4, 3, 60), OKTA_NOW, 30_000);
  assert.equal(budget.waitMs(30_000), 59_500);
});
