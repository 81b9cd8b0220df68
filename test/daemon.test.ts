/** The loops, where time or a broken disk would make the real process slow to test. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Daemon, type DaemonParts } from '../src/daemon.ts';
import { Sender } from '../src/delivery/attempt.ts';
import { silentLog } from '../src/log.ts';
import type { Page } from '../src/okta/system-log.ts';
import { PracticeReceiver } from '../src/practice/receiver.ts';
import { joinLines } from '../src/routing/join.ts';
import { parseDestination } from '../src/routing/route.ts';
import { Routes } from '../src/routing/routes.ts';
import { SqliteOutbox } from '../src/state/sqlite-outbox.ts';
import { FakeClock, settle } from './support/fake-clock.ts';
import { eventsOf, never, pageOf } from './support/outbox-events.ts';
import { tempFolder } from './support/temp-folder.ts';

interface Desk {
  readonly clock: FakeClock;
  readonly outbox: SqliteOutbox;
  readonly receiver: PracticeReceiver;
  readonly soft: AbortController;
  readonly daemon: (parts: Partial<DaemonParts>) => Daemon;
}

/** Five events are owed to a receiver that takes them. */
async function openDesk(t: TestContext): Promise<Desk> {
  const clock = new FakeClock();
  const receiver = await PracticeReceiver.open({ clock });
  const destination = parseDestination(`${receiver.url}/`);
  assert.ok('key' in destination);
  const routes = new Routes(joinLines([{ pattern: '.*', destination }]));
  const log = silentLog();
  const outbox = SqliteOutbox.open({ folder: tempFolder(t), clock, log, pid: process.pid });
  await outbox.adopt(routes.all);
  await outbox.commit(pageOf(eventsOf(1, 5)), routes, never);
  const sender = new Sender(clock);
  t.after(() => Promise.all([sender.close(), receiver.close(), outbox.close()]));
  const daemon = (parts: Partial<DaemonParts>) =>
    new Daemon({ tail: silence, outbox, routes, sender, clock, log, userAgent: 'test', ...parts });
  return { clock, outbox, receiver, soft: new AbortController(), daemon };
}

/** Okta does not answer. */
async function* silence(signal: AbortSignal): AsyncGenerator<Page> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** Time passes slowly enough for real sockets to keep up. */
async function until(clock: FakeClock, holds: () => boolean): Promise<void> {
  for (let n = 0; n < 50_000 && !holds(); n += 1) {
    if (n % 50 === 0) await clock.advance(5);
    else await settle();
  }
  assert.ok(holds());
}

test('once, it sends what is owed and ends although Okta does not answer', async (t) => {
  const { clock, outbox, receiver, soft, daemon } = await openDesk(t);
  const once = daemon({ once: true });
  let isOver = false;
  const running = once.run({ soft: soft.signal, hard: never }).finally(() => {
    isOver = true;
  });

  await settle();

  await clock.advance(59_000);
  assert.equal(receiver.received.length, 0);
  await clock.advance(1_000);
  await until(clock, () => isOver);
  await running;

  assert.equal(receiver.received.length, 5);
  assert.equal(await outbox.owedCount(), 0);
  assert.equal(once.readToEnd, false);
});

test('a stop ends although what was answered cannot be recorded', async (t) => {
  const { clock, outbox, receiver, soft, daemon } = await openDesk(t);
  const full: typeof outbox.record = () => new Promise(() => undefined);
  const stuck = new Proxy(outbox, {
    get: (target, name) => {
      if (name === 'record') return full;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  let isOver = false;
  const running = daemon({ outbox: stuck })
    .run({ soft: soft.signal, hard: never })
    .finally(() => {
      isOver = true;
    });
  await until(clock, () => receiver.received.length === 5);

  soft.abort();
  await settle();
  await clock.advance(9_000);
  assert.equal(isOver, false);
  await clock.advance(1_100);

  await running;
});
