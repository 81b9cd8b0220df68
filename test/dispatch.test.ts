/** Routes that change and pause while requests are out: real sockets and a real outbox, answers in the test's hand. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Daemon, type DaemonParts } from '../src/daemon.ts';
import { Sender } from '../src/delivery/attempt.ts';
import type { Page } from '../src/okta/system-log.ts';
import { PracticeReceiver } from '../src/practice/receiver.ts';
import type { Route } from '../src/routing/route.ts';
import { Routes } from '../src/routing/routes.ts';
import type { Outbox, RouteWish } from '../src/state/outbox.ts';
import { SqliteOutbox } from '../src/state/sqlite-outbox.ts';
import { FakeClock, settle } from './support/fake-clock.ts';
import { keptLog } from './support/log-lines.ts';
import { deferred } from './support/loghook.ts';
import { eventsOf, never, pageOf } from './support/outbox-events.ts';
import { tempFolder } from './support/temp-folder.ts';

type Held = { readonly path: string; readonly answer: (status: number) => void };

class Desk {
  readonly clock = new FakeClock();
  readonly kept = keptLog();
  readonly soft = new AbortController();
  /** Requests that wait for their answer. */
  readonly held: Held[] = [];
  /** Those to these paths are answered 204 at once. */
  readonly prompt = new Set<string>();
  wishes: readonly RouteWish[] = [];
  receiver!: PracticeReceiver;
  outbox!: SqliteOutbox;
  daemon!: Daemon;
  over: Promise<void> = Promise.resolve();
  isOver = false;
  sender!: Sender;
  readonly #pages: Page[] = [];
  #more = deferred<void>();

  static async open(t: TestContext): Promise<Desk> {
    const desk = new Desk();
    const { clock } = desk;
    // Before the folder's own: that would take it away under a daemon that still runs.
    t.after(async () => {
      desk.soft.abort();
      for (const { answer } of desk.held) answer(204);
      await desk.ended(desk.over);
      await Promise.all([desk.sender.close(), desk.receiver.close(), desk.outbox.close()]);
    });
    desk.receiver = await PracticeReceiver.open({
      answer: async ({ path }) => {
        if (desk.prompt.has(path)) return { status: 204 };
        const status = deferred<number>();
        desk.held.push({ path, answer: status.resolve });
        return { status: await status.promise };
      },
    });
    desk.outbox = SqliteOutbox.open({
      ...{ folder: tempFolder(t), clock, log: desk.kept.log, pid: process.pid },
    });
    desk.sender = new Sender(clock);
    return desk;
  }

  /** A route to the path of its name. */
  route(name: string, terms: Partial<Route> = {}): Route {
    const url = new URL(`/${name}`, this.receiver.url);
    return { key: name, name, patterns: ['.*'], url, ...terms };
  }

  start(routes: readonly Route[], change: Partial<DaemonParts> = {}): void {
    const { clock, kept } = this;
    this.daemon = new Daemon({
      tail: (signal) => this.#tail(signal),
      outbox: this.#withWishes(),
      routes: new Routes(routes),
      ...{ sender: this.sender, clock, log: kept.log, userAgent: 'test' },
      random: () => 0,
      ...change,
    });
    this.over = this.daemon.run({ soft: this.soft.signal, hard: never }).finally(() => {
      this.isOver = true;
    });
  }

  /** Okta hands over events. */
  owe(from: number, count: number): void {
    const page = { ...pageOf(eventsOf(from, count)), full: false };
    this.#pages.push(page as unknown as Page); // no cursor: nothing here starts anew
    this.#more.resolve();
  }

  /** Lets time pass slowly enough for real sockets to keep up. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + 120_000;
    for (let n = 1; !holds() && performance.now() < deadline; n += 1) {
      if (n % 20 === 0) await this.clock.advance(1);
      else await settle();
    }
    assert.ok(
      holds(),
      `${what}\n${this.kept.lines.map((line) => JSON.stringify(line)).join('\n')}`,
    );
  }

  async ended(promise: Promise<unknown>): Promise<void> {
    let isOver = false;
    const watched = promise.finally(() => {
      isOver = true;
    });
    watched.catch(() => undefined);
    await this.until(() => isOver, 'it ends');
    await watched;
  }

  received(path: string): number {
    return this.receiver.received.filter((request) => request.path === path).length;
  }

  said(msg: string): number {
    return this.kept.lines.filter((line) => line.msg === msg).length;
  }

  async *#tail(signal: AbortSignal): AsyncGenerator<Page> {
    const stopped = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      const page = this.#pages.shift();
      if (page !== undefined) yield page;
      else {
        this.#more = deferred();
        await Promise.race([this.#more.promise, stopped]);
      }
    }
  }

  /** The outbox, with wishes that the test makes. */
  #withWishes(): Outbox {
    return new Proxy<Outbox>(this.outbox, {
      get: (target, name) => {
        if (name === 'wishes') return async () => this.wishes;
        if (name === 'tidy') return () => target.tidy().then(() => true);
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

test('a changed route ends what is out before it starts anew; the others go on meanwhile', async (t) => {
  const desk = await Desk.open(t);
  desk.prompt.add('/other');
  const other = desk.route('other');
  desk.start([desk.route('changed'), other]);
  desk.owe(1, 1);
  await desk.until(() => desk.held.length === 1 && desk.received('/other') === 1, 'both tried');

  let isReloaded = false;
  const headers = [['x-version', '2']] as const;
  const reloaded = desk.daemon
    .reload(new Routes([desk.route('changed', { headers }), other]))
    .finally(() => {
      isReloaded = true;
    });
  desk.owe(2, 1);
  await desk.until(() => desk.received('/other') === 2, 'the other one goes on');
  assert.equal(isReloaded, false);
  assert.equal(desk.received('/changed'), 1);
  desk.held[0]?.answer(204);
  await desk.until(() => isReloaded, 'it is reloaded');
  await reloaded;
  await desk.until(() => desk.held.length === 2, 'it goes on under its new settings');

  const requests = desk.receiver.received.filter(({ path }) => path === '/changed');
  assert.deepEqual(
    requests.map((request) => [request.id, request.headers['x-version']]),
    [
      ['event-000001', undefined],
      ['event-000002', '2'],
    ],
  );
});

test('a route that moves to another key takes its queue along, and nothing is sent twice', async (t) => {
  const desk = await Desk.open(t);
  desk.start([desk.route('csv')]);
  desk.owe(1, 3);
  await desk.until(() => desk.held.length === 1, 'the first one is out');

  const moved = desk.route('csv', { key: 'name:yaml', name: 'yaml', formerly: 'csv' });
  const reloaded = desk.daemon.reload(new Routes([moved]));
  desk.owe(4, 1);
  await settle();
  assert.equal(desk.received('/csv'), 1);
  desk.prompt.add('/csv');
  desk.held[0]?.answer(204);
  await desk.ended(reloaded);
  await desk.until(() => desk.daemon.counts.delivered === 4, 'all are delivered');

  desk.soft.abort();
  await desk.ended(desk.over);
  const ids = desk.receiver.received.map(({ id, route }) => `${route} ${id}`);
  assert.deepEqual(ids.sort(), [
    'csv event-000001',
    'yaml event-000002',
    'yaml event-000003',
    'yaml event-000004',
  ]);
  assert.equal(await desk.outbox.owedCount(), 0);
  assert.equal(await desk.outbox.removedCount(), 0);
});

test('a stop ends a reload that waits', async (t) => {
  const desk = await Desk.open(t);
  desk.start([desk.route('a')]);
  desk.owe(1, 2);
  await desk.until(() => desk.held.length === 1, 'one is out');
  const reloaded = desk.daemon.reload(new Routes([desk.route('a', { concurrency: 1 })]));
  await settle();

  desk.soft.abort();
  const isInForce = await reloaded;
  desk.held[0]?.answer(204);
  await desk.ended(desk.over);

  assert.equal(isInForce, false);
  assert.equal(desk.received('/a'), 1);
  assert.equal(await desk.outbox.owedCount(), 1);
});

test('when the new routes cannot be adopted the old ones go on', async (t) => {
  const desk = await Desk.open(t);
  desk.prompt.add('/a');
  desk.start([desk.route('a')]);
  desk.owe(1, 1);
  await desk.until(() => desk.daemon.counts.delivered === 1, 'it flows');
  const { adopt } = desk.outbox;
  desk.outbox.adopt = () => Promise.reject(new Error('disk'));

  const changed = new Routes([desk.route('a', { concurrency: 1 })]);
  await assert.rejects(desk.ended(desk.daemon.reload(changed)), /disk/);
  desk.outbox.adopt = adopt;
  desk.owe(2, 1);

  await desk.until(() => desk.daemon.counts.delivered === 2, 'it flows on');
});

test('a route that is switched off sends nothing and keeps its queue', async (t) => {
  const desk = await Desk.open(t);
  desk.start([desk.route('a')]);
  desk.owe(1, 2);
  await desk.until(() => desk.held.length === 1, 'one is out');

  desk.held[0]?.answer(500);
  await desk.ended(desk.daemon.reload(new Routes([desk.route('a', { enabled: false })])));
  desk.owe(3, 1);
  await desk.clock.advance(3_600_000);
  await settle();
  const before = desk.received('/a');
  const owed = await desk.outbox.removedCount();
  desk.prompt.add('/a');
  await desk.ended(desk.daemon.reload(new Routes([desk.route('a')])));

  assert.ok(before <= 2);
  assert.equal(owed, 2);
  await desk.until(() => desk.daemon.counts.delivered === 2, 'it goes on where it was');
});

test('says once which queue a renamed or removed route leaves behind', async (t) => {
  const desk = await Desk.open(t);
  desk.start([desk.route('old', { rate: { count: 1, perMs: 3_600_000 } })]);
  desk.owe(1, 3);
  await desk.until(() => desk.held.length === 1, 'the first one is out');
  desk.held[0]?.answer(204);
  await desk.until(() => desk.daemon.counts.delivered === 1, 'the others wait');

  await desk.ended(desk.daemon.reload(new Routes([desk.route('new')])));
  await desk.ended(desk.daemon.reload(new Routes([desk.route('new'), desk.route('newer')])));

  const said = desk.kept.lines.filter(({ msg }) => msg === 'route not in force, queue kept');
  assert.deepEqual(
    said.map(({ level, route, owed }) => [level, route, owed]),
    [[40, 'old', 2]],
  );
});

test('a paused route sends nothing until it is resumed', async (t) => {
  const desk = await Desk.open(t);
  desk.prompt.add('/a').add('/b');
  desk.wishes = [{ key: 'a', paused: true }];
  desk.start([desk.route('a'), desk.route('b')]);
  desk.owe(1, 3);
  await desk.until(() => desk.received('/b') === 3, 'the neighbour flows');
  assert.equal(desk.received('/a'), 0);

  desk.wishes = [{ key: 'a', paused: false, resumedAt: desk.clock.now() }];
  await desk.clock.advance(1_000);

  await desk.until(() => desk.received('/a') === 3, 'it goes on');
  assert.equal(desk.said('route paused'), 1);
  assert.equal(desk.said('route resumed'), 1);
});

test('once, with a paused route, it ends and leaves that queue as it is', async (t) => {
  const desk = await Desk.open(t);
  desk.prompt.add('/a').add('/b');
  desk.wishes = [{ key: 'a', paused: true }];
  desk.owe(1, 3);
  desk.start([desk.route('a'), desk.route('b')], { once: true });

  await desk.until(() => desk.isOver, 'it ends');

  assert.equal(desk.received('/a'), 0);
  assert.equal(desk.received('/b'), 3);
  assert.equal(await desk.outbox.owedCount(), 3);
});
