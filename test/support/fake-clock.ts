/** A clock that moves only when the test says so. */
import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

export class FakeClock implements Clock {
  #now: number;
  #monotonic = 0;
  readonly #timers = new Set<Timer>();
  readonly #jumpListeners = new Set<(jumpMs: number) => void>();
  readonly #sleepers: (() => void)[] = [];

  readonly #settle: () => Promise<void>;

  /** `settleWith` is awaited after each timer that fires: until what it set going has come to rest. */
  constructor(now = Date.parse('2026-11-21T08:00:00.000Z'), settleWith = settle) {
    this.#now = now;
    this.#settle = settleWith;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        cancel();
        stopListening();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = this.after(ms, finish);
      const stopListening = this.onJump(finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = {
      at: this.#monotonic + Math.max(0, ms),
      fire: () => {
        this.#timers.delete(timer);
        callback();
      },
    };
    this.#timers.add(timer);
    for (const wake of this.#sleepers.splice(0)) wake();
    return () => {
      this.#timers.delete(timer);
    };
  }

  onJump(listener: (jumpMs: number) => void): () => void {
    this.#jumpListeners.add(listener);
    return () => {
      this.#jumpListeners.delete(listener);
    };
  }

  /** How long until the next timer fires, or undefined when nothing waits. */
  nextTimerMs(): number | undefined {
    const next = Math.min(...[...this.#timers].map((timer) => timer.at));
    return Number.isFinite(next) ? next - this.#monotonic : undefined;
  }

  /** Resolves as soon as something waits on this clock (at once if something does already). */
  async untilSomethingWaits(): Promise<void> {
    if (this.#timers.size > 0) return;
    await new Promise<void>((resolve) => this.#sleepers.push(resolve));
  }

  /** Moves time on by `ms`, firing what falls due in order and letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const target = this.#monotonic + ms;
    for (;;) {
      const next = this.#nextTimer();
      if (next === undefined || next.at > target) break;
      this.#moveTo(next.at);
      next.fire();
      await this.#settle();
    }
    this.#moveTo(target);
    await this.#settle();
  }

  /** The wall clock jumps (sleep and wake, or a clock that was set); timers do not move. */
  async jump(ms: number): Promise<void> {
    this.#now += ms;
    for (const listener of [...this.#jumpListeners]) listener(ms);
    await this.#settle();
  }

  #nextTimer(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (next === undefined || timer.at < next.at) next = timer;
    }
    return next;
  }

  #moveTo(monotonic: number): void {
    this.#now += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}

/** Lets everything that is ready run: promise callbacks and one round of I/O callbacks. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
