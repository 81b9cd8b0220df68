/** The two clocks of the model: one time in the test's hand, told differently to the org and to the daemon. */
import type { Clock } from '../../../src/clock.ts';
import type { FakeClock } from '../fake-clock.ts';

/** Tells the org's time: what the daemon's clock would tell if nobody had set it. */
export class OrgClock implements Clock {
  readonly #clock: FakeClock;
  #ahead: number;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#ahead = clock.now() - clock.monotonic();
  }

  /** The machine of the daemon slept; the world went on. */
  slept(ms: number): void {
    this.#ahead += ms;
  }

  now(): number {
    return this.#clock.monotonic() + this.#ahead;
  }
  monotonic(): number {
    return this.#clock.monotonic();
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }
  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }
  onJump(): () => void {
    return () => undefined;
  }
}

/** The daemon's own clock, but its housekeeping comes once a minute: hours must pass in a moment. */
export class DaemonClock implements Clock {
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }
  monotonic(): number {
    return this.#clock.monotonic();
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms === 1_000 ? 60_000 : ms, signal);
  }
  after(ms: number, callback: () => void): () => void {
    return this.#clock.after(ms, callback);
  }
  onJump(listener: (jumpMs: number) => void): () => void {
    return this.#clock.onJump(listener);
  }
}

/** Lets so much time pass as `promise` needs: no more than a minute, and a second of real time for what is not ours. */
export async function passUntil(promise: Promise<void>, clock: FakeClock): Promise<boolean> {
  let isOver = false;
  const over = promise.then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  const from = performance.now();
  for (let waitedMs = 0; !isOver; ) {
    if (waitedMs > 60_000 && performance.now() - from > 1_000) return false;
    const stepMs = Math.min(clock.nextTimerMs() ?? 1_000, 1_000);
    await clock.advance(stepMs);
    waitedMs += Math.max(1, stepMs);
  }
  await over;
  return true;
}
