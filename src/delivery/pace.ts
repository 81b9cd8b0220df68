/**
 * How hard a receiving origin may be pressed: a budget of requests in flight, shared by all routes that lead there.
 * It starts at one, doubles and later adds while there is a backlog and answers stay near their fastest, halves on
 * 429, 503 and time-outs, and below one in flight it spaces the requests out. (Additive increase, multiplicative
 * decrease, as in RFC 5681; the latency brake as in TCP Vegas.)
 */
import type { Clock } from '../clock.ts';

const CEILING = 64;
/** Answers slower than twice the fastest plus this are a sign that more would only queue. */
const SLACK_MS = 10;
/** The fastest answer is looked for anew this often: networks and receivers change. */
const FLOOR_LIFE_MS = 60_000;
const FIRST_SPACING_MS = 250;
const WIDEST_SPACING_MS = 60_000;

export class Pace {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #budget = 1;
  #doubling = true;
  #inFlight = 0;
  /** Ms between starts while even one in flight is too much; 0 normally. */
  #spacingMs = 0;
  #notBefore = 0;
  #floorMs = Number.POSITIVE_INFINITY;
  #floorUntil = 0;
  #lastCutAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Ms until one more may start for a lane that has `laneInFlight` out; Infinity until an answer comes. A lane with
   * nothing in flight never waits for the others' answers: a neighbour that hangs must not stop it.
   */
  waitMs(laneInFlight: number): number {
    if (this.#inFlight >= Math.floor(this.#budget) && laneInFlight > 0) {
      return Number.POSITIVE_INFINITY;
    }
    return this.#spacingMs === 0 ? 0 : Math.max(0, this.#notBefore - this.#clock.monotonic());
  }

  started(): void {
    this.#inFlight += 1;
    if (this.#spacingMs > 0) this.#notBefore = this.#clock.monotonic() + this.#spacingMs;
  }

  /** An answer came after `ms`; `congested` if it was 429, 503 or a time-out. */
  answered(ms: number, congested: boolean): void {
    const wasBusy = this.#inFlight >= Math.floor(this.#budget);
    this.#inFlight -= 1;
    if (congested) this.#cut(ms);
    else this.#grow(ms, wasBusy);
    this.#wakeOthers();
  }

  /** The request was cut by our own stop. */
  abandoned(): void {
    this.#inFlight -= 1;
    this.#wakeOthers();
  }

  /** Calls `wake` when there may be room; the returned function takes it back. */
  onRoom(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #wakeOthers(): void {
    if (this.#waiting.size === 0) return;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Requests that were under way at the last cut tell nothing new: one cut a round trip. */
  #cut(ms: number): void {
    const now = this.#clock.monotonic();
    if (now - ms < this.#lastCutAt) return;
    this.#lastCutAt = now;
    this.#doubling = false;
    if (this.#budget > 1) {
      this.#budget = Math.max(1, this.#budget / 2);
    } else {
      this.#spacingMs = Math.min(
        Math.max(this.#spacingMs * 2, FIRST_SPACING_MS),
        WIDEST_SPACING_MS,
      );
    }
    this.#notBefore = now + this.#spacingMs;
  }

  #grow(ms: number, wasBusy: boolean): void {
    if (this.#spacingMs > 0) {
      this.#spacingMs = this.#spacingMs > FIRST_SPACING_MS ? this.#spacingMs / 2 : 0;
      return;
    }
    const floor = this.#floor(ms);
    if (ms > floor * 2 + SLACK_MS) {
      this.#doubling = false;
      return;
    }
    if (wasBusy)
      this.#budget = Math.min(CEILING, this.#budget + (this.#doubling ? 1 : 1 / this.#budget));
  }

  #floor(ms: number): number {
    const now = this.#clock.monotonic();
    if (now > this.#floorUntil || ms < this.#floorMs) {
      this.#floorMs = ms;
      this.#floorUntil = now + FLOOR_LIFE_MS;
    }
    return this.#floorMs;
  }
}

/** One Pace for each origin. */
export class Paces {
  readonly #clock: Clock;
  readonly #byOrigin = new Map<string, Pace>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(origin: string): Pace {
    let pace = this.#byOrigin.get(origin);
    if (pace === undefined) {
      pace = new Pace(this.#clock);
      this.#byOrigin.set(origin, pace);
    }
    return pace;
  }
}
