/**
 * One run of the daemon, from open state to closed state: what `run`, `listen` and `demo` have in common. Opens the
 * rooms in order (state first: a folder that is held or damaged stops everything), joins them, and closes them.
 */
import { type Clock, SystemClock } from '../clock.ts';
import { type Counts, Daemon, type Stop } from '../daemon.ts';
import { Sender } from '../delivery/attempt.ts';
import { ConfigError, type Problem, RoutesError, reasonOf, StateError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Identity } from '../okta/credentials.ts';
import { queryText } from '../okta/position.ts';
import { type Page, SystemLog } from '../okta/system-log.ts';
import type { Route } from '../routing/route.ts';
import type { Routes } from '../routing/routes.ts';
import type { TailCursor } from '../state/outbox.ts';
import { isDiskFull } from '../state/sqlite.ts';
import { SqliteOutbox } from '../state/sqlite-outbox.ts';
import { openServiceNotifier } from '../status/systemd.ts';
import { announce, describeRoutes, shoutInsecure } from './announcement.ts';
import { EXIT } from './exit.ts';
import type { IdentityOrigins } from './identity-words.ts';
import { type Io, startedFromTerminal, userAgentOf } from './io.ts';
import { listenForSignals, type StopSignals } from './signals.ts';
import { heartbeatOf, inShort, openTelling } from './telling.ts';

const OPEN_AGAIN_MS = 5_000;
/** A first start reads from this long ago. */
export const FIRST_START_MS = 2 * 60_000;

export interface SessionOptions extends Partial<IdentityOrigins> {
  readonly io: Io;
  readonly log: Log;
  readonly org: { readonly url: URL; readonly notes: readonly string[] };
  readonly identity: Identity;
  readonly routes: Routes;
  /** loghook's own events go there; it is one of `routes`. */
  readonly alerts?: Route;
  /** What is pinged while polling works. */
  readonly heartbeat?: Route;
  /** What a person should know at the start. */
  readonly notes?: readonly string[];
  /** The org's own sub-folder of the state folder. */
  readonly folder: string;
  readonly intervalMs: number;
  readonly filter?: string;
  /** The proxy of whatever names none of its own. */
  readonly proxyFor?: (url: URL) => URL | undefined;
  /** Ms since 1970; only for a first start. */
  readonly since?: number;
  readonly once?: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  /** Reads the routes anew for a SIGHUP; throws when they are not usable. */
  readonly reload?: () => Promise<RoutesInForce>;
  /** Stops it instead of the process's signals. */
  readonly stop?: Stop & { readonly release?: () => void };
  readonly onReady?: () => void;
}

/** What a reload may change. */
export type RoutesInForce = Pick<SessionOptions, 'routes' | 'alerts' | 'heartbeat' | 'notes'>;

/** Runs until it is told to stop (or, with `once`, is done). Returns the exit code. @throws what `explain` explains */
export async function runSession(options: SessionOptions): Promise<number> {
  const { log } = options;
  const clock = new SystemClock();
  const outbox = await openOutbox(options, clock);
  try {
    const cursor = await outbox.cursor();
    refuseSince(options, cursor);
    const { counts, readToEnd } = await runDaemon(options, { clock, outbox, cursor });
    const owed = await outbox.owedCount();
    const removed = await outbox.removedCount();
    log.info({ ...counts, owed, ...(removed > 0 && { removed }) }, 'stopped');
    return options.once && (owed > 0 || !readToEnd) ? EXIT.stillOwed : EXIT.asAsked;
  } finally {
    await outbox.close();
  }
}

/** On a full disk a daemon waits for room, as it does later; nothing is held yet that a signal could not end. */
async function openOutbox(
  { folder, log, once }: SessionOptions,
  clock: Clock,
): Promise<SqliteOutbox> {
  for (let isFirst = true; ; isFirst = false) {
    try {
      return SqliteOutbox.open({ folder, clock, log, pid: process.pid });
    } catch (error) {
      if (once || !(error instanceof StateError) || !isDiskFull(error.cause)) throw error;
      if (isFirst)
        log.error({ reason: reasonOf(error) }, 'disk full, the state cannot be opened yet');
      await clock.sleep(OPEN_AGAIN_MS);
    }
  }
}

interface Open {
  readonly clock: Clock;
  readonly outbox: SqliteOutbox;
  readonly cursor: TailCursor | undefined;
}

async function runDaemon(
  options: SessionOptions,
  open: Open,
): Promise<{ readonly counts: Counts; readonly readToEnd: boolean }> {
  const { io, log, org, routes, onReady } = options;
  const { clock, outbox, cursor } = open;
  const userAgent = userAgentOf(io.version);
  const since = options.since ?? clock.now() - FIRST_START_MS;
  const remember = (trouble: string | undefined) => {
    outbox.saveTrouble(trouble).catch((error) => {
      log.error({ reason: reasonOf(error) }, 'could not note the trouble for status');
    });
  };
  const systemLog = new SystemLog({
    org: org.url,
    identity: options.identity,
    clock,
    log,
    userAgent,
    intervalMs: options.intervalMs,
    onTrouble: (trouble) => {
      remember(trouble?.message);
      if (trouble !== undefined) telling.trouble(inShort(trouble));
    },
    ...(options.filter === undefined ? {} : { filter: options.filter }),
    ...proxyOption(options.proxyFor?.(org.url)),
  });
  const sender = new Sender(clock, options.proxyFor && { proxyFor: options.proxyFor });
  const { version } = io;
  const parts = { version, org: org.url.host, userAgent, outbox, sender, clock, log };
  const telling = openTelling(parts, options.heartbeat);
  const from = cursor === undefined ? { since } : { cursor };
  const daemon = new Daemon({
    tail: (signal): AsyncIterable<Page> => systemLog.tail(from, signal),
    outbox,
    routes,
    reading: { query: queryText(options.filter), since },
    sender,
    clock,
    log,
    userAgent,
    telling,
    once: options.once === true,
    ...(options.longestProbeMs === undefined ? {} : { longestProbeMs: options.longestProbeMs }),
    onReady: () => {
      log.info({ org: org.url.host }, 'ready');
      notifier.status(`tailing ${org.url.host}`);
      remember(undefined);
      onReady?.();
    },
  });
  const notifier = openServiceNotifier({
    environment: io.env,
    clock,
    log,
    pid: process.pid,
    isAlive: () => daemon.isTurning,
  });
  const reloadAll = () =>
    reload(options, async ({ routes, heartbeat }) => {
      const isInForce = await daemon.reload(routes);
      if (isInForce) telling.heartbeat = heartbeatOf(heartbeat, parts);
      return isInForce;
    });
  const signals = options.stop ?? ownSignals(options, reloadAll);
  signals.soft.addEventListener('abort', () => {
    log.info({}, 'stopping');
    notifier.stopping();
  });
  try {
    announce(options, cursor, since);
    notifier.ready();
    await daemon.run(signals);
    const { counts, readToEnd } = daemon;
    return { counts, readToEnd };
  } finally {
    signals.release?.();
    await telling.close();
    await Promise.all([sender.close(), systemLog.close(), notifier.close()]);
  }
}

/** Nothing at all where there is none. */
export function proxyOption(proxy: URL | undefined): { readonly proxy?: URL } {
  return proxy === undefined ? {} : { proxy };
}

function ownSignals(options: SessionOptions, reloadAll: () => Promise<void>): StopSignals {
  return listenForSignals({
    fromTerminal: startedFromTerminal(options.io),
    onReload: () => void reloadAll(),
    exit: () => process.exit(EXIT.asAsked),
  });
}

/** `--since` is for a first start; later it would skip or repeat. */
function refuseSince(options: SessionOptions, cursor: TailCursor | undefined): void {
  if (options.since === undefined || cursor === undefined) return;
  throw new ConfigError([
    {
      where: '--since',
      message: `there is a cursor already in ${options.folder}: it goes on from ${new Date(cursor.readAt).toISOString()}`,
      hint: 'Leave --since out to go on from there, or give another folder with --state for a first start.',
    },
  ]);
}

async function reload(
  options: SessionOptions,
  putInForce: (read: RoutesInForce) => Promise<boolean>,
): Promise<void> {
  const { log } = options;
  if (options.reload === undefined) return;
  try {
    const read = await options.reload();
    for (const note of read.notes ?? []) log.warn({ note }, 'setting put right');
    if (!(await putInForce(read))) return;
    log.info({ routes: describeRoutes(read) }, 'routes reloaded');
    shoutInsecure(log, read);
  } catch (error) {
    const problems =
      error instanceof RoutesError || error instanceof ConfigError
        ? error.problems.map(inWords)
        : [reasonOf(error)];
    log.error({ problems }, 'routes not reloaded, the old ones stay in force');
  }
}

function inWords({ where, message }: Problem): string {
  return `${where}: ${message}`;
}
