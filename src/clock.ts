/**
 * The only door to time. Every wait takes an AbortSignal and ends quietly when it aborts; a wait also ends when the
 * machine wakes from sleep or its clock is set, because timers stand still while a laptop sleeps.
 */

/** Wall clock and timers drift by less than this in one tick; more means sleep, or a clock that was set. */
const JUMP_MS = 3_000;
const TICK_MS = 1_000;

export interface Clock {
  /** Milliseconds since 1970, as the system's clock has it; may jump. */
  now(): number;
  /** Milliseconds that only move forward; may stand still while the machine sleeps. */
  monotonic(): number;
  /** Resolves after `ms`, or at once when `signal` aborts or the wall clock jumps. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`; the function it returns cancels it. */
  after(ms: number, callback: () => void): () => void;
  /** Calls `listener` with the jump in ms (negative: backwards) until the returned function is called. */
  onJump(listener: (jumpMs: number) => void): () => void;
}

export class SystemClock implements Clock {
  readonly #listeners = new Set<(jumpMs: number) => void>();
  #watch: ReturnType<typeof setInterval> | undefined;
  #offset = 0;

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', finish);
        stopWatching();
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal?.addEventListener('abort', finish, { once: true });
      const stopWatching = this.onJump(finish);
    });
  }

  after(ms: number, callback: () => void): () => void {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  }

  onJump(listener: (jumpMs: number) => void): () => void {
    this.#listeners.add(listener);
    this.#startWatching();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopWatching();
    };
  }

  #startWatching(): void {
    if (this.#watch !== undefined) return;
    this.#offset = this.now() - this.monotonic();
    this.#watch = setInterval(() => this.#tick(), TICK_MS);
  }

  #stopWatching(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #tick(): void {
    const offset = this.now() - this.monotonic();
    const jump = offset - this.#offset;
    this.#offset = offset;
    if (Math.abs(jump) < JUMP_MS) return;
    for (const listener of [...this.#listeners]) listener(jump);
  }
}

/** Waits, one at a time, that whoever waits can be told to end early. */
export class Pause {
  readonly #clock: Clock;
  #now = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, at once when `end` is called or `signal` aborts. Never rejects. */
  async for(ms: number, signal: AbortSignal): Promise<void> {
    this.#now = new AbortController();
    const end = () => this.end();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await this.#clock.sleep(ms, this.#now.signal);
    signal.removeEventListener('abort', end);
  }

  /** Of the wait that is under way; one that begins later is a whole one. */
  end(): void {
    this.#now.abort();
  }
}
