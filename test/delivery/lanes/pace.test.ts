import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace, Paces } from '../../../src/delivery/lanes/pace.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { PaceSimulation } from '../../support/pace-simulation.ts';

const MINUTE = 60_000;

function mean(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

/** A small repeatable source of chance. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('starts with one in flight', () => {
  const pace = new Pace(new FakeClock());
  assert.equal(pace.waitMs(0), 0);
  pace.started();

  assert.equal(pace.waitMs(1), Number.POSITIVE_INFINITY);
});

test('doubles each round trip up to 64 while a fast receiver has a backlog', () => {
  const simulation = new PaceSimulation({ capacity: 1_000, serviceMs: () => 20 });

  const flights = [];
  for (let round = 0; round < 8; round += 1) flights.push(simulation.run(20).at(0));

  assert.deepEqual(flights, [1, 2, 4, 8, 16, 32, 64, 64]);
});

test('does not grow without a backlog', () => {
  const simulation = new PaceSimulation({ capacity: 1_000, serviceMs: () => 20 });
  simulation.runIdle(1_000, 20);

  assert.equal(simulation.run(20).at(0), 1);
});

for (const [capacity, serviceMs] of [
  [1, 20],
  [4, 100],
  [8, 20],
  [20, 50],
] as const) {
  test(`settles near what a receiver can take: ${capacity} at once, ${serviceMs} ms each`, () => {
    const simulation = new PaceSimulation({ capacity, serviceMs: () => serviceMs });
    simulation.run(20_000);
    const before = simulation.answered;

    const flights = simulation.run(600_000);

    const rate = (simulation.answered - before) / 600_000;
    assert.ok(rate > (0.95 * capacity) / serviceMs, `${rate} an ms`);
    const most = flights.reduce((a, b) => Math.max(a, b), 0);
    assert.ok(most <= 3 * capacity + 2, `${most} in flight at most`);
    assert.ok(mean(flights) >= capacity * 0.95, `${mean(flights)} in flight on average`);
  });
}

test('an hour at a full receiver does not raise what counts as fast', () => {
  const simulation = new PaceSimulation({ capacity: 2, serviceMs: () => 50 });
  simulation.run(MINUTE);
  const early = mean(simulation.run(5 * MINUTE));

  simulation.run(60 * MINUTE);
  const late = mean(simulation.run(5 * MINUTE));

  assert.ok(late < early * 1.2, `${early} in flight early, ${late} late`);
});

test('learns that a receiver has become slower for good', () => {
  const simulation = new PaceSimulation({ capacity: 1_000, serviceMs: () => 10 });
  simulation.run(MINUTE);
  simulation.receiver.serviceMs = () => 80;
  simulation.run(5 * MINUTE);

  assert.ok(mean(simulation.run(MINUTE)) > 60);
});

test('answers that scatter do not keep it slow', () => {
  const random = chance(1);
  const simulation = new PaceSimulation({
    capacity: 1_000,
    serviceMs: () => 20 + 100 * random() ** 2,
  });
  simulation.run(30_000);

  assert.ok(mean(simulation.run(30_000)) > 40);
});

test('the first answer, slowed by setting up a connection, does not count as fast for long', () => {
  let first = true;
  const simulation = new PaceSimulation({
    capacity: 4,
    serviceMs: () => {
      const ms = first ? 400 : 20;
      first = false;
      return ms;
    },
  });
  simulation.run(10_000);

  assert.ok(mean(simulation.run(10_000)) < 16);
});

test('halves on congestion, at most once a round trip', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  let out = 0;
  const fill = () => {
    for (; pace.waitMs(out) <= 0; out += 1) pace.started();
  };
  for (fill(); out < 64; fill()) {
    await clock.advance(20);
    for (let count = out; count > 0; count -= 1) pace.answered(20, false);
    out = 0;
  }

  await clock.advance(20);
  for (; out > 0; out -= 1) pace.answered(20, true);
  fill();

  assert.equal(out, 32);
});

test('goes below one in flight, and recovers', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  const waits: number[] = [];
  for (let count = 0; count < 10; count += 1) {
    pace.started();
    await clock.advance(10);
    pace.answered(10, true);
    waits.push(pace.waitMs(0));
    await clock.advance(pace.waitMs(0));
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);

  let good = 0;
  while (pace.waitMs(0) > 0 || good === 0) {
    await clock.advance(pace.waitMs(0));
    pace.started();
    await clock.advance(10);
    pace.answered(10, false);
    good += 1;
  }

  assert.ok(good < 12, `${good} good answers until it flows`);
});

test('a receiver with a limit gets few requests beyond it', () => {
  const simulation = new PaceSimulation({ capacity: 100, limit: 10, serviceMs: () => 50 });

  simulation.run(5 * MINUTE);

  const share = simulation.congested / (simulation.answered + simulation.congested);
  assert.ok(share < 0.1, `${share} were refused`);
  assert.ok(simulation.answered > 0.5 * 10 * ((5 * MINUTE) / 50), `${simulation.answered}`);
});

test('a time-out does not space requests out: it was slow enough by itself', async () => {
  const clock = new FakeClock();
  const pace = new Pace(clock);
  for (let count = 0; count < 5; count += 1) {
    pace.started();
    await clock.advance(15_000);
    pace.answered(15_000, true);
  }

  assert.equal(pace.waitMs(0), 0);
});

test('a lane with nothing in flight does not wait for a neighbour that hangs', () => {
  const pace = new Pace(new FakeClock());
  pace.started();
  assert.equal(pace.waitMs(1), Number.POSITIVE_INFINITY);

  assert.equal(pace.waitMs(0), 0);
});

test('wakes whoever waits when an answer comes or a request is given up', () => {
  const pace = new Pace(new FakeClock());
  let woken = 0;
  const stop = pace.onRoom(() => {
    woken += 1;
  });
  pace.started();
  pace.answered(1, false);
  pace.started();
  pace.abandoned();
  assert.equal(woken, 2);
  stop();

  pace.started();
  pace.answered(1, false);

  assert.equal(woken, 2);
});

test('routes of one origin share a pace, others do not', () => {
  const paces = new Paces(new FakeClock());

  assert.equal(paces.of('https://a.example'), paces.of('https://a.example'));
  assert.notEqual(paces.of('https://a.example'), paces.of('https://b.example'));
});
