/** What the admin server is told of an org: real state, a clock that the test moves. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OrgWatch, type Watched } from '../../../src/cli/admin/org-watch.ts';
import { OktaError, StateError } from '../../../src/errors.ts';
import { silentLog } from '../../../src/log.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { healthOf } from '../../../src/status/health.ts';
import { Metrics } from '../../../src/status/metrics/metrics.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { A, allTo, B, eventsOf, never, pageOf } from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function opened(t: TestContext, more: Partial<Watched> = {}) {
  const folder = tempFolder(t);
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  await outbox.adopt([A, B]);
  const metrics = new Metrics('1.2.3');
  const watch = new OrgWatch('acme.okta.com', {
    meter: metrics.meter(),
    limits: { queueAgeMs: HOUR },
    clock,
  });
  const join = () =>
    watch.join({
      org: 'acme.okta.com',
      host: 'acme.okta.com',
      folder,
      intervalMs: 15_000,
      outbox,
      systemLog: { rateLimit: undefined },
      isTurning: () => true,
      obey: async () => undefined,
      ...more,
    });
  join();
  t.after(async () => {
    watch.leave();
    await outbox.close();
  });
  const health = () => healthOf([watch.facts()], 0);
  const polled = () => watch.meter.read({ events: [] }, { owed: [], repeated: 0 });
  return { clock, outbox, watch, join, health, polled };
}

test('it starts, is well once a page was read, and red 5 min after the last one', async (t) => {
  const { clock, health, polled } = await opened(t);
  const before = health().status;
  await clock.advance(4 * MINUTE);
  const waiting = health().status;

  polled();
  const well = health().status;
  await clock.advance(5 * MINUTE);
  const still = health().status;
  await clock.advance(1_000);

  assert.deepEqual([before, waiting, well, still], ['starting', 'starting', 'ok', 'ok']);
  assert.match(health().reasons.join(), /^the System Log was last read 5 min ago/);
});

test('it is red when the first page does not come', async (t) => {
  const { clock, watch, health } = await opened(t);

  watch.trouble('credentials');
  await clock.advance(6 * MINUTE);

  assert.match(health().reasons.join(), /not been read once .*: okta refuses the credentials$/);
});

test('a long interval may take three times as long, and a minute', async (t) => {
  const { clock, health, polled } = await opened(t, { intervalMs: HOUR });
  polled();

  await clock.advance(3 * HOUR + MINUTE);
  const still = health().status;
  await clock.advance(1_000);

  assert.deepEqual([still, health().status], ['ok', 'failing']);
});

test('trouble is forgotten when a page is read', async (t) => {
  const { clock, watch, health, polled } = await opened(t);
  watch.trouble('unreachable');
  polled();

  await clock.advance(6 * MINUTE);

  assert.doesNotMatch(health().reasons.join(), /reached/);
});

test('it is red when an event waits for an hour, and names the route that has waited longest', async (t) => {
  const { clock, outbox, health, polled } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 1)), allTo(B), never);
  await clock.advance(MINUTE);
  await outbox.commit(pageOf(eventsOf(1, 1)), allTo(A), never);
  await clock.advance(59 * MINUTE);
  polled();
  const well = health().status;

  await clock.advance(2_001);
  polled();

  assert.equal(well, 'ok');
  assert.deepEqual(health().reasons, [
    `an event has waited 60 min for route ${B.name} (flowing), which should be at most 60 min`,
  ]);
});

test('a route that is held is no excuse, one that is paused, removed or switched off is', async (t) => {
  const { clock, outbox, watch, health, polled } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 1)), allTo(A), never);
  await outbox.saveRouteState(A.key, { kind: 'held', why: '500', since: clock.now() });
  await clock.advance(2 * HOUR);
  polled();
  const look = () => {
    watch.forget();
    return health().status;
  };
  const held = look();

  await watch.change('pause', A.name);
  const paused = look();
  await watch.change('resume', A.name);
  const resumed = look();
  await outbox.adopt([B]);
  const removed = look();
  await outbox.adopt([{ ...A, enabled: false }, B]);
  const disabled = look();

  assert.deepEqual(
    [held, paused, resumed, removed, disabled],
    ['failing', 'ok', 'failing', 'ok', 'ok'],
  );
});

test('a loop that stands still and a disk that is full are said', async (t) => {
  const { health, polled } = await opened(t, {
    isTurning: () => false,
    outbox: { isWritable: false },
  });
  polled();

  assert.equal(health().reasons.length, 2);
});

test('a clock that was set back makes nothing older than now', async (t) => {
  const { clock, outbox, watch, polled } = await opened(t);
  await outbox.commit(pageOf(eventsOf(0, 1)), allTo(A), never);
  polled();

  await clock.jump(-HOUR);

  const { pollAgeMs, oldest } = watch.facts();
  assert.deepEqual([pollAgeMs, oldest?.ageMs], [0, 0]);
});

test('a clock that was set back hides no poll that is too old', async (t) => {
  const { clock, health, polled } = await opened(t);
  polled();

  await clock.jump(-HOUR);
  await clock.advance(6 * MINUTE);

  assert.match(health().reasons.join(), /last read 6 min ago/);
});

test('a route that there is not is not changed', async (t) => {
  const { watch } = await opened(t);

  assert.equal(await watch.change('pause', A.name.slice(0, 3)), undefined);
  assert.deepEqual([watch.hasRoute(A.name), watch.hasRoute('(unreadable pages)')], [true, false]);
});

test('a sample says what is known, and nothing of what is not', async (t) => {
  const { clock, outbox, watch, polled } = await opened(t, {
    systemLog: { rateLimit: { limit: 120, remaining: 117 } },
  });
  await outbox.commit(pageOf(eventsOf(0, 2)), allTo(A), never);
  const before = watch.sample();
  polled();
  await clock.advance(1_500);

  const { pollAgeMs, rateLimit, routes } = watch.sample();

  assert.equal(before.pollAgeMs, undefined);
  assert.deepEqual([pollAgeMs, rateLimit], [1_500, { limit: 120, remaining: 117 }]);
  assert.deepEqual(routes, [
    { name: A.name, state: 'flowing', queued: 2, oldestMs: 1_500, dead: 0 },
    { name: B.name, state: 'flowing', queued: 0, dead: 0 },
    { name: '(unreadable pages)', queued: 0, dead: 0 },
  ]);
});

test('a session that ended is missed until the next one reads', async (t) => {
  const { clock, watch, join, health, polled } = await opened(t, { isTurning: () => false });
  polled();
  watch.leave();
  const [soon, sample] = [health().status, watch.sample()];
  await clock.advance(6 * MINUTE);
  const later = health();

  join();
  polled();

  const limits = { pollAgeMs: 5 * MINUTE, queueAgeMs: HOUR };
  assert.deepEqual([soon, sample], ['ok', { limits, pollAgeMs: 0 }]);
  assert.match(later.reasons.join(), /last read 6 min ago, .*: an error ended its session/);
  assert.match(health().reasons.join(), /^the daemon stands still/);
});

test('what ended a session is said by its kind, and by nothing that others wrote', async (t) => {
  const { watch, join, health } = await opened(t);
  const refusal = new OktaError('HTTP 401 SECRET', { kind: 'credentials', status: 401 });
  const ends = [refusal, new StateError('/SECRET/state.db', 'open'), new Error('SECRET')];

  const said = ends.map((error) => {
    watch.leave();
    watch.failed(error);
    return health().reasons.join();
  });
  join();

  assert.deepEqual(said, [
    'an error ended its session (okta refuses the credentials), which is tried again by itself: the log says more',
    'an error ended its session (its state cannot be opened or trusted), which is tried again by itself: the log says more',
    'an error ended its session, which is tried again by itself: the log says more',
  ]);
  assert.deepEqual(health().reasons, []);
});

test('the limit of a longer interval is said to those who alert', async (t) => {
  const { watch } = await opened(t, { intervalMs: 10 * MINUTE });

  assert.deepEqual(watch.sample().limits, { pollAgeMs: 31 * MINUTE, queueAgeMs: HOUR });
});
