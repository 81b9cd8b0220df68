/** The outbox contract, the part on order: deliveries of one lane never overtake one another. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Delivery, Outbox, RouteRef, Settlement } from '../../src/state/outbox.ts';
import { type FakeClock, settle } from '../support/fake-clock.ts';
import {
  A,
  allTo,
  B,
  dead,
  delivered,
  eventOf,
  eventsOf,
  expired,
  idsOf,
  laneOf,
  never,
  ordered,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { randomFrom } from '../support/random.ts';
import type { OutboxStore } from './outbox.ts';

const STRICT = ordered(A, 1);
const KEYED = ordered(A, 3);
const DAY_MS = 86_400_000;

/** The n of each event. */
function numbersOf(deliveries: readonly Delivery[]): number[] {
  return idsOf(deliveries).map((id) => Number(id.slice('event-'.length)));
}

export function orderContract(name: string, storeFor: (t: TestContext) => OutboxStore): void {
  async function opened(t: TestContext, ...routes: readonly RouteRef[]) {
    const store = storeFor(t);
    const { clock } = store;
    let outbox = await store.open();
    await outbox.adopt(routes);
    return {
      clock,
      store,
      commit: (from: number, count: number) =>
        outbox.commit(pageOf(eventsOf(from, count)), allTo(...routes), never),
      take: (most?: number) => takeDue(outbox, A, clock.now(), most),
      end: (deliveries: readonly Delivery[], how: (clock: FakeClock) => Settlement) =>
        recordAll(
          outbox,
          clock,
          A,
          deliveries.map((delivery) => [delivery, how(clock)]),
        ),
      reopen: async () => {
        outbox = await store.open();
        await outbox.adopt(routes);
      },
      adopt: (...others: readonly RouteRef[]) => outbox.adopt(others),
      outbox: () => outbox,
    };
  }

  test(`${name}: of a lane only the earliest is due, and the next one when that is settled`, async (t) => {
    const { commit, take, end } = await opened(t, KEYED);
    await commit(0, 9);

    const first = await take();
    const meanwhile = await take();
    await end([first[1]!], delivered);

    assert.deepEqual(numbersOf(first), [0, 1, 2]);
    assert.deepEqual(
      first.map(({ lane }) => lane),
      ['lane 0', 'lane 1', 'lane 2'],
    );
    assert.deepEqual(meanwhile, []);
    assert.deepEqual(numbersOf(await take()), [4]);
  });

  test(`${name}: those that are committed later wait for those before them`, async (t) => {
    const { commit, take, end } = await opened(t, STRICT);
    await commit(0, 2);
    const [zero] = await take();
    await commit(2, 2);

    assert.deepEqual(await take(), []);
    await end([zero!], delivered);

    const order: number[] = [];
    for (let due = await take(); due.length > 0; due = await take()) {
      order.push(...numbersOf(due));
      await end(due, delivered);
    }
    assert.deepEqual(order, [1, 2, 3]);
  });

  test(`${name}: what has no lane waits for nobody`, async (t) => {
    const { order } = STRICT;
    const some: RouteRef = {
      ...A,
      order: {
        by: 'some',
        laneOf: (event) => (event.id < eventOf(5).id ? order?.laneOf(event) : undefined),
      },
    };
    const { commit, take } = await opened(t, some);
    await commit(0, 8);

    assert.deepEqual(numbersOf(await take()), [0, 5, 6, 7]);
  });

  test(`${name}: one that is postponed keeps its lane waiting, and no other`, async (t) => {
    const { clock, commit, take, end } = await opened(t, KEYED);
    await commit(0, 6);
    const [zero, one, two] = await take();
    await end([zero!], (at) => postponed(at, 60_000));
    await end([one!, two!], delivered);

    assert.deepEqual(numbersOf(await take()), [4, 5]);
    await clock.advance(60_000);
    const again = await take();
    await end(again, delivered);

    assert.deepEqual(numbersOf(again), [0]);
    assert.deepEqual(numbersOf(await take()), [3]);
  });

  for (const [what, how] of [
    ['a dead letter', dead],
    ['one that is too old', expired],
  ] as const) {
    test(`${name}: ${what} frees its lane`, async (t) => {
      const { commit, take, end } = await opened(t, STRICT);
      await commit(0, 2);

      await end(await take(), how);

      assert.deepEqual(numbersOf(await take()), [1]);
    });
  }

  test(`${name}: due wakes for the next of a lane, far sooner than records gather`, async (t) => {
    const { clock, commit, outbox } = await opened(t, STRICT);
    await commit(0, 2);
    const due = outbox().due(laneOf(A), never)[Symbol.asyncIterator]();
    const first = (await due.next()).value;
    const next = due.next();

    const recorded = outbox().record(A, first, delivered(clock));
    await clock.advance(2);
    await recorded;

    assert.deepEqual(numbersOf([(await next).value]), [1]);
  });

  test(`${name}: one that is freed takes its place in the log, before later ones`, async (t) => {
    const { commit, take, end } = await opened(t, ordered(A, 600));
    // 0-599 are the first of their lanes, 600-1199 wait; what is taken first is in memory up to there.
    await commit(0, 1_200);
    const [zero] = await take(1);

    await end([zero!], delivered);

    const rest = numbersOf(await take());
    assert.deepEqual(
      rest,
      Array.from({ length: 600 }, (_, index) => index + 1),
    );
  });

  test(`${name}: a restart keeps the order`, async (t) => {
    const { commit, take, end, reopen } = await opened(t, KEYED);
    await commit(0, 9);
    const taken = await take();
    await end([taken[0]!], delivered);
    await end([taken[1]!], (at) => postponed(at, DAY_MS));

    await reopen();

    assert.deepEqual(numbersOf(await take()), [2, 3]);
  });

  test(`${name}: a route that gets an order, another one or none has what it owes in it`, async (t) => {
    const { clock, commit, take, end, adopt } = await opened(t, A);
    await commit(0, 700);
    const [zero, one] = await take(2);
    await end([zero!, one!], (at) => postponed(at, 1_000));

    await adopt(KEYED);
    assert.deepEqual(numbersOf(await take()), [2]);
    await clock.advance(1_000);
    assert.deepEqual(numbersOf(await take()), [0, 1]);

    await adopt(STRICT);
    assert.deepEqual(numbersOf(await take()), [0]);

    await adopt(A);
    assert.equal((await take()).length, 700);
  });

  test(`${name}: an order that stays keeps what is out, out`, async (t) => {
    const { commit, take, end, adopt } = await opened(t, STRICT);
    await commit(0, 3);
    const [zero] = await take();

    await adopt(STRICT, B);

    assert.deepEqual(await take(), []);
    await end([zero!], delivered);
    assert.deepEqual(numbersOf(await take()), [1]);
  });

  test(`${name}: one that is replayed comes next when another of its lane is out`, async (t) => {
    const { commit, take, end, store, outbox } = await opened(t, STRICT);
    await commit(0, 4);
    await end(await take(), dead);
    const [one] = await take();

    assert.equal(store.replay([eventOf(0).id]), 1);
    await outbox().tidy();
    assert.deepEqual(await take(), []);
    await end([one!], delivered);

    const [zero] = await take();
    assert.deepEqual([zero!.event.id, zero!.replay], [eventOf(0).id, true]);
    await end([zero!], delivered);
    assert.deepEqual(numbersOf(await take()), [2]);
  });

  test(`${name}: one that is replayed goes before a later one that waits to be tried again`, async (t) => {
    const { clock, commit, take, end, store, outbox } = await opened(t, STRICT);
    await commit(0, 3);
    await end(await take(), dead);
    await end(await take(), (at) => postponed(at, 3_600_000));

    assert.equal(store.replay([eventOf(0).id]), 1);
    await outbox().tidy();
    const zero = await take();
    await end(zero, delivered);

    assert.deepEqual(numbersOf(zero), [0]);
    // The one that waited to be tried again is the next one, and it is due.
    assert.deepEqual(numbersOf(await take()), [1]);
    await clock.advance(3_600_000);
    assert.deepEqual(await take(), []);
  });

  test(`${name}: when one is out as an earlier one is replayed, and fails, the earlier one goes first`, async (t) => {
    const { commit, take, end, store, outbox } = await opened(t, STRICT);
    await commit(0, 3);
    await end(await take(), dead);
    const [one] = await take();
    store.replay([eventOf(0).id]);
    await outbox().tidy();

    await end([one!], (at) => postponed(at, 60_000));

    const zero = await take();
    assert.deepEqual(numbersOf(zero), [0]);
    await end(zero, delivered);
    assert.deepEqual(numbersOf(await take()), [1]);
  });

  test(`${name}: one that is replayed while nothing runs has its lane after the start`, async (t) => {
    const { commit, take, end, store, reopen } = await opened(t, STRICT);
    await commit(0, 3);
    await end(await take(), dead);
    store.replay([eventOf(0).id]);

    await reopen();

    const due = numbersOf(await take());
    assert.equal(due.length, 1);
  });

  test(`${name}: much that is replayed while nothing runs holds up nobody else at the start`, async (t) => {
    const eachAlone = ordered(A, 1_200);
    const { commit, take, end, store } = await opened(t, eachAlone);
    await commit(0, 1_200);
    await end(await take(), dead);
    store.replay(eventsOf(0, 1_200).map(({ id }) => id));
    const outbox = await store.open();
    let hasTurned = false;

    const adopted = outbox.adopt([eachAlone]);
    setImmediate(() => {
      hasTurned = true;
    });
    await adopted;

    assert.ok(hasTurned);
  });

  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`${name}: whatever happens, no two of a lane are out and none overtakes another (seed ${seed})`, async (t) => {
      const work = new OrderedWork(seed, storeFor(t));

      await work.run(300);

      assert.deepEqual(work.violations, []);
      assert.ok(work.ended > 200, `${work.ended} ended`);
    });
  }
}

/** Commits, attempts, failures, deaths, replays, give-backs, restarts and changes of order, drawn from a seed. */
class OrderedWork {
  readonly violations: string[] = [];
  ended = 0;
  readonly #random: () => number;
  readonly #store: OutboxStore;
  #outbox: Outbox | undefined;
  #route = KEYED;
  #committed = 0;
  #out: Delivery[] = [];
  readonly #dead: string[] = [];
  /** The last of each lane that was delivered, by log order; replays aside. */
  readonly #last = new Map<string, number>();
  readonly #done = new Set<string>();

  constructor(seed: number, store: OutboxStore) {
    this.#random = randomFrom(seed);
    this.#store = store;
  }

  async run(steps: number): Promise<void> {
    const works: readonly (readonly [upTo: number, work: () => Promise<void>])[] = [
      [0.2, () => this.#commit()],
      [0.8, () => this.#attempt()],
      [0.87, () => this.#store.clock.advance(this.#below(20_000))],
      [0.9, () => this.#store.clock.jump(this.#below(2 * DAY_MS) - DAY_MS)],
      [0.95, () => this.#replay()],
      [0.98, () => this.#reopen()],
      [1, () => this.#reorder()],
    ];
    await this.#reopen();
    for (let step = 0; step < steps; step += 1) {
      const dice = this.#random();
      await works.find(([upTo]) => dice < upTo)?.[1]();
    }
    await this.#drain();
  }

  get #opened(): Outbox {
    if (this.#outbox === undefined) throw new TypeError('not opened');
    return this.#outbox;
  }

  async #reopen(): Promise<void> {
    this.#out = [];
    this.#outbox = await this.#store.open();
    await this.#outbox.adopt([this.#route]);
  }

  async #commit(): Promise<void> {
    const count = this.#random() < 0.05 ? 900 : this.#below(20);
    await this.#opened.commit(pageOf(eventsOf(this.#committed, count)), allTo(this.#route), never);
    this.#committed += count;
  }

  async #attempt(): Promise<void> {
    await this.#take(this.#below(60));
    const ended = this.#out.splice(0, this.#below(this.#out.length + 1));
    const settled: (readonly [Delivery, Settlement])[] = [];
    for (const delivery of ended) {
      const dice = this.#random();
      if (dice < 0.1) this.#opened.release(A, delivery);
      else settled.push([delivery, this.#draw(delivery, dice)]);
    }
    await recordAll(this.#opened, this.#store.clock, A, settled);
  }

  #draw(delivery: Delivery, dice: number): Settlement {
    const { clock } = this.#store;
    if (dice < 0.3) return postponed(clock, this.#below(30_000));
    if (dice < 0.4) {
      this.#dead.push(delivery.event.id);
      return dice < 0.35 ? dead(clock) : expired(clock);
    }
    return this.#deliver(delivery);
  }

  async #take(most: number): Promise<void> {
    for (const delivery of await takeDue(this.#opened, A, this.#store.clock.now(), most)) {
      if (this.#out.some(({ lane }) => lane !== undefined && lane === delivery.lane)) {
        this.violations.push(`two of ${delivery.lane} are out`);
      }
      this.#out.push(delivery);
    }
  }

  #deliver(delivery: Delivery): Settlement {
    const { lane, event, seq, replay } = delivery;
    this.ended += 1;
    if (this.#done.has(event.id)) this.violations.push(`${event.id} was delivered twice`);
    this.#done.add(event.id);
    const last = this.#last.get(lane ?? '') ?? 0;
    if (!replay && lane !== undefined) {
      if (seq < last) this.violations.push(`${seq} of ${lane} came after ${last}`);
      this.#last.set(lane, seq);
    }
    return delivered(this.#store.clock);
  }

  async #replay(): Promise<void> {
    this.#store.replay(this.#dead.splice(0, this.#below(this.#dead.length + 1)));
    await this.#opened.tidy();
  }

  /** As the daemon does: only when nothing is out. */
  async #reorder(): Promise<void> {
    for (const delivery of this.#out.splice(0)) this.#opened.release(A, delivery);
    this.#route = ordered(A, 1 + this.#below(7));
    // Events of one lane may have been of two before, and those wait for nobody.
    this.#last.clear();
    await this.#opened.adopt([this.#route]);
  }

  async #drain(): Promise<void> {
    const { clock } = this.#store;
    await this.#replay();
    await this.#opened.tidy();
    for (let round = 0; (await this.#opened.owedCount()) > 0; round += 1) {
      assert.ok(round < 2_000, 'something is owed and never due');
      await this.#take(Number.POSITIVE_INFINITY);
      const ended = this.#out.splice(0);
      if (ended.length === 0) await clock.advance(3_600_000);
      await recordAll(
        this.#opened,
        clock,
        A,
        ended.map((delivery) => [delivery, this.#deliver(delivery)]),
      );
      await settle();
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
