import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteNews } from '../../../src/delivery/lanes/route-news.ts';
import type { RouteState, Verdict } from '../../../src/delivery/lanes/verdict.ts';
import type { Outcome } from '../../../src/delivery/outcome.ts';
import { type LogLevel, openLog } from '../../../src/log.ts';

const NOW = Date.parse('2026-11-21T08:00:00.000Z');
const MINUTE = 60_000;
const flowing: RouteState = { kind: 'flowing' };
const held: RouteState = { kind: 'held', why: '500', since: NOW, until: NOW + 5_000 };
const slowed: RouteState = { kind: 'slowed', why: '429', since: NOW, until: NOW + 1_000 };

type Ended = Exclude<Outcome, { kind: 'cut' }>;

const ok: Ended = { kind: 'delivered', status: 204, ms: 12.4 };
const bad: Ended = { kind: 'failed', why: '500', status: 500, ms: 3.6, congested: false };
const postponed: Verdict = {
  kind: 'postponed',
  at: NOW,
  dueAt: NOW + 5_000,
  charged: false,
  why: '500',
};
const dead: Verdict = { kind: 'dead', at: NOW, why: '400 bad request' };
const delivered: Verdict = { kind: 'delivered', at: NOW, status: 204, ms: 12 };

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function news(level: LogLevel = 'info', state = flowing) {
  const lines: Line[] = [];
  const log = openLog(level, { write: (line) => lines.push(JSON.parse(line)) });
  return { lines, news: new RouteNews(log, 'host#1234', state) };
}

function withoutTime(line: Line | undefined): object {
  const { time: _, ...rest } = line ?? { level: 0, msg: 'no line' };
  return rest;
}

test('says one line an attempt, with all that is known of it', () => {
  const { lines, news: route } = news();

  route.attempted({ event: { id: 'e1' }, attempts: 0 }, ok, delivered, NOW);
  route.attempted(
    { event: { id: 'e2' }, attempts: 2, firstAttemptAt: NOW - 9_000 },
    ok,
    delivered,
    NOW,
  );
  route.attempted({ event: { id: 'e3' }, attempts: 1 }, bad, postponed, NOW);

  const common = { route: 'host#1234', msg: 'delivery attempted' };
  assert.deepEqual(lines.map(withoutTime), [
    { ...common, level: 30, event: 'e1', attempt: 1, ms: 12, outcome: 'delivered', status: 204 },
    {
      ...common,
      level: 30,
      event: 'e2',
      attempt: 3,
      ms: 12,
      outcome: 'delivered',
      status: 204,
      afterMs: 9_000,
    },
    {
      ...common,
      level: 40,
      event: 'e3',
      attempt: 2,
      ms: 4,
      outcome: 'postponed',
      status: 500,
      why: '500',
      nextAt: '2026-11-21T08:00:05.000Z',
    },
  ]);
});

test('says a dead letter on a line of its own, whatever the route does', () => {
  for (const state of [flowing, held]) {
    const { lines, news: route } = news('info', flowing);
    route.changed(state, NOW);
    lines.length = 0;

    route.attempted({ event: { id: 'e1' }, attempts: 4 }, bad, dead, NOW);

    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        [40, 'delivery attempted'],
        [50, 'dead letter'],
      ],
    );
  }
});

test('says one expired event a minute, and how many it did not say', () => {
  const { lines, news: route } = news();
  const why = 'expired: older than 1h';
  for (let n = 0; n < 1_000; n += 1) {
    route.expired({ event: { id: `old${n}` }, attempts: 0 }, why, NOW + n);
    if (n % 100 === 0) route.attempted({ event: { id: 'e' }, attempts: 0 }, ok, delivered, NOW + n);
  }
  route.expired({ event: { id: 'later' }, attempts: 0 }, why, NOW + MINUTE);
  route.expired({ event: { id: 'last' }, attempts: 0 }, why, NOW + MINUTE);
  route.attempted({ event: { id: 'e' }, attempts: 0 }, ok, delivered, NOW + 2 * MINUTE);

  assert.deepEqual(
    lines.filter(({ level }) => level === 50).map(({ msg, event, unsaid }) => [msg, event, unsaid]),
    [
      ['dead letter', 'old0', undefined],
      ['dead letter', 'later', 999],
      ['dead letters', undefined, 1],
    ],
  );
});

test('leaves no expired event uncounted when its lane ends', () => {
  const { lines, news: route } = news();
  for (const id of ['a', 'b', 'c']) route.expired({ event: { id }, attempts: 0 }, 'expired', NOW);

  route.ended();
  route.ended();

  assert.deepEqual(
    lines.map(({ msg, unsaid }) => [msg, unsaid]),
    [
      ['dead letter', undefined],
      ['dead letters', 2],
    ],
  );
});

test('says once that a route is held and once that it flows, with what it cost', () => {
  const { lines, news: route } = news();
  route.changed(held, NOW);
  for (let count = 0; count < 30; count += 1) {
    route.changed({ ...held, until: NOW + count }, NOW + count);
    route.attempted({ event: { id: 'e1' }, attempts: 0 }, bad, postponed, NOW + count);
  }

  route.changed(flowing, NOW + 30_000);

  assert.deepEqual(lines.map(withoutTime), [
    {
      level: 40,
      route: 'host#1234',
      why: '500',
      until: '2026-11-21T08:00:05.000Z',
      msg: 'route held',
    },
    {
      level: 30,
      route: 'host#1234',
      was: 'held',
      forMs: 30_000,
      failures: 30,
      msg: 'route flowing',
    },
  ]);
});

test('while trouble lasts it says a failure a minute, and how many it did not say', () => {
  const { lines, news: route } = news();
  route.changed(held, NOW);
  lines.length = 0;

  for (let second = 1; second <= 180; second += 1) {
    const attempt = { event: { id: `e${second}` }, attempts: 0 };
    route.attempted(attempt, bad, postponed, NOW + second * 1_000);
  }

  assert.deepEqual(
    lines.map(({ event, unsaid }) => [event, unsaid]),
    [
      ['e60', 59],
      ['e120', 59],
      ['e180', 59],
    ],
  );
});

test('every attempt stands in the log at debug', () => {
  const { lines, news: route } = news('debug');
  route.changed(held, NOW);

  for (let count = 0; count < 10; count += 1) {
    route.attempted({ event: { id: 'e' }, attempts: 0 }, bad, postponed, NOW);
  }

  assert.equal(lines.filter(({ msg }) => msg === 'delivery attempted').length, 10);
});

test('a receiver that throttles every second is said once a minute, both ways', () => {
  const { lines, news: route } = news();

  for (let second = 0; second < 120; second += 1) {
    route.changed(slowed, NOW + second * 1_000);
    route.changed(flowing, NOW + second * 1_000 + 500);
  }

  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['route slowed', 'route flowing', 'route slowed', 'route flowing'],
  );
});

test('a hold is always said, even just after another', () => {
  const { lines, news: route } = news();
  route.changed(slowed, NOW);
  route.changed(held, NOW + 1);
  route.changed(flowing, NOW + 2);
  route.changed(held, NOW + 3);

  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['route slowed', 'route held', 'route flowing', 'route held'],
  );
});

test('a route that is held from an earlier run says its first failure', () => {
  const { lines, news: route } = news('info', held);

  route.attempted({ event: { id: 'e1' }, attempts: 3 }, bad, postponed, NOW + MINUTE);

  assert.equal(lines.length, 1);
});
