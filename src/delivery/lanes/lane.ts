/**
 * A route's lane: what it has in flight, when one more may start, and what becomes of each. A lane knows nothing of
 * the others but the origin's pace that they share, so a slow or dead receiver delays only itself.
 */
import { setMaxListeners } from 'node:events';
import { Alarm } from '../../alarm.ts';
import type { Clock } from '../../clock.ts';
import type { LogEvent } from '../../event.ts';
import type { Log } from '../../log.ts';
import type { Request } from '../attempt.ts';
import type { Destination, Encoding } from '../destination.ts';
import { type Answer, type AttemptTrace, type Made, outcomeOf } from '../outcome.ts';
import { RouteRequests } from '../route-requests.ts';
import { whyExpired } from './age.ts';
import type { Pace } from './pace.ts';
import { RouteNews } from './route-news.ts';
import { scheduleOf } from './schedule.ts';
import type { StartRate } from './start-rate.ts';
import type { RouteState, Verdict } from './verdict.ts';
import { RouteTrouble } from './whose-trouble.ts';

/** What a lane must know of a delivery. */
export interface Sendable {
  readonly seq: number;
  readonly event: LogEvent;
  readonly attempts: number;
  readonly tries: number;
  readonly firstAttemptAt?: number;
  readonly lastAttemptAt?: number;
  /** When it was read from Okta, ms since 1970. */
  readonly readAt?: number;
  /** A person asked for it to be sent again. */
  readonly replay?: boolean;
}

/** What the rule says of an attempt, and what the attempt was like. */
type Settled = Verdict & { readonly trace?: AttemptTrace };

/** What becomes of a delivery: what came of its attempt, or that it was too old for one. */
export type Settlement =
  | Settled
  | { readonly kind: 'expired'; readonly at: number; readonly why: string };

/** What people asked of a route from outside. */
export interface Wish {
  /** Nothing is sent until somebody resumes it. */
  readonly paused: boolean;
  /** When somebody last asked for it to go on, ms since 1970. */
  readonly resumedAt?: number;
}

/** Too old to be sent, and not yet recorded: beyond so many the lane waits, or they would fill the memory. */
const MOST_EXPIRING = 64;

/** Sends one request; never rejects. */
export interface Sends {
  send(request: Request): Promise<Answer>;
}

interface LaneOptions {
  readonly destination: Destination;
  readonly encoding: Encoding;
  readonly state: RouteState;
  readonly sender: Sends;
  readonly pace: Pace;
  readonly startRate: StartRate;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  /** The host of the org, which each request names. */
  readonly org?: string;
  readonly random: () => number;
  /** Holds do not close the gate: `--once` tries everything that is due. */
  readonly ignoreHold: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  readonly onState: (state: RouteState) => void;
  /** Told of every attempt that came to an end of its own. */
  readonly onAttempt?: (outcome: Made) => void;
}

export class Lane {
  readonly key: string;
  readonly name: string;
  /** Undefined: its deliveries wait for nobody. */
  readonly orderedBy: string | undefined;
  readonly #options: LaneOptions;
  readonly #trouble: RouteTrouble;
  readonly #requests: RouteRequests;
  readonly #closed = new AbortController();
  readonly #news: RouteNews;
  #inFlight = 0;
  #expiring = 0;
  #running = 0;
  #isPaused = false;
  /** The last wish to go on that was seen; undefined before the first look. */
  #resumedAt: number | undefined;
  /** Rings when something happens on the lane or, until it is closed, on its origin. */
  readonly #alarm: Alarm;
  readonly #wake = () => this.#alarm.ring();

  constructor(options: LaneOptions) {
    const { destination, encoding, clock, random } = options;
    this.key = destination.key;
    this.name = destination.name;
    this.orderedBy = destination.order?.by;
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
    this.#requests = new RouteRequests(destination, encoding, options);
    this.#news = new RouteNews(options.log, this.name, options.state);
    this.#trouble = new RouteTrouble({
      state: options.state,
      now: clock.now(),
      random,
      schedule: scheduleOf(destination.retry?.delaysMs),
      strict: this.orderedBy === 'strict',
      ...(options.longestProbeMs !== undefined && { longestProbeMs: options.longestProbeMs }),
      onChange: (state) => this.#changed(state),
    });
    const { signal } = this.#closed;
    const stopListening = clock.onJump((jumpMs) => this.#clockJumped(jumpMs));
    signal.addEventListener('abort', stopListening, { once: true });
    signal.addEventListener('abort', options.pace.onRoom(this.#wake), { once: true });
  }

  /** How many requests are out. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get state(): RouteState {
    return this.#trouble.state;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Aborts when the lane is closed: no more deliveries are taken. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  close(): void {
    this.#closed.abort();
    this.#news.ended();
  }

  /** Resolves when one more may start, or when `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ms = this.#waitMs();
      if (ms <= 0) return;
      await this.#alarm.wait(ms, signal);
    }
  }

  /** A person wants a held route tried again now. */
  tryAgain(): void {
    this.#trouble.tryAgain(this.#options.clock.now());
    this.#wake();
  }

  /** Pauses or goes on as people want it. A wish to go on that is newer than the last one seen also tries a held route. */
  obey({ paused, resumedAt = 0 }: Wish): void {
    const isNew = this.#resumedAt !== undefined && resumedAt > this.#resumedAt;
    this.#resumedAt = resumedAt;
    const isOver = this.#isPaused && !paused;
    if (paused && !this.#isPaused) this.#news.paused();
    if (isOver || (isNew && !paused)) this.#news.resumed();
    this.#isPaused = paused;
    if (isNew) this.#trouble.vouch();
    if (isNew) this.tryAgain();
    this.#wake();
  }

  /**
   * Sends one delivery and hands `record` what becomes of it; `undefined` when it was cut by our own stop, which is no
   * attempt. One that is too old is not sent. Resolves once `record` has; rejects only with what `record` throws.
   */
  async start(
    delivery: Sendable,
    record: (settlement: Settlement | undefined) => Promise<void>,
  ): Promise<void> {
    this.#running += 1;
    try {
      const { clock, destination } = this.#options;
      const why = whyExpired(delivery, destination.maxAgeMs, clock.now());
      await (why === undefined
        ? record(this.#ended(delivery, await this.#send(delivery)))
        : this.#expire(delivery, why, record));
    } finally {
      this.#running -= 1;
      this.#wake();
    }
  }

  /** Resolves when nothing is in flight or being recorded, or when `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    setMaxListeners(0, signal); // all lanes may wait for one stop, and there may be many
    while (this.#running > 0 && !signal.aborted) {
      await this.#alarm.wait(Number.POSITIVE_INFINITY, signal);
    }
    this.#alarm.leave(signal);
  }

  /** Resolves when no request is out. */
  async answered(): Promise<void> {
    const never = new AbortController().signal;
    while (this.#inFlight > 0) await this.#alarm.wait(Number.POSITIVE_INFINITY, never);
  }

  async #expire(
    delivery: Sendable,
    why: string,
    record: (settlement: Settlement) => Promise<void>,
  ): Promise<void> {
    this.#expiring += 1;
    try {
      const at = this.#options.clock.now();
      this.#news.expired(delivery, why, at);
      await record({ kind: 'expired', at, why });
    } finally {
      this.#expiring -= 1;
    }
  }

  #send(delivery: Sendable): Promise<Answer> {
    const { pace, startRate, sender, clock } = this.#options;
    const request = this.#requests.of(delivery, clock.now());
    this.#inFlight += 1;
    pace.started();
    startRate.started();
    return sender.send(request);
  }

  /** Undefined when it was cut by our own stop. */
  #ended(delivery: Sendable, answer: Answer): Settled | undefined {
    const { pace, clock, destination } = this.#options;
    const outcome = outcomeOf(answer, destination.retry);
    this.#inFlight -= 1;
    if (outcome.kind === 'cut') {
      pace.abandoned();
      this.#wake();
      return undefined;
    }
    this.#options.onAttempt?.(outcome);
    const judged = this.#trouble.judge(delivery, outcome, clock.now());
    const verdict = outcome.trace === undefined ? judged : { ...judged, trace: outcome.trace };
    // Only answers of the usual kind show how fast the receiver is: a refusal may be quicker, and says nothing.
    if (outcome.kind === 'delivered') pace.answered(outcome.ms, false);
    else if (outcome.congested) pace.answered(outcome.ms, true);
    else pace.abandoned();
    this.#news.attempted(delivery, outcome, verdict, clock.now());
    this.#wake();
    return verdict;
  }

  #changed(state: RouteState): void {
    this.#news.changed(state, this.#options.clock.now());
    this.#options.onState(state);
  }

  #clockJumped(jumpMs: number): void {
    if (jumpMs < 0) this.#trouble.clockSetBack(-jumpMs);
    this.#wake();
  }

  #waitMs(): number {
    const { pace, startRate } = this.#options;
    if (this.#isPaused || this.#isFull()) return Number.POSITIVE_INFINITY;
    const gate = Math.max(this.#gateMs(), startRate.waitMs());
    // Asked last: a lane that must wait for something else is no backlog that could use a faster pace.
    return gate > 0 ? gate : pace.waitMs(this.#inFlight);
  }

  #isFull(): boolean {
    const { concurrency = Number.POSITIVE_INFINITY } = this.#options.destination;
    return this.#inFlight >= concurrency || this.#expiring >= MOST_EXPIRING;
  }

  #gateMs(): number {
    const isOpen = this.#options.ignoreHold && this.state.kind === 'held';
    return isOpen ? 0 : this.#trouble.waitMs(this.#options.clock.now(), this.#inFlight);
  }
}
