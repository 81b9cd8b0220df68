/** A receiver of a known capacity and a sender that always has more, in simulated time. */
import type { Clock } from '../../src/clock.ts';
import { Pace } from '../../src/delivery/lanes/pace.ts';

/** A clock that only shows a time that others set. */
class Dial implements Clock {
  at = 0;
  now(): number {
    return this.at;
  }
  monotonic(): number {
    return this.at;
  }
  sleep(): Promise<void> {
    return Promise.resolve();
  }
  after(): () => void {
    return () => {};
  }
  onJump(): () => void {
    return () => {};
  }
}

interface Out {
  readonly startedAt: number;
  readonly endsAt: number;
  readonly isCongested: boolean;
}

export interface Receiver {
  /** How many it works on at once; the others wait in its queue. */
  capacity: number;
  /** Ms that one takes. */
  serviceMs: () => number;
  /** Answers 429 at once when more than this are out. */
  limit?: number;
}

export class PaceSimulation {
  readonly pace: Pace;
  readonly receiver: Receiver;
  readonly #dial = new Dial();
  #out: Out[] = [];
  /** When each of the receiver's workers is free again. */
  #free: number[] = [];
  answered = 0;
  congested = 0;

  constructor(receiver: Receiver) {
    this.receiver = receiver;
    this.pace = new Pace(this.#dial);
  }

  get now(): number {
    return this.#dial.at;
  }

  /** Sends as much as the pace allows for `ms`; what was in flight at each answer. */
  run(ms: number): number[] {
    const until = this.now + ms;
    const flights: number[] = [];
    for (;;) {
      while (this.pace.waitMs(this.#out.length) <= 0) this.#start();
      const next = Math.min(...this.#out.map(({ endsAt }) => endsAt), this.#roomAt());
      if (next > until) break;
      this.#dial.at = next;
      this.#end(flights);
    }
    this.#dial.at = until;
    return flights;
  }

  /** One at a time, with nobody waiting. */
  runIdle(count: number, ms: number): void {
    for (let index = 0; index < count; index += 1) {
      if (this.pace.waitMs(0) > 0) throw new Error('no room for a single one');
      this.pace.started();
      this.#dial.at += ms;
      this.pace.answered(ms, false);
      this.#dial.at += 1_000;
    }
  }

  #roomAt(): number {
    return this.now + Math.max(this.pace.waitMs(this.#out.length), 0.001);
  }

  #start(): void {
    const startedAt = this.now;
    this.pace.started();
    const { capacity, limit = Number.POSITIVE_INFINITY, serviceMs } = this.receiver;
    if (this.#out.length >= limit) {
      this.#out.push({ startedAt, endsAt: startedAt + 1, isCongested: true });
      return;
    }
    this.#free = this.#free.filter((at) => at > startedAt).sort((a, b) => a - b);
    const beginsAt = this.#free.length < capacity ? startedAt : this.#free.at(-capacity);
    const endsAt = (beginsAt ?? startedAt) + serviceMs();
    this.#free.push(endsAt);
    this.#out.push({ startedAt, endsAt, isCongested: false });
  }

  #end(flights: number[]): void {
    for (const out of this.#out.filter(({ endsAt }) => endsAt <= this.now)) {
      flights.push(this.#out.length);
      this.#out = this.#out.filter((other) => other !== out);
      this.pace.answered(this.now - out.startedAt, out.isCongested);
      if (out.isCongested) this.congested += 1;
      else this.answered += 1;
      while (this.pace.waitMs(this.#out.length) <= 0) this.#start();
    }
  }
}
