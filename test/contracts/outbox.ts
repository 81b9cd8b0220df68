/**
 * The outbox contract as tests: whatever stands behind it must pass. Time is a FakeClock; what `open` gives must use it.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Delivery, Outbox, RouteRef } from '../../src/state/outbox.ts';
import { type FakeClock, settle } from '../support/fake-clock.ts';
import {
  A,
  allTo,
  B,
  cursorAt,
  dead,
  delivered,
  eventOf,
  eventsOf,
  idsOf,
  laneOf,
  never,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import { randomFrom } from '../support/random.ts';
import { orderContract } from './outbox-order.ts';
import { routesContract } from './outbox-routes.ts';

const DAY_MS = 86_400_000;

/** A store of its own for one test. */
export interface OutboxStore {
  readonly clock: FakeClock;
  /** Opens it, after closing it if it was open. */
  open(): Promise<Outbox>;
  /** As another process does: owes again what is dead or, when it still can, what was delivered. Returns how many. */
  replay(ids: readonly string[]): number;
}

export function outboxContract(name: string, storeFor: (t: TestContext) => OutboxStore): void {
  orderContract(name, storeFor);
  routesContract(name, storeFor);

  async function opened(t: TestContext, routes: readonly RouteRef[] = [A, B]) {
    const store = storeFor(t);
    const outbox = await store.open();
    await outbox.adopt(routes);
    const { clock, replay } = store;
    return { clock, outbox, replay, reopen: () => reopened(store, routes) };
  }

  async function reopened(store: OutboxStore, routes: readonly RouteRef[]): Promise<Outbox> {
    const outbox = await store.open();
    await outbox.adopt(routes);
    return outbox;
  }

  // ── intake ──────────────────────────────────────────────────────────────────────────────────────────────────────

  test(`${name}: a page's events and its cursor are there after a restart`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    const cursor = cursorAt(clock.now());

    const committed = await outbox.commit(pageOf(eventsOf(1, 3), cursor), allTo(A), never);
    const again = await reopen();

    assert.equal(committed?.owed.length, 3);
    assert.deepEqual(await again.cursor(), cursor);
    const due = await takeDue(again, A, clock.now());
    assert.deepEqual(
      due.map(({ event }) => event.raw),
      eventsOf(1, 3).map(({ raw }) => raw),
    );
  });

  test(`${name}: a page whose commit fails leaves neither its events nor its cursor`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf([], cursorAt(clock.now(), 1)), allTo(A), never);
    const failing = {
      wantedBy: (event: { id: string }) => {
        if (event.id === eventOf(3).id) throw new RangeError('a bug in the routes');
        return [A];
      },
    };

    const failed = outbox.commit(pageOf(eventsOf(1, 3), cursorAt(5, 2)), failing, never);
    await assert.rejects(failed, RangeError);

    const again = await reopen();
    assert.deepEqual(await again.cursor(), cursorAt(clock.now(), 1));
    assert.equal(await again.owedCount(), 0);
    const committed = await again.commit(pageOf(eventsOf(1, 3)), allTo(A), never);
    assert.equal(committed?.owed.length, 3);
  });

  test(`${name}: an event seen before owes nothing, in the same run and after a restart`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 5)), allTo(A), never);

    const second = await outbox.commit(pageOf(eventsOf(3, 5)), allTo(A), never);
    const again = await reopen();
    const third = await again.commit(pageOf(eventsOf(1, 8)), allTo(A), never);

    assert.deepEqual([second?.owed.length, second?.repeated], [2, 3]);
    assert.deepEqual([third?.owed.length, third?.repeated], [1, 7]);
    assert.deepEqual(idsOf(await takeDue(again, A, clock.now())).length, 8);
  });

  test(`${name}: an event that no route wanted, or that was delivered, owes nothing when it comes again`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(), never);
    await outbox.commit(pageOf([eventOf(2)]), allTo(A), never);
    const [due] = await takeDue(outbox, A, clock.now());
    await recordAll(outbox, clock, A, [[due!, delivered(clock)]]);

    const committed = await outbox.commit(pageOf(eventsOf(1, 2)), allTo(A, B), never);

    assert.deepEqual(committed, { owed: [], repeated: 2 });
    assert.equal(await outbox.owedCount(), 0);
  });

  test(`${name}: commit takes nothing once its signal has aborted`, async (t) => {
    const { clock, outbox } = await opened(t);

    const committed = await outbox.commit(
      pageOf(eventsOf(1, 2), cursorAt(clock.now())),
      allTo(A),
      AbortSignal.abort(),
    );

    assert.equal(committed, undefined);
    assert.equal(await outbox.cursor(), undefined);
  });

  test(`${name}: a page without a cursor leaves the cursor where it was`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf([], cursorAt(clock.now())), allTo(A), never);

    await outbox.commit(pageOf(eventsOf(1, 2)), allTo(A), never);

    assert.deepEqual(await outbox.cursor(), cursorAt(clock.now()));
  });

  test(`${name}: what could not be cut is owed to no route`, async (t) => {
    const { clock, outbox } = await opened(t);
    const leftovers = [{ raw: Buffer.from('{"half'), why: 'the page ended early' }];

    await outbox.commit({ events: [eventOf(1)], leftovers }, allTo(A), never);

    assert.deepEqual(idsOf(await takeDue(outbox, A, clock.now())), [eventOf(1).id]);
    assert.equal(await outbox.owedCount(), 1);
  });

  // ── due ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  test(`${name}: never-tried events come in log order, across commits and from a long queue`, async (t) => {
    const { clock, outbox } = await opened(t);
    for (let page = 0; page < 5; page += 1) {
      await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(A), never);
    }

    const due = await takeDue(outbox, A, clock.now());

    assert.deepEqual(
      idsOf(due),
      eventsOf(0, 5_000).map(({ id }) => id),
    );
  });

  test(`${name}: late ones are mixed in, one to four fresh ones, while commits keep the queue full`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf(eventsOf(0, 10)), allTo(A), never);
    const first = await takeDue(outbox, A, clock.now());
    await recordAll(
      outbox,
      clock,
      A,
      first.map((delivery) => [delivery, postponed(clock, 5_000)]),
    );
    await clock.advance(5_000);

    const lateAt: number[] = [];
    await outbox.commit(pageOf(eventsOf(100, 10)), allTo(A), never);
    for (let turn = 0; turn < 60; turn += 1) {
      // One comes for each that goes: the queue is never empty.
      await outbox.commit(pageOf([eventOf(200 + turn)]), allTo(A), never);
      const [delivery] = await takeDue(outbox, A, clock.now(), 1);
      if (delivery!.attempts > 0) lateAt.push(turn);
    }

    assert.deepEqual(
      lateAt,
      Array.from({ length: 10 }, (_, index) => index * 5),
    );
  });

  test(`${name}: late ones come earliest due time first when there are no fresh ones`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf(eventsOf(0, 3)), allTo(A), never);
    const [one, two, three] = await takeDue(outbox, A, clock.now());
    await recordAll(outbox, clock, A, [
      [one!, postponed(clock, 3_000)],
      [two!, postponed(clock, 1_000)],
      [three!, postponed(clock, 2_000)],
    ]);

    await clock.advance(4_000);
    const due = await takeDue(outbox, A, clock.now());

    assert.deepEqual(idsOf(due), idsOf([two!, three!, one!]));
  });

  test(`${name}: a retry does not wait behind all that a person asked for again`, async (t) => {
    const { clock, outbox, replay } = await opened(t, [A]);
    const old = eventsOf(1, 600);
    await outbox.commit(pageOf(old), allTo(A), never);
    const sent = await takeDue(outbox, A, clock.now());
    await recordAll(
      outbox,
      clock,
      A,
      sent.map((delivery) => [delivery, delivered(clock)]),
    );
    await outbox.commit(pageOf([eventOf(1_000)]), allTo(A), never);
    const [live] = await takeDue(outbox, A, clock.now(), 1);
    await recordAll(outbox, clock, A, [[live!, postponed(clock, 5_000)]]);
    assert.equal(replay(idsOf(sent)), 600);
    await outbox.tidy();

    await clock.advance(5_000);
    const due = idsOf(await takeDue(outbox, A, clock.now()));

    assert.equal(due.length, 601);
    assert.ok(due.indexOf(live!.event.id) < 120);
  });

  test(`${name}: none comes twice before it is recorded or given back`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf(eventsOf(0, 700)), allTo(A), never);
    const fresh = await takeDue(outbox, A, clock.now());
    assert.deepEqual(await takeDue(outbox, A, clock.now()), []);
    await recordAll(
      outbox,
      clock,
      A,
      fresh.map((delivery) => [delivery, postponed(clock, 1_000)]),
    );
    await clock.advance(2_000);

    const some = await takeDue(outbox, A, clock.now(), 130);
    await clock.advance(60_000);
    const rest = await takeDue(outbox, A, clock.now());

    const ids = idsOf([...some, ...rest]);
    assert.equal(ids.length, 700);
    assert.equal(new Set(ids).size, 700);
  });

  test(`${name}: one that was given back comes again, in its place`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf(eventsOf(0, 600)), allTo(A), never);
    const taken = await takeDue(outbox, A, clock.now(), 5);

    for (const index of [3, 1, 4]) outbox.release(A, taken[index]!);
    const rest = await takeDue(outbox, A, clock.now());

    assert.deepEqual(
      idsOf(rest),
      [1, 3, 4, ...Array.from({ length: 595 }, (_, index) => index + 5)].map((n) => eventOf(n).id),
    );
    assert.deepEqual(rest[0], taken[1]);
  });

  test(`${name}: a late one that was given back comes again as it was`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
    const [first] = await takeDue(outbox, A, clock.now());
    await recordAll(outbox, clock, A, [[first!, postponed(clock, 1_000)]]);
    await clock.advance(1_000);
    const [late] = await takeDue(outbox, A, clock.now());

    outbox.release(A, late!);

    assert.deepEqual(await takeDue(outbox, A, clock.now()), [late]);
  });

  test(`${name}: due waits, and wakes when a page is committed`, async (t) => {
    const { outbox } = await opened(t);
    const waiting = watched(outbox.due(laneOf(A), never));
    await settle();
    assert.equal(waiting.got, undefined);

    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);

    assert.equal((await waiting.next)?.event.id, eventOf(1).id);
  });

  test(`${name}: due waits, and wakes when one that was postponed becomes due`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
    const due = outbox.due(laneOf(A), never)[Symbol.asyncIterator]();
    const first = (await due.next()).value;
    const waiting = watched({ [Symbol.asyncIterator]: () => due });
    await settle();
    await recordAll(outbox, clock, A, [[first, postponed(clock, 30_000)]]);

    await clock.advance(29_000);
    assert.equal(waiting.got, undefined);
    await clock.advance(2_000);

    assert.equal((await waiting.next)?.attempts, 1);
  });

  test(`${name}: due waits for the lane's room before it yields`, async (t) => {
    const { outbox } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
    const room = new AbortController();
    const waiting = watched(outbox.due({ key: A.key, room: () => aborted(room.signal) }, never));
    await settle();
    assert.equal(waiting.got, undefined);

    room.abort();

    assert.equal((await waiting.next)?.event.id, eventOf(1).id);
  });

  test(`${name}: due ends when its signal aborts, while it waits and between two`, async (t) => {
    const { outbox } = await opened(t);
    const stop = new AbortController();
    const idle = watched(outbox.due(laneOf(B), stop.signal));
    await outbox.commit(pageOf(eventsOf(1, 2)), allTo(A), never);
    const busy = outbox.due(laneOf(A), stop.signal)[Symbol.asyncIterator]();
    await busy.next();

    stop.abort();

    assert.equal(await idle.next, undefined);
    assert.deepEqual(await busy.next(), { done: true, value: undefined });
  });

  test(`${name}: a lane that is opened anew while the old one ends misses no wake-up`, async (t) => {
    const { outbox } = await opened(t);
    const stop = new AbortController();
    const old = watched(outbox.due(laneOf(A), stop.signal));
    await settle();
    stop.abort();
    const anew = watched(outbox.due(laneOf(A), never));
    await settle();

    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);

    assert.equal(await old.next, undefined);
    assert.equal((await anew.next)?.event.id, eventOf(1).id);
  });

  test(`${name}: with asOf it ends when nothing is left that was due then`, async (t) => {
    const { clock, outbox } = await opened(t);
    const asOf = clock.now();
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);
    const first = await takeDue(outbox, A, asOf);
    await recordAll(outbox, clock, A, [[first[0]!, postponed(clock, 1_000)]]);
    await clock.advance(5_000);

    assert.deepEqual(await takeDue(outbox, A, asOf), []);
    assert.equal((await takeDue(outbox, A, clock.now())).length, 1);
  });

  test(`${name}: one route's queue is no concern of another's`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 400)), allTo(A, B), never);
    const ofA = await takeDue(outbox, A, clock.now(), 10);
    await recordAll(
      outbox,
      clock,
      A,
      ofA.map((delivery) => [delivery, delivered(clock)]),
    );

    assert.equal((await takeDue(outbox, B, clock.now())).length, 400);
    assert.equal((await takeDue(outbox, A, clock.now())).length, 390);
  });

  test(`${name}: a queue of 30,000 drains to the last, with failures on the way`, async (t) => {
    const { clock, outbox } = await opened(t);
    for (let page = 0; page < 30; page += 1) {
      await outbox.commit(pageOf(eventsOf(page * 1_000, 1_000)), allTo(A), never);
    }
    const done = new Set<string>();
    let attempts = 0;

    while ((await outbox.owedCount()) > 0) {
      for await (const batch of batches(outbox.due(laneOf(A), never, clock.now()), 200)) {
        attempts += batch.length;
        const settled = batch.map((delivery): [Delivery, ReturnType<typeof delivered>] => {
          const fails = delivery.attempts === 0 && delivery.seq % 10 === 0;
          if (!fails) done.add(delivery.event.id);
          return [delivery, fails ? postponed(clock, 5_000) : delivered(clock)];
        });
        await recordAll(outbox, clock, A, settled);
      }
      await clock.advance(6_000);
    }

    assert.equal(done.size, 30_000);
    assert.equal(attempts, 33_000);
  });

  // ── record ──────────────────────────────────────────────────────────────────────────────────────────────────────

  test(`${name}: an outcome is durable when record resolves`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 100)), allTo(A), never);
    const due = await takeDue(outbox, A, clock.now());

    await recordAll(
      outbox,
      clock,
      A,
      due.slice(0, 60).map((delivery) => [delivery, delivered(clock)]),
    );
    const again = await reopen();

    assert.equal(await again.owedCount(), 40);
    assert.deepEqual(idsOf(await takeDue(again, A, clock.now())), idsOf(due.slice(60)));
  });

  test(`${name}: record does not resolve before the outcome is durable`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
    const [due] = await takeDue(outbox, A, clock.now());
    let isDurable = false;
    const recorded = outbox.record(A, due!, delivered(clock)).then(() => {
      isDurable = true;
    });

    await settle();
    const owedBefore = await outbox.owedCount();
    assert.equal(isDurable, owedBefore === 0);
    await clock.advance(100);
    await recorded;

    assert.equal(await outbox.owedCount(), 0);
  });

  test(`${name}: close makes durable what was handed to record`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);
    const due = await takeDue(outbox, A, clock.now());
    const recorded = outbox.record(A, due[0]!, delivered(clock));

    await outbox.close();
    await recorded;

    assert.equal(await (await reopen()).owedCount(), 2);
  });

  test(`${name}: one that is postponed keeps its attempts, tries and times across a restart`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
    const firstAt = clock.now();
    const [first] = await takeDue(outbox, A, clock.now());
    await recordAll(outbox, clock, A, [[first!, postponed(clock, 1_000, false)]]);
    await clock.advance(2_000);
    const [second] = await takeDue(outbox, A, clock.now());
    const secondAt = clock.now();
    await recordAll(outbox, clock, A, [[second!, postponed(clock, 1_000, true)]]);
    await clock.advance(2_000);

    const [third] = await takeDue(await reopen(), A, clock.now());

    const { attempts, tries, firstAttemptAt, lastAttemptAt, dueAt } = third!;
    assert.deepEqual(
      { attempts, tries, firstAttemptAt, lastAttemptAt, dueAt },
      {
        attempts: 2,
        tries: 1,
        firstAttemptAt: firstAt,
        lastAttemptAt: secondAt,
        dueAt: secondAt + 1_000,
      },
    );
  });

  test(`${name}: a dead one is owed no more, on its route alone`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A, B), never);
    const [due] = await takeDue(outbox, A, clock.now());

    await recordAll(outbox, clock, A, [[due!, dead(clock)]]);
    const again = await reopen();

    assert.deepEqual(await takeDue(again, A, clock.now()), []);
    assert.equal((await takeDue(again, B, clock.now())).length, 1);
  });

  // ── routes ──────────────────────────────────────────────────────────────────────────────────────────────────────

  test(`${name}: a route that is removed keeps its queue and has it again when it returns`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 5)), allTo(A, B), never);
    await takeDue(outbox, A, clock.now(), 2);

    await outbox.adopt([B]);
    assert.equal(await outbox.owedCount(), 5);
    const again = await reopen();

    assert.equal(await again.owedCount(), 10);
    assert.equal((await takeDue(again, A, clock.now())).length, 5);
  });

  test(`${name}: a route that returns in the same run goes on where it was`, async (t) => {
    const { clock, outbox } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 5)), allTo(A), never);
    const [first] = await takeDue(outbox, A, clock.now(), 1);

    await outbox.adopt([B]);
    await recordAll(outbox, clock, A, [[first!, delivered(clock)]]);
    await outbox.adopt([A, B]);

    assert.deepEqual(
      idsOf(await takeDue(outbox, A, clock.now())),
      eventsOf(2, 4).map(({ id }) => id),
    );
  });

  test(`${name}: other routes, another order and other names orphan no queue`, async (t) => {
    const store = storeFor(t);
    const first = await reopened(store, [A, B]);
    await first.commit(pageOf(eventsOf(1, 3)), allTo(A, B), never);
    const C: RouteRef = { key: 'https://c.example/', name: 'c' };

    const again = await reopened(store, [C, B, { key: A.key, name: 'renamed' }]);

    assert.equal((await takeDue(again, A, store.clock.now())).length, 3);
    assert.equal((await takeDue(again, B, store.clock.now())).length, 3);
    assert.deepEqual(await takeDue(again, C, store.clock.now()), []);
  });

  test(`${name}: a route's state is there after a restart, and flowing before anyone said otherwise`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    const held = { kind: 'held', why: '410 Gone', since: clock.now() } as const;
    const slowed = {
      kind: 'slowed',
      why: '429',
      since: clock.now(),
      until: clock.now() + 9_000,
    } as const;
    assert.deepEqual(await outbox.routeState(A.key), { kind: 'flowing' });

    await outbox.saveRouteState(A.key, held);
    await outbox.saveRouteState(B.key, slowed);
    const again = await reopen();

    assert.deepEqual(await again.routeState(A.key), held);
    assert.deepEqual(await again.routeState(B.key), slowed);
    await again.saveRouteState(A.key, { kind: 'flowing' });
    assert.deepEqual(await again.routeState(A.key), { kind: 'flowing' });
  });

  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test(`${name}: whatever happens in whatever order, each is delivered once (seed ${seed})`, async (t) => {
      const store = storeFor(t);
      const work = new RandomWork(seed, store, [A, B]);

      await work.run(250);

      assert.deepEqual(work.deliveredTimes(), new Map([[1, work.committed * 2]]));
    });
  }

  // ── clocks that jump ────────────────────────────────────────────────────────────────────────────────────────────

  for (const [what, jumpMs] of [
    ['back a day', -DAY_MS],
    ['forward a day', DAY_MS],
  ] as const) {
    test(`${name}: when the clock is set ${what}, a retry comes no later than it was planned`, async (t) => {
      const { clock, outbox } = await opened(t);
      await outbox.commit(pageOf(eventsOf(1, 2)), allTo(A), never);
      const due = await takeDue(outbox, A, clock.now());
      await recordAll(outbox, clock, A, [
        [due[0]!, postponed(clock, 60_000)],
        [due[1]!, postponed(clock, 90_000)],
      ]);
      const waiting = watched(outbox.due(laneOf(A), never));
      await settle();

      await clock.jump(jumpMs);
      await clock.advance(61_000);

      assert.equal((await waiting.next)?.event.id, due[0]!.event.id);
    });
  }

  test(`${name}: one that is out while the clock is set back is settled once and for all`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf(eventsOf(1, 2)), allTo(A), never);
    const first = await takeDue(outbox, A, clock.now());
    await recordAll(
      outbox,
      clock,
      A,
      first.map((delivery) => [delivery, postponed(clock, 1_000)]),
    );
    await clock.advance(2_000);
    const [one, two] = await takeDue(outbox, A, clock.now());

    await clock.jump(-DAY_MS);
    await recordAll(outbox, clock, A, [
      [one!, delivered(clock)],
      [two!, postponed(clock, 5_000)],
    ]);
    await clock.advance(10_000);

    assert.equal(await outbox.owedCount(), 1);
    assert.deepEqual(idsOf(await takeDue(outbox, A, clock.now())), idsOf([two!]));
    assert.equal(await (await reopen()).owedCount(), 1);
  });

  test(`${name}: when the clock was set back while it was closed, nothing waits for that long`, async (t) => {
    const { clock, outbox, reopen } = await opened(t);
    await outbox.commit(pageOf([eventOf(1)], cursorAt(clock.now())), allTo(A), never);
    const [due] = await takeDue(outbox, A, clock.now());
    await recordAll(outbox, clock, A, [[due!, postponed(clock, 60_000)]]);
    const until = clock.now() + 60_000;
    await outbox.saveRouteState(A.key, { kind: 'held', why: '500', since: clock.now(), until });
    await outbox.close();

    await clock.jump(-400 * DAY_MS);
    const again = await reopen();
    await clock.advance(61_000);

    assert.equal((await takeDue(again, A, clock.now())).length, 1);
    const state = await again.routeState(A.key);
    assert.ok(state.kind === 'held' && state.until! <= clock.now());
  });
}

/** Starts taking one, and knows whether it came. */
function watched(due: AsyncIterable<Delivery>) {
  const watching: { got: Delivery | undefined; next: Promise<Delivery | undefined> } = {
    got: undefined,
    next: due[Symbol.asyncIterator]()
      .next()
      .then(({ value, done }) => {
        watching.got = done ? undefined : value;
        return watching.got;
      }),
  };
  return watching;
}

/** What is yielded, in groups: as many as a lane has in flight. */
async function* batches(
  due: AsyncIterable<Delivery>,
  size: number,
): AsyncGenerator<readonly Delivery[]> {
  let batch: Delivery[] = [];
  for await (const delivery of due) {
    batch.push(delivery);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Pages, attempts, failures, give-backs, restarts, removed routes and clocks that jump, drawn from a seed. */
class RandomWork {
  readonly #random: () => number;
  readonly #store: OutboxStore;
  readonly #routes: readonly RouteRef[];
  readonly #delivered = new Map<string, number>();
  readonly #out = new Map<RouteRef, Delivery[]>();
  committed = 0;

  constructor(seed: number, store: OutboxStore, routes: readonly RouteRef[]) {
    this.#random = randomFrom(seed);
    this.#store = store;
    this.#routes = routes;
  }

  async run(steps: number): Promise<void> {
    let outbox = await this.#reopen();
    for (let step = 0; step < steps; step += 1) {
      const dice = this.#random();
      if (dice < 0.25) await this.#commit(outbox);
      else if (dice < 0.8) await this.#attempt(outbox, this.#pick(this.#routes));
      else if (dice < 0.9) await this.#store.clock.advance(this.#below(20_000));
      else if (dice < 0.93) await this.#store.clock.jump(this.#below(2 * DAY_MS) - DAY_MS);
      else if (dice < 0.97) await outbox.adopt(this.#routes.filter(() => this.#random() < 0.5));
      else outbox = await this.#reopen();
    }
    await this.#drain(await this.#reopen());
  }

  /** How many (event, route) were delivered how many times. */
  deliveredTimes(): Map<number, number> {
    const times = new Map<number, number>();
    for (const n of this.#delivered.values()) times.set(n, (times.get(n) ?? 0) + 1);
    return times;
  }

  async #reopen(): Promise<Outbox> {
    this.#out.clear();
    const outbox = await this.#store.open();
    await outbox.adopt(this.#routes);
    return outbox;
  }

  async #commit(outbox: Outbox): Promise<void> {
    // Some of what was read before comes again; now and then there is more than fits into memory.
    const again = Math.min(this.committed, this.#below(5));
    const count = this.#random() < 0.05 ? 2_500 : this.#below(40);
    const events = eventsOf(this.committed - again, again + count);
    await outbox.commit(pageOf(events), allTo(...this.#routes), never);
    this.committed += count;
  }

  async #attempt(outbox: Outbox, route: RouteRef): Promise<void> {
    const { clock } = this.#store;
    const out = this.#out.get(route) ?? [];
    out.push(...(await takeDue(outbox, route, clock.now(), this.#below(90))));
    const ended = out.splice(0, this.#below(out.length + 1));
    this.#out.set(route, out);
    const recorded: (readonly [Delivery, ReturnType<typeof delivered>])[] = [];
    for (const delivery of ended) {
      const dice = this.#random();
      if (dice < 0.1) outbox.release(route, delivery);
      else if (dice < 0.35) recorded.push([delivery, postponed(clock, this.#below(30_000))]);
      else recorded.push([delivery, this.#deliver(route, delivery)]);
    }
    await recordAll(outbox, clock, route, recorded);
  }

  async #drain(outbox: Outbox): Promise<void> {
    const { clock } = this.#store;
    while ((await outbox.owedCount()) > 0) {
      let taken = 0;
      for (const route of this.#routes) {
        const due = await takeDue(outbox, route, clock.now());
        taken += due.length;
        await recordAll(
          outbox,
          clock,
          route,
          due.map((delivery) => [delivery, this.#deliver(route, delivery)]),
        );
      }
      if (taken === 0) await clock.advance(3_600_000);
    }
  }

  #deliver(route: RouteRef, delivery: Delivery) {
    const key = `${route.key} ${delivery.event.id}`;
    this.#delivered.set(key, (this.#delivered.get(key) ?? 0) + 1);
    return delivered(this.#store.clock);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }
}
