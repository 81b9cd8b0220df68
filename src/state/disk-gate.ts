/**
 * What happens when the disk is full: said once, everything that would need it waits, and it goes on by itself when
 * there is room. Nothing is dropped meanwhile: what could not be written stays with whoever wanted to write it.
 */
import type { Clock } from '../clock.ts';
import { reasonOf } from '../errors.ts';
import type { Log } from '../log.ts';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export class DiskGate {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Set<() => void>();
  #fullSince: number | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  get isOpen(): boolean {
    return this.#fullSince === undefined;
  }

  /** A write was refused. Returns how long to wait before the next try, in ms. */
  refused(error: unknown): number {
    if (this.#fullSince === undefined) {
      this.#fullSince = this.#clock.now();
      this.#retryMs = FIRST_RETRY_MS;
      this.#log.error({ reason: reasonOf(error) }, 'disk full, nothing is read or sent');
    }
    const wait = this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    return wait;
  }

  /** A write went through. */
  accepted(): void {
    if (this.#fullSince === undefined) return;
    const forMs = this.#clock.now() - this.#fullSince;
    this.#fullSince = undefined;
    this.#log.info({ forMs }, 'disk has room again');
    for (const resume of [...this.#waiting]) resume();
  }

  /** Resolves when the disk takes writes, or when `signal` aborts. */
  async untilOpen(signal: AbortSignal): Promise<void> {
    if (this.isOpen || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const resume = () => {
        this.#waiting.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.#waiting.add(resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }
}
