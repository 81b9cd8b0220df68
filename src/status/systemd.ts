/**
 * Tells systemd how loghook is: READY, STATUS, WATCHDOG, STOPPING. Node cannot open a datagram socket in AF_UNIX, so each
 * message is one `systemd-notify`, waited for without blocking; the unit therefore needs `NotifyAccess=all`. One at a time,
 * in order, and never a reason to fail: deliveries go on when nobody listens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Clock } from '../clock.ts';
import { codeOf, reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

/** At most one STATUS= in this time; the last one wins. */
const STATUS_EVERY_MS = 3_000;
/** `systemd-notify` itself gives up on its barrier after 5 s; one that takes longer is stuck and is killed. */
const SPAWN_LIMIT_MS = 10_000;
/** A lost READY=1 would have systemd kill a healthy service, so it alone is sent again. */
const READY_AGAIN_MS = 1_000;
const READY_TRIES = 5;
/** sd_notify(3) takes 4,096 bytes a message; a code point is at most four. */
const STATUS_LIMIT = 500;
/** Longer than a timer can wait is not a watchdog. */
const PING_AT_MOST_MS = 3_600_000;
const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

export interface ServiceNotifier {
  /** State is open: the service has started. The watchdog is answered from here on. */
  ready(): void;
  /** One line for `systemctl status`; control characters become spaces. Sent at most every three seconds, the last wins. */
  status(text: string): void;
  /** The service has begun to stop; a status that still waits goes out first. */
  stopping(): void;
  /** Ends the watchdog and resolves when what was said before has been sent or given up on. Never rejects. */
  close(): Promise<void>;
}

export interface NotifierOptions {
  /** As systemd sets them; PATH finds `systemd-notify`. Nothing else of the environment reaches the child. */
  readonly environment: {
    readonly NOTIFY_SOCKET?: string | undefined;
    readonly WATCHDOG_USEC?: string | undefined;
    readonly WATCHDOG_PID?: string | undefined;
    readonly PATH?: string | undefined;
  };
  readonly clock: Clock;
  readonly log: Log;
  /** Of this process: what systemd should watch. */
  readonly pid: number;
  /** The watchdog is answered only while this is true. */
  readonly isAlive: () => boolean;
}

type Kind = 'ready' | 'status' | 'watchdog' | 'stopping';

/** Without NOTIFY_SOCKET (a terminal, macOS, Type=exec) every call does nothing. */
export function openServiceNotifier(options: NotifierOptions): ServiceNotifier {
  const socket = options.environment.NOTIFY_SOCKET;
  return socket ? new SystemdNotifier(options, socket) : SILENT;
}

const SILENT: ServiceNotifier = {
  ready: () => undefined,
  status: () => undefined,
  stopping: () => undefined,
  close: () => Promise.resolve(),
};

class SystemdNotifier implements ServiceNotifier {
  readonly #options: NotifierOptions;
  readonly #socket: string;
  /** What waits to be sent, in order; a newer status or ping takes the place of one that still waits. */
  readonly #waiting = new Map<Kind, readonly string[]>();
  readonly #cancels = new Set<() => void>();
  #sending: Promise<void> | undefined;
  #readyTries = 0;
  #heldStatus: string | undefined;
  #statusOpenAt = 0;
  #pinging = false;
  #faulty = false;
  #withheld = false;
  #gone = false;
  #closed = false;

  constructor(options: NotifierOptions, socket: string) {
    this.#options = options;
    this.#socket = socket;
  }

  ready(): void {
    this.#send('ready', ['READY=1', `MAINPID=${this.#options.pid}`]);
    const pingMs = pingIntervalMs(this.#options);
    if (pingMs === undefined || this.#pinging) return;
    this.#pinging = true;
    this.#ping(pingMs);
  }

  status(text: string): void {
    const wasHeld = this.#heldStatus !== undefined;
    this.#heldStatus = formatStatus(text);
    if (wasHeld) return;
    const waitMs = this.#statusOpenAt - this.#options.clock.monotonic();
    if (waitMs <= 0) this.#releaseStatus();
    else this.#after(waitMs, () => this.#releaseStatus());
  }

  stopping(): void {
    this.#releaseStatus();
    this.#send('stopping', ['STOPPING=1']);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#waiting.delete('watchdog');
    await this.#sending;
  }

  #releaseStatus(): void {
    if (this.#heldStatus === undefined) return;
    this.#send('status', [`STATUS=${this.#heldStatus}`]);
    this.#heldStatus = undefined;
    this.#statusOpenAt = this.#options.clock.monotonic() + STATUS_EVERY_MS;
  }

  #ping(everyMs: number): void {
    this.#after(everyMs, () => this.#ping(everyMs));
    const alive = this.#options.isAlive();
    if (alive) this.#send('watchdog', ['WATCHDOG=1']);
    else if (!this.#withheld) this.#options.log.warn('watchdog not answered: nothing moves');
    this.#withheld = !alive;
  }

  #after(ms: number, callback: () => void): void {
    if (this.#closed) return;
    const cancel = this.#options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      callback();
    });
    this.#cancels.add(cancel);
  }

  #send(kind: Kind, assignments: readonly string[]): void {
    if (this.#closed || this.#gone) return;
    this.#waiting.set(kind, assignments);
    this.#sending ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    for (const [kind, assignments] of this.#waiting) {
      this.#waiting.delete(kind);
      this.#record(kind, await this.#notify(assignments));
    }
    this.#sending = undefined;
  }

  /** Resolves with what went wrong, or undefined. */
  #notify(assignments: readonly string[]): Promise<unknown> {
    return new Promise((resolve) => {
      const child = this.#spawn(assignments);
      const cancel = this.#options.clock.after(SPAWN_LIMIT_MS, () => child.kill('SIGKILL'));
      const finish = (fault: unknown) => {
        cancel();
        resolve(fault);
      };
      child.once('error', finish);
      child.once('exit', (status, signal) =>
        finish(
          status === 0 ? undefined : new Error(`systemd-notify ended with ${status ?? signal}`),
        ),
      );
    });
  }

  #spawn(assignments: readonly string[]): ChildProcess {
    const env = {
      PATH: this.#options.environment.PATH ?? DEFAULT_PATH,
      NOTIFY_SOCKET: this.#socket,
    };
    return spawn('systemd-notify', ['--', ...assignments], { stdio: 'ignore', env });
  }

  #record(kind: Kind, fault: unknown): void {
    if (fault === undefined) {
      this.#faulty = false;
      return;
    }
    const reason = reasonOf(fault);
    if (!this.#faulty) this.#options.log.warn({ reason }, 'systemd cannot be told; going on');
    this.#faulty = true;
    if (codeOf(fault) === 'ENOENT') {
      this.#gone = true;
      this.#waiting.clear();
      return;
    }
    this.#readyTries += kind === 'ready' ? 1 : 0;
    if (kind !== 'ready' || this.#readyTries >= READY_TRIES) return;
    this.#after(READY_AGAIN_MS, () => this.ready());
  }
}

/** Half of what systemd allows, or undefined when it watches nothing or another process (sd_watchdog_enabled(3)). */
function pingIntervalMs({ environment, pid }: NotifierOptions): number | undefined {
  const { WATCHDOG_USEC: usec = '', WATCHDOG_PID: watched } = environment;
  if (!/^[1-9]\d*$/.test(usec)) return undefined;
  if (watched !== undefined && watched !== String(pid)) return undefined;
  return Math.min(PING_AT_MOST_MS, Math.max(1, Math.floor(Number(usec) / 2_000)));
}

/** A line break would let the text set other variables of the message. */
function formatStatus(text: string): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return [...line].slice(0, STATUS_LIMIT).join('');
}
