/**
 * Ends what takes too long: one timer for all, set to the first that runs out. Undici's own are up to a second late.
 * Where this process itself stood still, an answer that lies there already counts: it is read before anything ends.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { CONNECT_MS, LATE, TOTAL_MS } from './exchange.ts';

interface Timed {
  readonly startedAt: number;
  end(reason: Error): void;
}

export class Deadlines<One extends Timed> {
  readonly #clock: Clock;
  /** In the order they began, which is the order in which they run out of time. */
  readonly #open = new Set<One>();
  readonly #connecting = new Set<One>();
  #cancelSweep: (() => void) | undefined;
  #sweepAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What has not ended, in the order it began. */
  get open(): readonly One[] {
    return [...this.#open];
  }

  start(one: One, isConnected: boolean): void {
    this.#open.add(one);
    if (!isConnected) this.#connecting.add(one);
    this.#sweepBy(one.startedAt + (isConnected ? TOTAL_MS : CONNECT_MS));
  }

  connected(one: One): void {
    this.#connecting.delete(one);
  }

  over(one: One): void {
    this.#open.delete(one);
    this.#connecting.delete(one);
  }

  /** Lets go of the timer. */
  stop(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#sweepAt = Number.POSITIVE_INFINITY;
  }

  #sweepBy(at: number): void {
    if (at >= this.#sweepAt) return;
    this.stop();
    this.#sweepAt = at;
    const ms = Math.max(0, at - this.#clock.monotonic());
    this.#cancelSweep = this.#clock.after(ms, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    this.stop();
    // Timers fire before sockets are read: between two of these all have been.
    await setImmediate();
    await setImmediate();
    this.#endThoseBefore(this.#connecting, CONNECT_MS);
    this.#endThoseBefore(this.#open, TOTAL_MS);
  }

  #endThoseBefore(some: ReadonlySet<One>, allowedMs: number): void {
    const now = this.#clock.monotonic();
    for (const one of [...some]) {
      const dueAt = one.startedAt + allowedMs;
      if (dueAt > now) {
        this.#sweepBy(dueAt);
        return;
      }
      one.end(LATE);
    }
  }
}
