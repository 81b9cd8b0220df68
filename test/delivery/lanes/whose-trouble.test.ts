import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleOf } from '../../../src/delivery/lanes/schedule.ts';
import type { RouteState } from '../../../src/delivery/lanes/verdict.ts';
import { RouteTrouble } from '../../../src/delivery/lanes/whose-trouble.ts';
import type { Failure } from '../../../src/delivery/outcome.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  ok,
  RouteSimulation,
  refused,
  SECOND,
  status,
} from '../../support/route-simulation.ts';

const POISON = 1_000_000;

function gaps(route: RouteSimulation): number[] {
  return route.attempts.slice(1).map(({ at }, index) => at - (route.attempts[index]?.at ?? 0));
}

/** A small repeatable source of chance. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const { code, inFlight, tries, fromMs, toMs } of [
  { code: 400, inFlight: 1, tries: 5, fromMs: 29 * MINUTE, toMs: 40 * MINUTE },
  { code: 400, inFlight: 64, tries: 5, fromMs: 29 * MINUTE, toMs: 40 * MINUTE },
  { code: 500, inFlight: 1, tries: 20, fromMs: 70 * HOUR, toMs: 90 * HOUR },
  { code: 500, inFlight: 64, tries: 20, fromMs: 70 * HOUR, toMs: 90 * HOUR },
  { code: 403, inFlight: 8, tries: 20, fromMs: 70 * HOUR, toMs: 90 * HOUR },
  { code: 410, inFlight: 8, tries: 20, fromMs: 70 * HOUR, toMs: 90 * HOUR },
]) {
  test(`an event that gets ${code} for ever among good ones dies after ${tries} tries and stops nobody (${inFlight} in flight)`, () => {
    const route = new RouteSimulation({
      inFlight,
      receiver: (seq) => (seq === POISON ? status(code) : ok),
    });
    route.add(POISON);
    route.addMany(1, 120, 0, SECOND);
    route.addMany(1_000, 1_080, 2 * MINUTE, 5 * MINUTE);

    route.runTo(4 * DAY);

    assert.deepEqual(route.dead, [POISON]);
    assert.equal(route.delivered.length, 1_200);
    const poison = route.attemptsOf(POISON);
    assert.equal(poison.length, tries);
    const diedAt = poison.at(-1)?.at ?? 0;
    assert.ok(diedAt >= fromMs && diedAt <= toMs, `died after ${diedAt / HOUR} h`);
    assert.ok(!route.states.some(({ kind }) => kind === 'held'));
  });
}

for (const { waits, least, why } of [
  { waits: [12 * SECOND], least: [12, 12, 20, 40], why: 'its last wait goes on' },
  { waits: [MINUTE, 2 * MINUTE], least: [60, 120, 120, 120], why: 'each wait in turn' },
  { waits: [HOUR], least: [3600, 900, 900, 900], why: 'but no longer than between probes' },
  { waits: [SECOND], least: [1, 10, 20, 40], why: 'shorter ones do not press a dead receiver' },
]) {
  test(`an event that fails alone keeps to the waits of its route: ${why}`, () => {
    const route = new RouteSimulation({
      receiver: () => status(500),
      random: () => 0,
      latencyMs: 0,
      schedule: scheduleOf(waits),
    });
    route.add(1);

    route.runTo(3 * HOUR);

    const waited = gaps(route).slice(0, least.length);
    assert.deepEqual(
      waited,
      least.map((seconds) => seconds * SECOND),
    );
  });
}

test('the last try of an event is not spent while nobody gets through', () => {
  const failing = new Set([POISON]);
  const route = new RouteSimulation({
    receiver: (seq) => (failing.has(seq) ? status(400) : ok),
  });
  route.add(POISON);
  route.addMany(1, 10 * 60, SECOND, SECOND);
  route.runTo(9 * MINUTE); // four of five tries are spent

  route.addMany(10_000, 50, 11 * MINUTE);
  for (let seq = 10_000; seq < 10_050; seq += 1) failing.add(seq);
  route.runTo(DAY);

  assert.deepEqual(route.dead, []);
});

const DOWN: readonly (readonly [string, Failure])[] = [
  ['500', status(500)],
  ['401', status(401)],
  ['400 to everything', status(400)],
  ['a refused connection', refused],
  ['503 with Retry-After', status(503, 120 * SECOND)],
];

for (const [why, failure] of DOWN) {
  for (const inFlight of [1, 64]) {
    test(`three days of ${why} cost no event a try (${inFlight} in flight)`, () => {
      const route = new RouteSimulation({
        inFlight,
        receiver: (_seq, at) => (at > HOUR && at < 3 * DAY ? failure : ok),
        random: chance(1),
      });
      route.addMany(1, 600, 0, 10 * SECOND);

      route.runTo(3 * DAY + 2 * HOUR);

      assert.deepEqual(route.dead, []);
      assert.equal(route.delivered.length, 600);
      const charged = route.attempts.filter(
        ({ verdict }) => verdict.kind === 'postponed' && verdict.charged,
      );
      assert.deepEqual(charged, []);
      const probes = route.attempts.filter(({ at }) => at > HOUR + MINUTE && at < 3 * DAY);
      assert.ok(probes.length < 71 * 5, `${probes.length} probes in 71 h`);
      assert.ok(probes.length > 71 * 3, `${probes.length} probes in 71 h`);
    });
  }
}

test('a held route is probed 5 s to 15 min apart, each time with another event', () => {
  const route = new RouteSimulation({ receiver: () => refused, random: chance(7) });
  route.addMany(1, 500);

  route.runTo(12 * HOUR);

  const [first, ...between] = gaps(route);
  assert.equal(first, 10, 'the second failure, which holds it');
  const wanted = [5, 10, 20, 40, 80, 160, 320, 640, 900];
  for (const [index, gap] of between.entries()) {
    const delay = (wanted[index] ?? 900) * SECOND;
    assert.ok(gap >= delay && gap <= delay * 1.2 + 20, `probe ${index} came after ${gap} ms`);
  }
  const probed = route.attempts.map(({ seq }) => seq);
  for (const [index, seq] of probed.entries()) assert.notEqual(seq, probed[index + 1]);
  assert.ok(new Set(probed).size > probed.length / 2);
});

test('what was in flight when the hold began does not put the first probe off', () => {
  const route = new RouteSimulation({ receiver: () => status(500), inFlight: 64, random: () => 0 });
  route.addMany(1, 500);

  route.runTo(5 * SECOND);
  const before = route.attempts.length;
  route.runTo(5 * SECOND + 20);

  assert.equal(before, 64);
  assert.equal(route.attempts.length, 65);
});

for (const count of [2, 3, 20]) {
  test(`the first success sets a held route flowing, and all ${count} that failed are due at once`, () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const route = new RouteSimulation({
        receiver: (_seq, at) => (at < DAY ? status(500) : ok),
        random: chance(seed),
      });
      route.addMany(1, count);
      route.runTo(DAY + HOUR);

      const deliveredAt = route.attempts.filter(({ at }) => at >= DAY).map(({ at }) => at);
      assert.equal(deliveredAt.length, count);
      assert.ok((deliveredAt.at(-1) ?? 0) - (deliveredAt[0] ?? 0) < SECOND);
      assert.equal(route.trouble.state.kind, 'flowing');
    }
  });
}

for (const failure of [status(400), status(500), refused]) {
  test(`a lone event that gets ${failure.why} never dies while nobody else gets through`, () => {
    const route = new RouteSimulation({ receiver: () => failure, random: chance(3) });
    route.add(1);

    route.runTo(30 * DAY);

    assert.deepEqual(route.dead, []);
    assert.equal(route.trouble.state.kind, 'held');
    const last = gaps(route).slice(-100);
    assert.ok(last.every((gap) => gap >= 15 * MINUTE && gap <= 18 * MINUTE + SECOND));
  });
}

for (const restarts of [false, true]) {
  test(`a new event is tried at once while a lone one fails${restarts ? ', after a restart too' : ''}`, () => {
    const route = new RouteSimulation({
      receiver: (seq) => (seq === POISON ? status(500) : ok),
      random: chance(5),
    });
    route.add(POISON);
    route.runTo(DAY);
    assert.equal(route.trouble.state.kind, 'held');
    if (restarts) route.restart();

    route.add(1);
    route.runTo(DAY + 50);

    assert.deepEqual(route.delivered, [1]);
    assert.equal(route.trouble.state.kind, 'flowing');
  });
}

test('of two new events that fail after a lone one, only the first is tried at once', () => {
  const route = new RouteSimulation({ receiver: () => status(500), random: () => 0 });
  route.add(1);
  route.runTo(DAY);
  const before = route.attempts.length;

  route.addMany(2, 10);
  route.runTo(DAY + 30 * SECOND);

  assert.equal(route.attempts.length, before + 1);
});

test('410 on everything waits for a person, who sets it going again', () => {
  let code = 410;
  const route = new RouteSimulation({ receiver: () => (code === 200 ? ok : status(code)) });
  route.addMany(1, 100);
  route.runTo(10 * MINUTE);
  const { state } = route.trouble;
  assert.ok(state.kind === 'held' && state.until === undefined);
  assert.equal(route.trouble.waitMs(route.wall, 0), Number.POSITIVE_INFINITY);
  const before = route.attempts.length;
  route.runTo(10 * DAY);
  assert.equal(route.attempts.length, before);

  code = 200;
  route.trouble.tryAgain(route.wall);
  route.runTo(10 * DAY + MINUTE);

  assert.equal(route.delivered.length, 100);
});

test('410 to one event, with nobody else to ask, does not wait for a person', () => {
  const route = new RouteSimulation({ receiver: (seq) => (seq === POISON ? status(410) : ok) });
  route.add(POISON);
  route.runTo(DAY);

  route.add(1);
  route.runTo(DAY + 50);

  assert.deepEqual(route.delivered, [1]);
});

test('a 410 that is saved and then restarted by a person is probed again', () => {
  const route = new RouteSimulation({ receiver: () => status(410) });
  route.addMany(1, 100);
  route.runTo(HOUR);
  const before = route.attempts.length;

  route.restart();
  route.runTo(2 * HOUR);

  const again = route.attempts.length - before;
  assert.ok(again >= 1 && again <= 5, `${again} attempts after a restart`);
  const { state } = route.trouble;
  assert.ok(state.kind === 'held' && state.until === undefined);
});

test('Retry-After slows the whole route and charges nobody', () => {
  const route = new RouteSimulation({
    inFlight: 8,
    receiver: (_seq, at) => (at >= MINUTE && at < MINUTE + 100 ? status(429, 10 * MINUTE) : ok),
  });
  route.addMany(1, 1_200, 0, 100);

  route.runTo(9 * MINUTE);
  const during = route.attempts.filter(({ at }) => at > MINUTE + 110).length;
  const { state } = route.trouble;
  route.runTo(12 * MINUTE);

  assert.equal(during, 0);
  assert.equal(state.kind, 'slowed');
  assert.equal(route.delivered.length, 1_200);
  assert.ok(!route.attempts.some(({ verdict }) => verdict.kind === 'postponed' && verdict.charged));
});

test('a pause that was asked for also holds back what arrives at a held route', () => {
  const route = new RouteSimulation({ receiver: () => status(503, HOUR), random: () => 0 });
  route.add(1);
  route.runTo(5 * HOUR + MINUTE); // five failures of one event: held, and asked to wait an hour more
  assert.equal(route.trouble.state.kind, 'held');
  const before = route.attempts.length;

  route.add(2);
  route.runTo(5 * HOUR + 30 * MINUTE);

  assert.equal(route.attempts.length, before);
});

test('429 without Retry-After pauses longer and longer, once a round and not once an answer', () => {
  const route = new RouteSimulation({ inFlight: 16, receiver: () => status(429), random: () => 0 });
  route.addMany(1, 2_000);

  route.runTo(500);
  const { state } = route.trouble;
  assert.ok(state.kind === 'slowed' && state.until === route.offset + 10 + SECOND);
  route.runTo(HOUR);

  assert.deepEqual(route.dead, []);
  const rounds = new Set(route.attempts.map(({ at }) => at)).size;
  assert.ok(rounds <= 70, `${rounds} rounds in an hour`);
});

test('429 from a held route is a probe like any other', () => {
  let failure = refused;
  const route = new RouteSimulation({ receiver: () => failure, random: () => 0 });
  route.addMany(1, 100);
  route.runTo(MINUTE);
  failure = status(429);
  const before = route.attempts.length;

  route.runTo(HOUR);

  assert.ok(route.attempts.length - before < 12, `${route.attempts.length - before} probes`);
  assert.equal(route.trouble.state.kind, 'held');
});

test('Retry-After: 0 on a 429 does not hammer', () => {
  const route = new RouteSimulation({ receiver: () => status(429, 0) });
  route.addMany(1, 100);

  route.runTo(MINUTE);

  assert.ok(route.attempts.length < 10, `${route.attempts.length} attempts in a minute`);
});

for (const seed of [1, 2, 3, 4, 5]) {
  test(`a receiver that fails every other time gets everything in the end (seed ${seed})`, () => {
    const random = chance(seed);
    const route = new RouteSimulation({
      inFlight: 8,
      random,
      receiver: () => (random() < 0.5 ? ok : status(500)),
    });
    route.addMany(1, 1_000, 0, 100);

    route.runTo(2 * DAY);

    assert.deepEqual(route.dead, []);
    assert.equal(route.delivered.length, 1_000);
    const heldMs = route.attempts.filter(({ at }) => at < 2 * MINUTE).length;
    assert.ok(heldMs > 800, `only ${heldMs} attempts in the first two minutes`);
  });
}

test('one poison event on a quiet route dies in the end, and the others pass', () => {
  const route = new RouteSimulation({ receiver: (seq) => (seq === POISON ? status(400) : ok) });
  route.add(POISON);
  route.addMany(1, 48, 30 * MINUTE, 30 * MINUTE);

  route.runTo(2 * DAY);

  assert.deepEqual(route.dead, [POISON]);
  assert.equal(route.delivered.length, 48);
});

test('an outage with restarts every hour kills nothing', () => {
  const route = new RouteSimulation({
    inFlight: 8,
    receiver: (_seq, at) => (at < 3 * DAY ? status(400) : ok),
  });
  route.addMany(1, 300);
  for (let hour = 1; hour <= 80; hour += 1) {
    route.runTo(hour * HOUR);
    route.restart();
  }

  assert.deepEqual(route.dead, []);
  assert.equal(route.delivered.length, 300);
});

test('goes on from the state that was saved', () => {
  const now = 1_000_000;
  const held: RouteState = { kind: 'slowed', why: '429', since: now, until: now + MINUTE };
  const trouble = new RouteTrouble({ state: held, now, random: () => 0, onChange: () => {} });

  assert.equal(trouble.waitMs(now, 0), MINUTE);
  trouble.judge({ seq: 1, attempts: 0, tries: 0 }, ok, now + 1);
  assert.equal(trouble.state.kind, 'slowed', 'the time that was asked for is kept to');
  trouble.judge({ seq: 1, attempts: 0, tries: 0 }, ok, now + MINUTE);
  assert.equal(trouble.state.kind, 'flowing');
});

test('a clock that was set back while loghook was off does not hold a route for days', () => {
  const now = 1_000_000;
  const until = now + 30 * DAY;
  for (const kind of ['slowed', 'held'] as const) {
    const state: RouteState = { kind, why: 'x', since: until - MINUTE, until };
    const trouble = new RouteTrouble({ state, now, random: () => 0, onChange: () => {} });

    assert.equal(trouble.waitMs(now, 0), 0);
  }
});

test('a clock that is set back moves holds with it and charges nobody', () => {
  const route = new RouteSimulation({
    receiver: (seq, at) => (seq === POISON || at > HOUR ? status(400) : ok),
  });
  route.addMany(1, 10, HOUR - MINUTE, SECOND);
  route.runTo(HOUR);
  route.add(POISON, HOUR + SECOND);
  route.addMany(100, 10, HOUR + SECOND);
  route.runTo(HOUR + MINUTE);
  const before = route.trouble.waitMs(route.wall, 0);

  route.offset -= DAY;
  route.trouble.clockSetBack(DAY);
  assert.equal(route.trouble.waitMs(route.wall, 0), before);
  route.runTo(3 * DAY);

  assert.deepEqual(route.dead, []);
});

test('a success before the clock was set back proves nothing against a later failure', () => {
  const now = 1_800_000_000_000;
  const state: RouteState = { kind: 'flowing' };
  const trouble = new RouteTrouble({ state, now, random: () => 0, onChange: () => {} });
  trouble.judge({ seq: 1, attempts: 0, tries: 0 }, ok, now);
  trouble.clockSetBack(DAY);

  const event = { seq: 2, attempts: 1, tries: 0, lastAttemptAt: now - DAY + SECOND };
  const verdict = trouble.judge(event, status(400), now - DAY + MINUTE);

  assert.ok(verdict.kind === 'postponed' && !verdict.charged);
});

test('a clock that jumps a day ahead kills nothing and opens the gate', () => {
  const route = new RouteSimulation({ receiver: () => status(400) });
  route.addMany(1, 10);
  route.runTo(HOUR);

  route.offset += DAY;

  assert.equal(route.trouble.waitMs(route.wall, 0), 0);
  route.runTo(2 * HOUR);
  assert.deepEqual(route.dead, []);
});

test('every failure that keeps an event says when it is due, and a dead one why', () => {
  const route = new RouteSimulation({ receiver: (seq) => (seq === POISON ? status(400) : ok) });
  route.add(POISON);
  route.addMany(1, 3_600, 0, SECOND);
  route.runTo(HOUR);

  for (const { verdict } of route.attemptsOf(POISON)) {
    assert.ok(verdict.kind !== 'delivered');
    assert.equal(verdict.why, '400');
    assert.equal(verdict.status, 400);
    if (verdict.kind === 'postponed') assert.ok(verdict.dueAt >= verdict.at + 5 * SECOND);
  }
});
