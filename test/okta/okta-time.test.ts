/** Okta's clock out of answers whose `Date` counts whole seconds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OktaTime } from '../../src/okta/okta-time.ts';
import { seededRandom } from '../../src/practice/events.ts';

const NOW = Date.parse('2026-11-21T08:00:00.000Z');
const HOUR = 3_600_000;

/** Answers that took `tookMs`, `Date` made half-way, from a clock that is `aheadMs` ahead of ours. */
function afterAnswers(count: number, aheadMs: number, { tookMs = 40, everyMs = 1_010 } = {}) {
  const time = new OktaTime();
  for (let index = 0; index < count; index += 1) {
    const askedAt = NOW + index * everyMs;
    const dateMs = Math.floor((askedAt + tookMs / 2 + aheadMs) / 1_000) * 1_000;
    time.answered(dateMs, askedAt, askedAt + tookMs);
  }
  return time;
}

test('a clock that may be right is believed', () => {
  assert.equal(new OktaTime().aheadMs, 0);
  assert.equal(afterAnswers(1, 0).aheadMs, 0);
  assert.equal(afterAnswers(500, 0).aheadMs, 0);
});

for (const aheadMs of [-HOUR, -7_300, -400, 400, 7_300, HOUR]) {
  test(`a clock that is ${-aheadMs} ms ahead is known to a second at once, and to some ms soon`, () => {
    assert.ok(Math.abs(afterAnswers(1, aheadMs).aheadMs - aheadMs) <= 1_000);
    assert.ok(Math.abs(afterAnswers(200, aheadMs).aheadMs - aheadMs) <= 40);
  });
}

test('when a clock is set, what was known before is given up', () => {
  const time = afterAnswers(200, 5_000);
  const later = NOW + 300_000;

  time.answered(Math.floor((later - HOUR) / 1_000) * 1_000, later, later + 40);

  assert.ok(Math.abs(time.aheadMs + HOUR) <= 1_000);
});

test('an answer during which our clock was set says nothing', () => {
  const time = afterAnswers(200, 5_000);
  const known = time.aheadMs;

  time.answered(NOW, NOW + HOUR, NOW);

  assert.equal(time.aheadMs, known);
});

test('a clock that drifts is followed', () => {
  const time = new OktaTime();
  const random = seededRandom(1);
  let ahead = 0;
  for (let at = NOW; at < NOW + 6 * HOUR; at += 5_000) {
    ahead = (at - NOW) * 5e-5;
    const askedAt = Math.round(at + random() * 1_000);
    time.answered(Math.floor((askedAt + 20 + ahead) / 1_000) * 1_000, askedAt, askedAt + 40);
  }

  assert.ok(Math.abs(time.aheadMs - ahead) <= 100, `${time.aheadMs} of ${ahead}`);
});
