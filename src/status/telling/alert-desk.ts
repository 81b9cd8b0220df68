/**
 * Where alerts are owed: at the outbox, to the alerts route, like any event to any route. In the order in which they
 * come; at most one write waits (on a full disk), the rest wait behind it. Nobody who tells has to wait for it.
 */
import type { Clock } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import type { LogEvent } from '../../event.ts';
import type { Log } from '../../log.ts';
import { alertId, alertOf, type Cause, type Happening, type Sender } from './alerts.ts';

/** What survives a restart. */
export interface Memory {
  /** Owes them to the alerts route; durable when it resolves to those that were not known. */
  owe(alerts: readonly LogEvent[], signal: AbortSignal): Promise<readonly LogEvent[]>;
  /** Whether an event of this id was taken in and is not forgotten. */
  knows(eventId: string): Promise<boolean>;
}

/** More than this do not wait for room on the disk: the newest go. */
const MOST_WAITING = 1_000;

/** How long a stop waits for the disk. */
const LAST_WRITE_MS = 1_000;

interface DeskOptions {
  readonly from: Sender;
  readonly memory: Memory;
  readonly clock: Clock;
  readonly log: Log;
}

export class AlertDesk {
  readonly clock: Clock;
  readonly log: Log;
  /** Whether there is a route that alerts go to. */
  isOpen = false;
  readonly #options: DeskOptions;
  readonly #closed = new AbortController();
  #waiting: LogEvent[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.log = options.log;
  }

  /** Told once: what is known already owes nothing. Resolves when it is durable, or was given up. Never rejects. */
  tell(happening: Happening): Promise<void> {
    if (!this.isOpen || this.#closed.signal.aborted || this.#waiting.length >= MOST_WAITING) {
      return Promise.resolve();
    }
    this.#waiting.push(alertOf(this.#options.from, happening, this.clock.now()));
    this.#writing ??= this.#write();
    return this.#writing;
  }

  wasTold(cause: Cause): Promise<boolean> {
    return this.#options.memory.knows(alertId(this.#options.from, cause));
  }

  /** Writes what waits, and gives up what a full disk does not take by then. */
  async close(): Promise<void> {
    const enough = new AbortController();
    await Promise.race([this.#writing, this.#options.clock.sleep(LAST_WRITE_MS, enough.signal)]);
    enough.abort();
    this.#closed.abort();
  }

  /** Begins to write before it first waits, so that what is told is there before what the caller writes next. */
  async #write(): Promise<void> {
    const { memory, log } = this.#options;
    try {
      while (this.#waiting.length > 0 && !this.#closed.signal.aborted) {
        const alerts = this.#waiting;
        this.#waiting = [];
        for (const { id, eventType } of await memory.owe(alerts, this.#closed.signal)) {
          log.info({ event: id, type: eventType }, 'alert owed');
        }
      }
    } catch (error) {
      log.error({ reason: reasonOf(error) }, 'could not owe an alert');
    } finally {
      this.#writing = undefined;
    }
  }
}
