/**
 * How hard a receiving origin may be pressed: a budget of requests in flight, shared by all routes that lead there.
 * It starts at one, doubles and later adds while there is a backlog and answers stay near their fastest, shrinks a
 * little while all of them are slow, halves on 429, 503 and time-outs, and below one in flight it spaces the requests
 * out. (Additive increase, multiplicative decrease, as in RFC 5681; the latency brake as in TCP Vegas; the fastest
 * answer is measured anew with few in flight, as in BBR, or a receiver that is always full would raise it for ever.)
 */
import type { Clock } from '../../clock.ts';

const CEILING = 64;
/** Answers slower than twice the fastest plus this are a sign that more would only queue. */
const SLACK_MS = 10;
/** The fastest answer is looked for anew this often: networks and receivers change. */
const LOOK_EVERY_MS = 60_000;
/** While looking, this part of the budget is in use, and this many answers are taken. */
const LOOK_SHARE = 1 / 8;
const LOOK_ANSWERS = 4;
const SHRINK = 7 / 8;
const FIRST_SPACING_MS = 250;
const WIDEST_SPACING_MS = 60_000;
/** A receiver that takes this long to fail spaces the requests itself. */
const SLOW_FAILURE_MS = 5_000;

export class Pace {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #budget = 1;
  #doubling = true;
  #inFlight = 0;
  /** Whether somebody wanted more than the budget since the last start: without a backlog it does not grow. */
  #refused = false;
  #slowInRow = 0;
  /** Ms between starts while even one in flight is too much; 0 normally. */
  #spacingMs = 0;
  #notBefore = 0;
  #floorMs = Number.POSITIVE_INFINITY;
  #lookAt: number;
  /** Since when so few are in flight that answers show the floor; Infinity while there are more. */
  #fewSince = Number.POSITIVE_INFINITY;
  #looked: number[] = [];
  #lastCutAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookAt = clock.monotonic() + LOOK_EVERY_MS;
  }

  /**
   * Ms until one more may start for a lane that has `laneInFlight` out; Infinity until an answer comes. A lane with
   * nothing in flight never waits for the others' answers: a neighbour that hangs must not stop it.
   */
  waitMs(laneInFlight: number): number {
    if (laneInFlight > 0 && this.#inFlight >= this.#limit()) {
      this.#refused = true;
      return Number.POSITIVE_INFINITY;
    }
    return this.#spacingMs === 0 ? 0 : Math.max(0, this.#notBefore - this.#clock.monotonic());
  }

  started(): void {
    this.#inFlight += 1;
    this.#refused = false;
    if (this.#spacingMs > 0) this.#notBefore = this.#clock.monotonic() + this.#spacingMs;
  }

  /** An answer came after `ms`; `congested` if it was 429, 503 or a time-out. */
  answered(ms: number, congested: boolean): void {
    this.#inFlight -= 1;
    if (congested) this.#cut(ms);
    else if (this.#spacingMs > 0) this.#unspace();
    else this.#adjust(ms);
    this.#wakeOthers();
  }

  /** The request was cut by our own stop, or never left: it tells nothing. */
  abandoned(): void {
    this.#inFlight -= 1;
    this.#wakeOthers();
  }

  /** Calls `wake` when there may be room; the returned function takes it back. */
  onRoom(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #limit(): number {
    return this.#isLooking() ? this.#few() : Math.floor(this.#budget);
  }

  #isLooking(): boolean {
    return this.#lookAt === Number.NEGATIVE_INFINITY;
  }

  #few(): number {
    return Math.max(1, Math.floor(this.#budget * LOOK_SHARE));
  }

  #wakeOthers(): void {
    // Waking only resolves promises: whoever waits takes itself off the list later, not in this loop.
    for (const wake of this.#waiting) wake();
  }

  /** Requests that were under way at the last cut tell nothing new: one cut a round trip. */
  #cut(ms: number): void {
    const now = this.#clock.monotonic();
    if (now - ms < this.#lastCutAt) return;
    this.#lastCutAt = now;
    this.#doubling = false;
    if (this.#budget > 1) {
      this.#budget = Math.max(1, this.#budget / 2);
      return;
    }
    if (ms >= SLOW_FAILURE_MS) return;
    this.#spacingMs = Math.min(Math.max(this.#spacingMs * 2, FIRST_SPACING_MS), WIDEST_SPACING_MS);
    this.#notBefore = now + this.#spacingMs;
  }

  #unspace(): void {
    this.#spacingMs = this.#spacingMs > FIRST_SPACING_MS ? this.#spacingMs / 2 : 0;
    this.#notBefore = Math.min(this.#notBefore, this.#clock.monotonic() + this.#spacingMs);
  }

  #adjust(ms: number): void {
    this.#measure(ms);
    if (ms > this.#floorMs * 2 + SLACK_MS) {
      this.#shrink();
      return;
    }
    this.#slowInRow = 0;
    if (!this.#refused || this.#isLooking()) return;
    this.#budget = Math.min(CEILING, this.#budget + (this.#doubling ? 1 : 1 / this.#budget));
  }

  /** One slow answer may be chance and only ends the doubling; two rounds without a fast one are not. */
  #shrink(): void {
    this.#doubling = false;
    this.#slowInRow += 1;
    if (this.#slowInRow < this.#budget * 2) return;
    this.#slowInRow = 0;
    this.#budget = Math.max(1, this.#budget * SHRINK);
  }

  #measure(ms: number): void {
    this.#floorMs = Math.min(this.#floorMs, ms);
    const now = this.#clock.monotonic();
    if (now >= this.#lookAt) this.#look(now, ms);
  }

  /** Lets the flight go down to a few, takes the fastest of the answers that started then as the floor, and goes on. */
  #look(now: number, ms: number): void {
    this.#lookAt = Number.NEGATIVE_INFINITY;
    const startedAt = now - ms;
    if (startedAt >= this.#fewSince) this.#looked.push(ms);
    if (this.#inFlight < this.#few()) this.#fewSince = Math.min(this.#fewSince, now);
    if (this.#looked.length < LOOK_ANSWERS) return;
    this.#floorMs = Math.min(...this.#looked);
    this.#looked = [];
    this.#fewSince = Number.POSITIVE_INFINITY;
    this.#slowInRow = 0;
    this.#lookAt = now + LOOK_EVERY_MS;
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
