/** The table of the design, in each order: whose trouble is it when a route asks for order? */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scheduleOf } from '../../../src/delivery/lanes/schedule.ts';
import { type Failure, outcomeOf, type StatusRules } from '../../../src/delivery/outcome.ts';
import {
  DAY,
  HOUR,
  MINUTE,
  ok,
  RouteSimulation,
  refused,
  SECOND,
  type SimulationOptions,
} from '../../support/route-simulation.ts';

const POISON = 20;
/** Events five minutes apart over five days, as ten people make them. */
const COUNT = 1_440;
const APART = 5 * MINUTE;

type OrderOptions = Pick<SimulationOptions, 'laneOf' | 'strict' | 'inFlight'>;
const ORDERS: readonly (readonly [name: string, options: OrderOptions])[] = [
  ['none', { inFlight: 8 }],
  ['key', { inFlight: 8, laneOf: (seq) => `person ${seq % 10}` }],
  ['strict', { strict: true }],
];

function status(code: number, rules?: StatusRules): Failure {
  const outcome = outcomeOf({ kind: 'answered', status: code, ms: 10 }, rules);
  assert.ok(outcome.kind !== 'delivered' && outcome.kind !== 'cut');
  return outcome;
}

function simulate(options: SimulationOptions): RouteSimulation {
  const route = new RouteSimulation(options);
  route.addMany(0, COUNT, 0, APART);
  return route;
}

/** What was delivered, in the order it was, of each lane. */
function assertInOrder(route: RouteSimulation, laneOf: (seq: number) => string): void {
  const last = new Map<string, number>();
  for (const seq of route.delivered) {
    assert.ok(seq > (last.get(laneOf(seq)) ?? -1), `${seq} came after ${last.get(laneOf(seq))}`);
    last.set(laneOf(seq), seq);
  }
}

/** No neighbour waited for the poison event. */
function assertPrompt(route: RouteSimulation): void {
  for (const { seq, at } of route.attempts) {
    if (seq !== POISON) assert.ok(at - seq * APART < SECOND, `${seq} waited`);
  }
}

const laneOfOrder = ({ strict, laneOf }: OrderOptions) =>
  strict ? () => '' : (laneOf ?? ((seq: number) => String(seq)));

for (const [order, options] of ORDERS) {
  test(`order ${order}: a key revoked for three days costs no event`, () => {
    const route = simulate({
      ...options,
      receiver: (_seq, at) => (at > HOUR && at < 3 * DAY ? status(401) : ok),
    });

    route.runTo(5 * DAY + HOUR);

    assert.deepEqual(route.dead, []);
    assert.equal(route.delivered.length, COUNT);
    assertInOrder(route, laneOfOrder(options));
  });

  test(`order ${order}: a receiver that fails every other time gets everything`, () => {
    let n = 0;
    const route = simulate({
      ...options,
      receiver: () => {
        n = (Math.imul(n, 1_664_525) + 1_013_904_223) >>> 0;
        return n / 2 ** 32 < 0.5 ? ok : status(500);
      },
    });

    route.runTo(6 * DAY);

    assert.deepEqual(route.dead, []);
    assert.equal(route.delivered.length, COUNT);
    assertInOrder(route, laneOfOrder(options));
  });

  test(`order ${order}: a verdict on one event kills that one alone, in about an hour`, () => {
    const route = simulate({
      ...options,
      receiver: (seq) => (seq === POISON ? status(422) : ok),
    });

    route.runTo(5 * DAY + HOUR);

    assert.deepEqual(route.dead, [POISON]);
    assert.equal(route.delivered.length, COUNT - 1);
    const [first, ...again] = route.attemptsOf(POISON).map(({ at }) => at);
    const lastedMs = again.at(-1)! - first!;
    assert.ok(lastedMs > 29 * MINUTE && lastedMs < 80 * MINUTE, `${lastedMs / MINUTE} min`);
    assertInOrder(route, laneOfOrder(options));
    if (order === 'none') assertPrompt(route);
  });

  test(`order ${order}: 403 to one event, with the route saying that 403 judges the event`, () => {
    const rules = { event: [403] };
    const route = simulate({
      ...options,
      receiver: (seq) => (seq === POISON ? status(403, rules) : ok),
    });

    route.runTo(5 * DAY + HOUR);

    assert.deepEqual(route.dead, [POISON]);
    assert.equal(route.delivered.length, COUNT - 1);
  });

  test(`order ${order}: a status that is the route's is never held against an event`, () => {
    const rules = { route: [422, 500] };
    const route = simulate({
      ...options,
      receiver: (seq, at) => (seq === POISON && at < 4 * DAY ? status(422, rules) : ok),
    });

    route.runTo(5 * DAY + HOUR);

    assert.deepEqual(route.dead, []);
    assert.equal(route.delivered.length, COUNT);
  });

  test(`order ${order}: the route's own delays stand for the usual ones`, () => {
    const route = simulate({
      ...options,
      random: () => 0,
      schedule: scheduleOf([10 * SECOND, 20 * SECOND]),
      receiver: (seq) => (seq === POISON ? status(422) : ok),
    });

    route.runTo(5 * DAY + HOUR);

    const charged = route
      .attemptsOf(POISON)
      .filter(
        ({ verdict }) =>
          verdict.kind === 'dead' || (verdict.kind === 'postponed' && verdict.charged),
      );
    assert.deepEqual(route.dead, [POISON]);
    assert.equal(charged.length, 2, 'a try before anything is charged, and one for each delay');
  });
}

for (const [order, options] of ORDERS.slice(0, 2)) {
  for (const code of [403, 500]) {
    test(`order ${order}: ${code} to one event for ever kills that one alone, after three days`, () => {
      const route = simulate({
        ...options,
        receiver: (seq) => (seq === POISON ? status(code) : ok),
      });

      route.runTo(5 * DAY + HOUR);

      assert.deepEqual(route.dead, [POISON]);
      assert.equal(route.delivered.length, COUNT - 1);
      const diedAt = route.attemptsOf(POISON).at(-1)?.at ?? 0;
      assert.ok(diedAt > 70 * HOUR && diedAt < 96 * HOUR, `${diedAt / HOUR} h`);
      if (order === 'none') assertPrompt(route);
      assertInOrder(route, laneOfOrder(options));
      if (order === 'key') {
        const waited = route.attemptsOf(POISON + 10)[0]?.at ?? 0;
        assert.ok(waited >= diedAt, 'the next one of the same person waited for it');
        const neighbour = route.attemptsOf(POISON + 1)[0]?.at ?? 0;
        assert.ok(neighbour < 3 * HOUR, 'another one did not');
      }
    });
  }
}

for (const code of [403, 500]) {
  test(`order strict: ${code} at the head holds the route; nothing dies, nothing overtakes it`, () => {
    const route = simulate({
      strict: true,
      receiver: (seq, at) => (seq === POISON && at < 4 * DAY ? status(code) : ok),
    });

    route.runTo(4 * DAY - MINUTE);
    const { state } = route.trouble;
    const before = route.delivered.length;
    route.runTo(5 * DAY + HOUR);

    assert.equal(state.kind, 'held');
    assert.equal(before, POISON);
    assert.deepEqual(route.dead, []);
    assert.equal(route.delivered.length, COUNT);
    assertInOrder(route, () => '');
  });
}

for (const restarts of [false, true]) {
  test(`order strict: 404 to everything kills one event and then holds${restarts ? ', restarts or not' : ''}`, () => {
    const route = simulate({
      strict: true,
      receiver: (_seq, at) => (at > HOUR && at < 3 * DAY ? status(404) : ok),
    });
    for (let hour = 1; hour <= 71; hour += 1) {
      route.runTo(hour * HOUR + 40 * MINUTE);
      if (restarts) route.restart();
    }
    const { state } = route.trouble;

    route.runTo(5 * DAY + HOUR);

    assert.equal(state.kind, 'held');
    assert.equal(route.dead.length, 1);
    assert.equal(route.delivered.length, COUNT - 1);
  });
}

test('order strict: two poison events with a delivery between them both die', () => {
  const route = simulate({
    strict: true,
    receiver: (seq) => (seq === POISON || seq === POISON + 2 ? status(400) : ok),
  });

  route.runTo(5 * DAY + HOUR);

  assert.deepEqual(route.dead, [POISON, POISON + 2]);
  assert.equal(route.delivered.length, COUNT - 2);
});

test('order strict: two poison events in a row hold it until a person vouches for the route', () => {
  const route = simulate({
    strict: true,
    receiver: (seq) => (seq === POISON || seq === POISON + 1 ? status(400) : ok),
  });
  route.runTo(DAY);
  assert.deepEqual(route.dead, [POISON]);
  assert.equal(route.trouble.state.kind, 'held');

  route.trouble.vouch();
  route.trouble.tryAgain(route.wall);
  route.runTo(5 * DAY + HOUR);

  assert.deepEqual(route.dead, [POISON, POISON + 1]);
  assert.equal(route.delivered.length, COUNT - 2);
});

test('order strict: an event that was charged before a restart goes on from there', () => {
  const route = simulate({
    strict: true,
    receiver: (seq) => (seq === POISON ? status(400) : ok),
  });
  route.runTo(POISON * APART + 10 * MINUTE + SECOND);
  assert.equal(route.attemptsOf(POISON).length, 4);

  route.restart();
  route.runTo(DAY);

  assert.deepEqual(route.dead, [POISON]);
  assert.equal(route.attemptsOf(POISON).length, 5);
});

test('order strict: poison behind an outage dies all the same', () => {
  const route = simulate({
    strict: true,
    receiver: (seq, at) => {
      if (at > HOUR && at < DAY) return refused;
      return seq === POISON ? status(400) : ok;
    },
  });

  route.runTo(5 * DAY + HOUR);

  assert.deepEqual(route.dead, [POISON]);
  assert.equal(route.delivered.length, COUNT - 1);
});

for (const delays of [[], [SECOND]]) {
  test(`no event dies before others got through, be there ${delays.length} delays or none`, () => {
    const route = simulate({
      inFlight: 8,
      schedule: scheduleOf(delays),
      receiver: (_seq, at) => (at < 2 * DAY ? status(400) : ok),
    });

    route.runTo(6 * DAY);

    assert.deepEqual(route.dead, []);
    assert.equal(route.delivered.length, COUNT);
  });
}
