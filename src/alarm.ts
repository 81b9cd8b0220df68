/**
 * A wait that others can end: what a loop sleeps on until there is room, or something to do. Cheaper than an
 * AbortController a wait, which counts where there is a wait for every event.
 */
import type { Clock } from './clock.ts';

export class Alarm {
  readonly #clock: Clock;
  #sleepers: (() => void)[] = [];
  readonly #linked = new WeakMap<AbortSignal, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends every wait there is now. */
  ring(): void {
    if (this.#sleepers.length === 0) return;
    const sleepers = this.#sleepers;
    this.#sleepers = [];
    for (const wake of sleepers) wake();
  }

  /** Resolves when rung, after `ms` (may be Infinity), or when `signal` aborts. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.#link(signal);
    return new Promise((resolve) => {
      if (ms === Number.POSITIVE_INFINITY) {
        this.#sleepers.push(resolve);
        return;
      }
      const cancel = this.#clock.after(ms, () => {
        this.#sleepers = this.#sleepers.filter((sleeper) => sleeper !== wake);
        resolve();
      });
      const wake = () => {
        cancel();
        resolve();
      };
      this.#sleepers.push(wake);
    });
  }

  /** Nobody waits here for `signal` any more: one that outlives this alarm must not keep it in memory. */
  leave(signal: AbortSignal): void {
    const listener = this.#linked.get(signal);
    if (listener === undefined) return;
    this.#linked.delete(signal);
    signal.removeEventListener('abort', listener);
  }

  /** One listener a signal, not one a wait. */
  #link(signal: AbortSignal): void {
    if (this.#linked.has(signal)) return;
    const listener = () => this.ring();
    this.#linked.set(signal, listener);
    signal.addEventListener('abort', listener, { once: true });
  }
}
