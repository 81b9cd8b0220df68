/**
 * One org's run of the daemon, from open state to closed state. Opens the rooms in order (state first: a folder that is
 * held or damaged stops it), joins them, and closes them. What is of the whole process stands in process-wide.ts.
 */
import type { Clock } from '../../clock.ts';
import { Daemon, type Stop } from '../../daemon.ts';
import { Sender } from '../../delivery/attempt.ts';
import { ConfigError, OktaError, reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { queryText } from '../../okta/place/position.ts';
import { longestIntervalMs } from '../../okta/poll-interval.ts';
import type { Page, SystemLog } from '../../okta/system-log.ts';
import type { TailCursor } from '../../state/outbox.ts';
import type { SqliteOutbox } from '../../state/sqlite-outbox.ts';
import type { Telling } from '../../status/telling/telling.ts';
import type { OrgWatch } from '../admin/org-watch.ts';
import { EXIT } from '../exit.ts';
import { userAgentOf } from '../io.ts';
import { FIRST_START_MS, openSystemLog } from '../system-log.ts';
import { credentialFields } from '../words/identity.ts';
import { announce, hostField } from './announcement.ts';
import { openOutbox } from './open-outbox.ts';
import type { ReadAnew, SessionOptions } from './session-options.ts';
import { heartbeatOf, inShort, openTelling, type TellingParts } from './telling.ts';

/** What the session reports to whoever runs it. */
export interface Told {
  /** Its routes are read and it begins. */
  readonly begins: () => void;
  /** Okta answers, and the first page is safe. */
  readonly reads: () => void;
}

/** One org's part of a running daemon. Whoever runs it hands in the stop: signals belong to the whole process. */
export class Session {
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #outbox: SqliteOutbox;
  readonly #cursor: TailCursor | undefined;
  readonly #since: number;
  readonly #sender: Sender;
  readonly #systemLog: SystemLog;
  readonly #tellingParts: TellingParts;
  readonly #telling: Telling;
  readonly #watch: OrgWatch | undefined;
  readonly #daemon: Daemon;
  #told: Told | undefined;

  /** Close it in any case. @throws StateError ConfigError, and then there is nothing to close */
  static async open(options: SessionOptions, clock: Clock, stop?: AbortSignal): Promise<Session> {
    const outbox = await openOutbox(options, clock, stop);
    try {
      const cursor = await outbox.cursor();
      refuseSince(options, cursor);
      return new Session(options, { clock, outbox, cursor });
    } catch (error) {
      await outbox.close();
      throw error;
    }
  }

  private constructor(options: SessionOptions, { clock, outbox, cursor }: Open) {
    const { io, log, org } = options;
    const { version } = io;
    const userAgent = userAgentOf(version);
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#outbox = outbox;
    this.#cursor = cursor;
    this.#since = options.since ?? clock.now() - FIRST_START_MS;
    this.#sender = new Sender(clock, options.proxyFor && { proxyFor: options.proxyFor });
    const sender = this.#sender;
    this.#tellingParts = { version, org: org.url.host, userAgent, outbox, sender, clock, log };
    this.#telling = openTelling(this.#tellingParts, options.heartbeat);
    this.#systemLog = this.#openSystemLog();
    this.#watch = this.#openWatch();
    this.#daemon = this.#openDaemon(userAgent);
  }

  get isFirstStart(): boolean {
    return this.#cursor === undefined;
  }

  /** False once its loops stand still. */
  get isTurning(): boolean {
    return this.#daemon.isTurning;
  }

  /** Runs until `stop` says so (or, with `once`, is done). Returns the exit code. @throws what `explain` explains */
  async run(stop: Stop, told: Told): Promise<number> {
    this.#told = told;
    try {
      announce(this.#options, this.#cursor, this.#since);
      told.begins();
      await this.#daemon.run(stop);
    } catch (error) {
      // The process goes on without this org: its state is where a person looks.
      if (this.#options.name !== undefined && error instanceof OktaError)
        await this.#outbox.saveTrouble(error.message);
      throw error;
    } finally {
      await this.#telling.close();
      await Promise.all([this.#sender.close(), this.#systemLog.close()]);
    }
    const { counts, readToEnd } = this.#daemon;
    const owed = await this.#outbox.owedCount();
    const removed = await this.#outbox.removedCount();
    this.#log.info({ ...counts, owed, ...(removed > 0 && { removed }) }, 'stopped');
    return this.#options.once && (owed > 0 || !readToEnd) ? EXIT.stillOwed : EXIT.asAsked;
  }

  /** Puts what was read anew in force. False when it stops before that. */
  async putInForce({ routes, heartbeat, ...found }: ReadAnew): Promise<boolean> {
    if (!(await this.#daemon.reload(routes))) return false;
    this.#telling.heartbeat = heartbeatOf(heartbeat, this.#tellingParts);
    if (found.identity !== undefined && this.#systemLog.changeIdentity(found.identity))
      this.#log.info(credentialFields(found), 'credentials reloaded');
    return true;
  }

  /** When `run` has ended. */
  async close(): Promise<void> {
    this.#watch?.leave();
    await this.#outbox.close();
  }

  #openSystemLog(): SystemLog {
    return openSystemLog(this.#options, {
      version: this.#options.io.version,
      clock: this.#clock,
      log: this.#log,
      onTrouble: (trouble) => {
        this.#remember(trouble?.message);
        if (trouble === undefined) return;
        this.#telling.trouble(inShort(trouble));
        this.#watch?.trouble(trouble.kind);
      },
    });
  }

  #openWatch(): OrgWatch | undefined {
    const { adminDoor, name, org, folder, interval } = this.#options;
    return adminDoor?.watch({
      org: name ?? org.url.host,
      host: org.url.host,
      folder,
      intervalMs: longestIntervalMs(interval),
      outbox: this.#outbox,
      systemLog: this.#systemLog,
      isTurning: () => this.isTurning,
      obey: () => this.#daemon.obey(),
    });
  }

  #openDaemon(userAgent: string): Daemon {
    const { org, routes, filter, once, longestProbeMs, paces, onReady } = this.#options;
    const since = this.#since;
    const from = this.#cursor === undefined ? { since } : { cursor: this.#cursor };
    return new Daemon({
      tail: (signal): AsyncIterable<Page> => this.#systemLog.tail(from, signal),
      outbox: this.#outbox,
      routes,
      reading: { query: queryText(filter), since },
      sender: this.#sender,
      clock: this.#clock,
      log: this.#log,
      userAgent,
      org: org.url.host,
      ...(paces !== undefined && { paces }),
      telling: this.#telling,
      ...(this.#watch && { meter: this.#watch.meter }),
      once: once === true,
      onRateShare: (share) => {
        this.#systemLog.rateShare = share;
      },
      ...(longestProbeMs === undefined ? {} : { longestProbeMs }),
      onReady: () => {
        this.#log.info(hostField(this.#options), 'ready');
        this.#told?.reads();
        this.#remember(undefined);
        onReady?.();
      },
    });
  }

  #remember(trouble: string | undefined): void {
    this.#outbox.saveTrouble(trouble).catch((error) => {
      this.#log.error({ reason: reasonOf(error) }, 'could not note the trouble for status');
    });
  }
}

interface Open {
  readonly clock: Clock;
  readonly outbox: SqliteOutbox;
  readonly cursor: TailCursor | undefined;
}

/** `--since` is for a first start; later it would skip or repeat. */
function refuseSince(options: SessionOptions, cursor: TailCursor | undefined): void {
  if (options.since === undefined || cursor === undefined || options.goesOnFromCursor) return;
  throw new ConfigError([
    {
      where: '--since',
      message: `there is a cursor already in ${options.folder}: it goes on from ${new Date(cursor.readAt).toISOString()}`,
      hint: 'Leave --since out to go on from there; what is older: loghook backfill --since.',
    },
  ]);
}
