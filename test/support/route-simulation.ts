/** A route with its queue, its receiver and its rule, in simulated time: what would take days takes milliseconds. */
import type { Schedule } from '../../src/delivery/lanes/schedule.ts';
import type { RouteState, Verdict } from '../../src/delivery/lanes/verdict.ts';
import { RouteTrouble } from '../../src/delivery/lanes/whose-trouble.ts';
import type { Failure, Outcome } from '../../src/delivery/outcome.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

type Ended = Exclude<Outcome, { kind: 'cut' }>;

interface Owed {
  readonly seq: number;
  /** When it came. */
  readonly at: number;
  dueAt: number;
  attempts: number;
  tries: number;
  lastAttemptAt?: number;
}

export interface Attempt {
  readonly seq: number;
  readonly at: number;
  readonly verdict: Verdict;
}

export interface SimulationOptions {
  /** What the receiver answers to an event at an instant (ms since the start). */
  readonly receiver: (seq: number, at: number) => Ended;
  readonly inFlight?: number;
  readonly latencyMs?: number;
  readonly random?: () => number;
  /** Of events with one lane only the earliest is ever due. Default: each event is a lane of its own. */
  readonly laneOf?: (seq: number) => string;
  readonly strict?: boolean;
  readonly schedule?: Schedule;
}

export class RouteSimulation {
  /** Ms since the start; the wall clock is `now + offset`. */
  now = 0;
  offset = 1_800_000_000_000;
  trouble: RouteTrouble;
  readonly attempts: Attempt[] = [];
  readonly delivered: number[] = [];
  readonly dead: number[] = [];
  readonly states: RouteState[] = [];
  readonly #options: SimulationOptions;
  readonly #owed = new Map<number, Owed>();
  readonly #out: { owed: Owed; endsAt: number; outcome: Ended }[] = [];
  #sinceLate = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.trouble = this.#open({ kind: 'flowing' });
  }

  get wall(): number {
    return this.now + this.offset;
  }

  get owed(): number {
    return this.#owed.size;
  }

  /** An event that is owed from `at` on (ms since the start). */
  add(seq: number, at = this.now): void {
    this.#owed.set(seq, { seq, at, dueAt: 0, attempts: 0, tries: 0 });
  }

  addMany(first: number, count: number, at = this.now, everyMs = 0): void {
    for (let index = 0; index < count; index += 1) this.add(first + index, at + index * everyMs);
  }

  /** The daemon stops and starts: what is in flight is lost, what is saved stays. */
  restart(): void {
    this.#out.length = 0;
    this.trouble = this.#open(this.trouble.state);
    this.trouble.tryAgain(this.wall);
  }

  /** Lets time pass up to `until` (ms since the start), or until nothing is owed any more. */
  runTo(until: number): void {
    for (;;) {
      this.#start();
      const next = this.#nextAt();
      if (next === undefined || next > until) break;
      this.now = Math.max(this.now, next);
      this.#end();
    }
    this.now = Math.max(this.now, until);
  }

  attemptsOf(seq: number): Attempt[] {
    return this.attempts.filter((attempt) => attempt.seq === seq);
  }

  #open(state: RouteState): RouteTrouble {
    return new RouteTrouble({
      state,
      now: this.wall,
      random: this.#options.random ?? (() => 0.5),
      strict: this.#options.strict ?? false,
      ...(this.#options.schedule !== undefined && { schedule: this.#options.schedule }),
      onChange: (changed) => this.states.push(changed),
    });
  }

  #start(): void {
    const { inFlight = 1, latencyMs = 10, receiver } = this.#options;
    while (this.#out.length < inFlight && this.trouble.waitMs(this.wall, this.#out.length) <= 0) {
      const owed = this.#take();
      if (owed === undefined) return;
      const endsAt = this.now + latencyMs;
      this.#out.push({ owed, endsAt, outcome: receiver(owed.seq, this.now) });
    }
  }

  /** Never-tried ones in order, with late ones mixed in 1 to 4, as the outbox does. */
  #take(): Owed | undefined {
    const waiting = this.#waiting().filter(({ at }) => at <= this.now);
    const fresh = waiting.find(({ attempts }) => attempts === 0);
    const late = waiting
      .filter(({ attempts, dueAt }) => attempts > 0 && dueAt <= this.wall)
      .reduce<Owed | undefined>(
        (a, b) => (a === undefined || b.dueAt < a.dueAt ? b : a),
        undefined,
      );
    const takesLate = late !== undefined && (fresh === undefined || this.#sinceLate >= 4);
    this.#sinceLate = takesLate ? 0 : this.#sinceLate + 1;
    return takesLate ? late : fresh;
  }

  #nextAt(): number | undefined {
    const ends = this.#out.map(({ endsAt }) => endsAt);
    const { inFlight = 1 } = this.#options;
    const gateMs = this.trouble.waitMs(this.wall, this.#out.length);
    const isOpen = this.#out.length < inFlight && Number.isFinite(gateMs);
    const waiting = isOpen ? this.#waiting() : [];
    const starts = waiting.map(({ attempts, at, dueAt }) =>
      Math.max(attempts === 0 ? at : dueAt - this.offset, this.now + gateMs),
    );
    const next = [...ends, ...starts].reduce((a, b) => Math.min(a, b), Infinity);
    return Number.isFinite(next) ? next : undefined;
  }

  #waiting(): Owed[] {
    const out = new Set(this.#out.map(({ owed }) => owed));
    return this.#heads().filter((owed) => !out.has(owed));
  }

  /** Those that no earlier one stands before; of a lane that is all in the future, its first. */
  #heads(): Owed[] {
    const { laneOf, strict } = this.#options;
    if (strict !== true && laneOf === undefined) return [...this.#owed.values()];
    const heads = new Map<string, Owed>();
    for (const owed of this.#owed.values()) {
      const lane = strict === true ? '' : (laneOf?.(owed.seq) ?? String(owed.seq));
      const head = heads.get(lane);
      if (head === undefined || owed.at < head.at) heads.set(lane, owed);
    }
    return [...heads.values()];
  }

  #end(): void {
    for (const out of [...this.#out]) {
      if (out.endsAt > this.now) continue;
      this.#out.splice(this.#out.indexOf(out), 1);
      const { owed } = out;
      const verdict = this.trouble.judge(owed, out.outcome, this.wall);
      this.attempts.push({ seq: owed.seq, at: this.now, verdict });
      owed.attempts += 1;
      owed.lastAttemptAt = verdict.at;
      if (verdict.kind === 'postponed') {
        owed.dueAt = verdict.dueAt;
        owed.tries += verdict.charged ? 1 : 0;
        continue;
      }
      this[verdict.kind].push(owed.seq);
      this.#owed.delete(owed.seq);
    }
  }
}

export const ok: Ended = { kind: 'delivered', status: 200, ms: 10 };

const KINDS: Readonly<Record<number, Failure['kind']>> = {
  400: 'verdict',
  410: 'gone',
  429: 'throttled',
};

export function status(code: number, retryAfterMs?: number): Failure {
  return {
    kind: KINDS[code] ?? 'failed',
    why: String(code),
    status: code,
    ms: 10,
    congested: code === 429 || code === 503,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

export const refused: Failure = {
  kind: 'unreachable',
  why: 'connection refused',
  ms: 1,
  congested: false,
};
