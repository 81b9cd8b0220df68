/** One life of the model's daemon: of real parts on a state folder, from a start to its stop or crash. */
import { Daemon } from '../../../src/daemon.ts';
import { Sender } from '../../../src/delivery/attempt.ts';
import type { Log } from '../../../src/log.ts';
import { queryText } from '../../../src/okta/place/position.ts';
import { SystemLog } from '../../../src/okta/system-log.ts';
import type { PracticeOrg } from '../../../src/practice/org.ts';
import type { Random } from '../../../src/practice/random.ts';
import type { Routes } from '../../../src/routing/routes.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import type { FakeClock } from '../fake-clock.ts';
import { DaemonClock } from './clocks.ts';
import { type OutboxWatcher, WatchedOutbox } from './watched-outbox.ts';

export interface Life {
  readonly daemon: Daemon;
  readonly outbox: WatchedOutbox;
  readonly soft: AbortController;
  readonly hard: AbortController;
  /** When its loops have ended; never rejects. */
  readonly over: Promise<void>;
  /** When it is over. */
  close(): Promise<void>;
}

interface LifeOptions {
  readonly org: PracticeOrg;
  readonly clock: FakeClock;
  readonly folder: string;
  readonly log: Log;
  readonly watcher: OutboxWatcher;
  readonly routes: Routes;
  readonly random: Random;
  readonly limit: number;
  readonly intervalMs: number;
  readonly onFailure: (life: Life, error: unknown) => void;
}

export async function openLife(options: LifeOptions): Promise<Life> {
  const { org, clock, folder, log, watcher, routes, random, limit, intervalMs } = options;
  const inner = SqliteOutbox.open({ folder, clock, log, pid: process.pid });
  const outbox = new WatchedOutbox(inner, watcher);
  const cursor = await outbox.cursor();
  const systemLog = new SystemLog({
    org: new URL(org.url),
    identity: { kind: 'token', token: org.token },
    clock,
    log,
    userAgent: 'loghook/model',
    interval: intervalMs,
    limit,
    random,
  });
  const sender = new Sender(clock);
  const since = clock.now() - 120_000;
  const from = cursor === undefined ? { since } : { cursor };
  const daemon = new Daemon({
    tail: (signal) => systemLog.tail(from, signal),
    outbox,
    routes,
    reading: { query: queryText(undefined), since },
    sender,
    clock: new DaemonClock(clock),
    log,
    userAgent: 'loghook/model',
    random,
  });
  const soft = new AbortController();
  const hard = new AbortController();
  const life: Life = {
    daemon,
    outbox,
    soft,
    hard,
    over: daemon
      .run({ soft: soft.signal, hard: hard.signal })
      .catch((error: unknown) => options.onFailure(life, error)),
    close: async () => {
      await Promise.all([sender.close(), systemLog.close()]);
      await outbox.close();
    },
  };
  return life;
}
