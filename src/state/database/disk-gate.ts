/**
 * What happens when the state cannot be written for now (a full disk, another process's lock): said once, and it goes
 * on by itself. Nothing is dropped meanwhile: what could not be written stays with whoever wanted to write it.
 *
 * Two write: the intake (pages) and the records (outcomes). Trouble begins with the first refusal of either and ends
 * when neither is refused any more. Sending stops at any refusal; it goes on as soon as a small write goes through,
 * though a large page may still not fit: deliveries that are done with make room for it.
 */
import type { Clock } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { isBusy, isFull } from './sqlite.ts';

type Writer = 'intake' | 'records';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

export class DiskGate {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Set<() => void>();
  /** Who is refused, and how long it waits before its next try, ms. */
  readonly #refused = new Map<Writer, number>();
  #troubleSince: number | undefined;
  #isOpen = true;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether an outcome can be recorded, as far as is known: whether to send. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** A write was refused. Returns how long to wait before the next try, in ms. */
  refused(writer: Writer, error: unknown): number {
    if (this.#troubleSince === undefined) {
      this.#troubleSince = this.#clock.monotonic();
      this.#log.error({ reason: reasonOf(error) }, sentenceFor(error));
    }
    this.#isOpen = false;
    const wait = this.#refused.get(writer) ?? FIRST_RETRY_MS;
    this.#refused.set(writer, Math.min(wait * 2, LONGEST_RETRY_MS));
    return wait;
  }

  /** A write went through. */
  accepted(writer: Writer): void {
    if (this.#troubleSince === undefined) return;
    this.#refused.delete(writer);
    if (this.#refused.size === 0) {
      const forMs = Math.round(this.#clock.monotonic() - this.#troubleSince);
      this.#troubleSince = undefined;
      this.#log.info({ forMs }, 'state can be written again');
    }
    if (writer === 'records' || this.#refused.size === 0) this.#open();
  }

  /** A small write went through while the intake's is still refused. */
  probed(): void {
    if (!this.#refused.has('records')) this.#open();
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

  #open(): void {
    this.#isOpen = true;
    for (const resume of [...this.#waiting]) resume();
  }
}

function sentenceFor(error: unknown): string {
  if (isFull(error)) return 'disk full, what cannot be recorded is not read or sent';
  if (isBusy(error)) return 'state is locked by another process, nothing is read or sent meanwhile';
  return 'disk refuses writes, what cannot be recorded is not read or sent';
}
