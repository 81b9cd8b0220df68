/** The outbox contract, the part on what is known of routes beside their deliveries, and on what is sent again. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Outbox, RouteRef } from '../../src/state/outbox.ts';
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
  never,
  ordered,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from '../support/outbox-events.ts';
import type { OutboxStore } from './outbox.ts';

/** A as it is called in another file of routes. */
const RENAMED: RouteRef = { key: 'name:a', name: 'a', formerly: A.key };

export function routesContract(name: string, storeFor: (t: TestContext) => OutboxStore): void {
  async function opened(t: TestContext, ...routes: readonly RouteRef[]) {
    const store = storeFor(t);
    const outbox = await store.open();
    await outbox.adopt(routes);
    const again = async (...others: readonly RouteRef[]): Promise<Outbox> => {
      const reopened = await store.open();
      await reopened.adopt(others);
      return reopened;
    };
    return { store, clock: store.clock, outbox, again };
  }

  for (const when of ['after a restart', 'in the same run'] as const) {
    test(`${name}: a route that had another key before keeps its queue and its state, ${when}`, async (t) => {
      const { clock, outbox, again } = await opened(t, A, B);
      const held = { kind: 'held', why: '410 Gone', since: clock.now() } as const;
      await outbox.saveRouteState(A.key, held);
      await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);
      const [first] = await takeDue(outbox, A, clock.now(), 1);
      await recordAll(outbox, clock, A, [[first!, postponed(clock, 1_000)]]);
      await clock.advance(1_000);

      const next = when === 'in the same run' ? outbox : await again(RENAMED, B);
      await next.adopt([RENAMED, B]);

      assert.deepEqual(await next.routeState(RENAMED.key), held);
      assert.deepEqual(
        idsOf(await takeDue(next, RENAMED, clock.now())),
        [2, 3, 1].map((n) => eventOf(n).id),
      );
      assert.equal(await next.removedCount(), 0);
      const committed = await next.commit(pageOf(eventsOf(1, 3)), allTo(RENAMED), never);
      assert.equal(committed?.repeated, 3);
    });
  }

  test(`${name}: what was under way under the former key is recorded and given back`, async (t) => {
    const { clock, outbox } = await opened(t, A);
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);
    const [one, two] = await takeDue(outbox, A, clock.now());

    await outbox.adopt([RENAMED]);
    await recordAll(outbox, clock, A, [[one!, delivered(clock)]]);
    outbox.release(A, two!);

    assert.equal(await outbox.owedCount(), 2);
    assert.deepEqual(idsOf(await takeDue(outbox, RENAMED, clock.now())), [eventOf(2).id]);
  });

  test(`${name}: a former key that is in force itself is not taken from its route`, async (t) => {
    const { clock, outbox } = await opened(t, A);
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);

    await outbox.adopt([RENAMED, A]);

    assert.deepEqual(await takeDue(outbox, RENAMED, clock.now()), []);
    assert.equal((await takeDue(outbox, A, clock.now())).length, 3);
  });

  test(`${name}: of two routes with one former key the first takes it`, async (t) => {
    const { clock, outbox, again } = await opened(t, A);
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);
    const second: RouteRef = { key: 'name:b', name: 'b', formerly: A.key };

    const next = await again(RENAMED, second);

    assert.equal((await takeDue(next, RENAMED, clock.now())).length, 3);
    assert.deepEqual(await takeDue(next, second, clock.now()), []);
  });

  test(`${name}: a route that is known by its key takes nothing from its former one`, async (t) => {
    const { clock, outbox } = await opened(t, A, RENAMED);
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A), never);

    await outbox.adopt([RENAMED]);

    assert.deepEqual(await takeDue(outbox, RENAMED, clock.now()), []);
    assert.equal(await outbox.removedCount(), 3);
  });

  test(`${name}: names what is left behind by routes that no file says, and by no others`, async (t) => {
    const { outbox } = await opened(t, A, RENAMED);
    await outbox.commit(pageOf(eventsOf(1, 3)), allTo(A, RENAMED), never);
    const before = await outbox.leftBehind();

    await outbox.adopt([{ ...RENAMED, enabled: false }]);

    assert.deepEqual(before, []);
    assert.deepEqual(await outbox.leftBehind(), [{ name: A.name, owed: 3 }]);
  });

  test(`${name}: a route may change its key and get an order at once`, async (t) => {
    const { clock, outbox, again } = await opened(t, A);
    await outbox.commit(pageOf(eventsOf(1, 5)), allTo(A), never);

    const next = await again(ordered(RENAMED, 2));

    assert.deepEqual(
      idsOf(await takeDue(next, RENAMED, clock.now())),
      eventsOf(1, 2).map(({ id }) => id),
    );
  });

  test(`${name}: nobody asked anything of a route at first`, async (t) => {
    const { outbox } = await opened(t, A, B);
    await outbox.adopt([A]);

    assert.deepEqual(await outbox.wishes(), [{ key: A.key, paused: false }]);
  });

  test(`${name}: one that is too old is owed no more, and no attempt is counted`, async (t) => {
    const { store, clock, outbox, again } = await opened(t, A);
    await outbox.commit(pageOf([eventOf(1)]), allTo(A), never);
    const [due] = await takeDue(outbox, A, clock.now());

    await recordAll(outbox, clock, A, [[due!, expired(clock)]]);

    assert.equal(await outbox.owedCount(), 0);
    store.replay([eventOf(1).id]);
    const [replayed] = await takeDue(await again(A), A, clock.now());
    assert.deepEqual([replayed?.attempts, replayed?.replay], [0, true]);
  });

  for (const [what, how] of [
    ['dead', dead],
    ['delivered', delivered],
  ] as const) {
    test(`${name}: what was ${what} and is replayed has all its tries before it, and says so until it is done`, async (t) => {
      const { store, clock, outbox } = await opened(t, A);
      await outbox.commit(pageOf(eventsOf(1, 2)), allTo(A), never);
      const firstAt = clock.now();
      const [due] = await takeDue(outbox, A, clock.now(), 1);
      await recordAll(outbox, clock, A, [[due!, postponed(clock, 1_000)]]);
      await clock.advance(1_000);
      const [, again] = await takeDue(outbox, A, clock.now());
      await recordAll(outbox, clock, A, [[again!, how(clock)]]);

      assert.equal(store.replay([eventOf(1).id]), 1);
      assert.equal(store.replay([eventOf(1).id]), 0);
      await outbox.tidy();

      const [replayed] = await takeDue(outbox, A, clock.now());
      const { attempts, tries, replay, firstAttemptAt, event } = replayed!;
      assert.deepEqual(
        { attempts, tries, replay, firstAttemptAt, raw: event.raw },
        { attempts: 2, tries: 0, replay: true, firstAttemptAt: firstAt, raw: eventOf(1).raw },
      );
      await recordAll(outbox, clock, A, [[replayed!, postponed(clock, 1_000)]]);
      await clock.advance(1_000);
      const [third] = await takeDue(outbox, A, clock.now());
      assert.deepEqual([third?.attempts, third?.tries, third?.replay], [3, 1, true]);
    });
  }
}
