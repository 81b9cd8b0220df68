/**
 * A route's lane: what it has in flight, when one more may start, and what becomes of each. A lane knows nothing of
 * the others but the origin's pace that they share, so a slow or dead receiver delays only itself.
 */
import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';
import type { LogEvent } from '../event.ts';
import type { Log } from '../log.ts';
import type { Sender } from './attempt.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Pace } from './pace.ts';
import { type RouteState, RouteTrouble, type Verdict } from './whose-trouble.ts';

/** Where a lane leads. */
export interface Destination {
  /** The route's identity. */
  readonly key: string;
  /** What people see. */
  readonly name: string;
  readonly url: URL;
  readonly authorization?: string;
}

/** What turns an event into a body. */
export interface Encoding {
  readonly contentType: string;
  encode(event: LogEvent): Buffer;
}

/** What a lane must know of a delivery. */
export interface Sendable {
  readonly seq: number;
  readonly event: LogEvent;
  readonly attempts: number;
  readonly tries: number;
  readonly firstAttemptAt?: number;
  readonly lastAttemptAt?: number;
}

export interface LaneOptions {
  readonly destination: Destination;
  readonly encoding: Encoding;
  readonly state: RouteState;
  readonly sender: Sender;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  readonly random: () => number;
  /** Holds do not close the gate: `--once` tries everything that is due. */
  readonly ignoreHold: boolean;
  readonly onState: (state: RouteState) => void;
}

export class Lane {
  readonly key: string;
  readonly name: string;
  readonly #options: LaneOptions;
  readonly #trouble: RouteTrouble;
  readonly #path: string;
  readonly #closed = new AbortController();
  /** As it was said last. */
  #last: RouteState;
  #inFlight = 0;
  #running = 0;
  readonly #alarm: Alarm;
  readonly #wake = () => this.#alarm.ring();

  constructor(options: LaneOptions) {
    const { destination, random } = options;
    this.key = destination.key;
    this.name = destination.name;
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
    this.#path = `${destination.url.pathname}${destination.url.search}`;
    this.#trouble = new RouteTrouble({
      state: options.state,
      random,
      onChange: (state) => this.#changed(state),
    });
    this.#last = options.state;
  }

  /** How many requests are out. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get state(): RouteState {
    return this.#trouble.state;
  }

  /** Aborts when the lane is closed: no more deliveries are taken. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  close(): void {
    this.#closed.abort();
  }

  /** Resolves when one more may start, or when `signal` aborts. */
  async room(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ms = this.#waitMs();
      if (ms <= 0) return;
      await this.#wait(ms, signal);
    }
  }

  /** Time jumped, or something else that it waits for may have changed: look again. */
  lookAgain(): void {
    this.#wake();
  }

  /** A person wants a held route tried again now. */
  tryAgain(): void {
    this.#trouble.tryAgain(this.#options.clock.now());
    this.#wake();
  }

  /**
   * Sends one delivery and hands `record` what becomes of it; `undefined` when it was cut by our own stop, which is no
   * attempt. Resolves once `record` has; rejects only with what `record` throws.
   */
  async start(
    delivery: Sendable,
    record: (verdict: Verdict | undefined) => Promise<void>,
  ): Promise<void> {
    this.#running += 1;
    try {
      const verdict = await this.#send(delivery);
      await record(verdict);
    } finally {
      this.#running -= 1;
      this.#wake();
    }
  }

  /** Resolves when nothing is in flight or being recorded, or when `signal` aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    while (this.#running > 0 && !signal.aborted) await this.#wait(Number.POSITIVE_INFINITY, signal);
  }

  async #send(delivery: Sendable): Promise<Verdict | undefined> {
    const { pace, sender, clock, encoding, destination } = this.#options;
    this.#inFlight += 1;
    pace.started();
    const answer = await sender.send({
      origin: destination.url.origin,
      path: this.#path,
      headers: this.#headers(delivery),
      body: encoding.encode(delivery.event),
    });
    const outcome = outcomeOf(answer);
    this.#inFlight -= 1;
    if (outcome.kind === 'cut') {
      pace.abandoned();
      return undefined;
    }
    const verdict = this.#trouble.judge(delivery, outcome, clock.now());
    pace.answered(outcome.ms, outcome.kind !== 'delivered' && outcome.congested);
    this.#say(delivery, outcome, verdict);
    this.#wake();
    return verdict;
  }

  #headers(delivery: Sendable): string[] {
    const { destination, encoding, userAgent } = this.#options;
    const headers = [
      'content-type',
      encoding.contentType,
      'user-agent',
      userAgent,
      'webhook-id',
      delivery.event.id,
      'loghook-route',
      destination.name,
      'loghook-attempt',
      String(delivery.attempts + 1),
    ];
    if (destination.authorization !== undefined) {
      headers.push('authorization', destination.authorization);
    }
    return headers;
  }

  /** The one line an attempt gets. */
  #say(delivery: Sendable, outcome: Exclude<Outcome, { kind: 'cut' }>, verdict: Verdict): void {
    const { log, clock } = this.#options;
    const fields = {
      route: this.name,
      event: delivery.event.id,
      attempt: delivery.attempts + 1,
      ms: Math.round(outcome.ms),
      outcome: verdict.kind,
      ...(outcome.status === undefined ? {} : { status: outcome.status }),
    };
    if (outcome.kind === 'delivered') {
      const sinceFirst =
        delivery.firstAttemptAt === undefined
          ? {}
          : { afterMs: clock.now() - delivery.firstAttemptAt };
      log.info({ ...fields, ...sinceFirst }, 'delivery attempted');
      return;
    }
    const next =
      verdict.kind === 'postponed' ? { nextAt: new Date(verdict.dueAt).toISOString() } : {};
    const level = this.state.kind === 'held' && verdict.kind !== 'dead' ? 'debug' : 'warn';
    log[level]({ ...fields, why: outcome.why, ...next }, 'delivery attempted');
    if (verdict.kind === 'dead') {
      log.error({ route: this.name, event: delivery.event.id, why: outcome.why }, 'dead letter');
    }
  }

  /** Held and flowing are said once each; a probe that fails only moves the time of the next. */
  #changed(state: RouteState): void {
    const { log, clock, onState } = this.#options;
    const before = this.#last;
    this.#last = state;
    onState(state);
    if (state.kind === before.kind) return;
    if (state.kind === 'flowing') {
      const forMs = before.kind === 'flowing' ? 0 : clock.now() - before.since;
      log.info({ route: this.name, was: before.kind, forMs }, 'route flowing');
      return;
    }
    const until = state.until === undefined ? {} : { until: new Date(state.until).toISOString() };
    log.warn({ route: this.name, why: state.why, ...until }, `route ${state.kind}`);
  }

  #waitMs(): number {
    const { pace, clock } = this.#options;
    const isOpen = this.#options.ignoreHold && this.state.kind === 'held';
    const gate = isOpen ? 0 : this.#trouble.waitMs(clock.now(), this.#inFlight);
    return gate > 0 ? gate : pace.waitMs(this.#inFlight);
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const stopListening = this.#options.pace.onRoom(this.#wake);
    await this.#alarm.wait(ms, signal);
    stopListening();
  }
}
