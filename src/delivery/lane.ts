/**
 * A route's lane: what it has in flight, when one more may start, and what becomes of each. A lane knows nothing of
 * the others but the origin's pace that they share, so a slow or dead receiver delays only itself.
 */
import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';
import type { LogEvent } from '../event.ts';
import type { Log } from '../log.ts';
import type { Request } from './attempt.ts';
import { type Answer, outcomeOf } from './outcome.ts';
import type { Pace } from './pace.ts';
import { RouteNews } from './route-news.ts';
import type { Target, TargetTls } from './target.ts';
import { type RouteState, RouteTrouble, type Verdict } from './whose-trouble.ts';

/** Where a lane leads. */
export interface Destination {
  /** The route's identity. */
  readonly key: string;
  /** What people see. */
  readonly name: string;
  readonly url: URL;
  readonly authorization?: string;
  /** POST unless it says otherwise. */
  readonly method?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly publicOnly?: boolean;
  readonly proxy?: URL | 'none';
  readonly tls?: TargetTls;
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

/** Sends one request; never rejects. */
export interface Sends {
  send(request: Request): Promise<Answer>;
}

export interface LaneOptions {
  readonly destination: Destination;
  readonly encoding: Encoding;
  readonly state: RouteState;
  readonly sender: Sends;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  readonly random: () => number;
  /** Holds do not close the gate: `--once` tries everything that is due. */
  readonly ignoreHold: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  readonly onState: (state: RouteState) => void;
}

export class Lane {
  readonly key: string;
  readonly name: string;
  readonly #options: LaneOptions;
  readonly #trouble: RouteTrouble;
  readonly #target: Target;
  readonly #method: string;
  readonly #path: string;
  readonly #headers: readonly string[];
  readonly #closed = new AbortController();
  readonly #news: RouteNews;
  #inFlight = 0;
  #running = 0;
  readonly #alarm: Alarm;
  readonly #wake = () => this.#alarm.ring();

  constructor(options: LaneOptions) {
    const { destination, encoding, clock, random } = options;
    this.key = destination.key;
    this.name = destination.name;
    this.#options = options;
    this.#alarm = new Alarm(options.clock);
    this.#target = targetOf(destination);
    this.#method = destination.method ?? 'POST';
    this.#path = `${destination.url.pathname}${destination.url.search}`;
    this.#headers = headersOf(destination, encoding, options.userAgent);
    this.#news = new RouteNews(options.log, this.name, options.state);
    this.#trouble = new RouteTrouble({
      state: options.state,
      now: clock.now(),
      random,
      ...(options.longestProbeMs !== undefined && { longestProbeMs: options.longestProbeMs }),
      onChange: (state) => this.#changed(state),
    });
    const stopListening = clock.onJump((jumpMs) => this.#clockJumped(jumpMs));
    this.#closed.signal.addEventListener('abort', stopListening, { once: true });
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

  /** Resolves when no request is out. */
  async answered(): Promise<void> {
    const never = new AbortController().signal;
    while (this.#inFlight > 0) await this.#wait(Number.POSITIVE_INFINITY, never);
  }

  async #send(delivery: Sendable): Promise<Verdict | undefined> {
    const { pace, sender, clock, encoding } = this.#options;
    const { id } = delivery.event;
    const request = {
      target: this.#target,
      method: this.#method,
      path: this.#path,
      headers: [...this.#headers, 'webhook-id', id, 'loghook-attempt', `${delivery.attempts + 1}`],
      body: encoding.encode(delivery.event),
    };
    this.#inFlight += 1;
    pace.started();
    const outcome = outcomeOf(await sender.send(request));
    this.#inFlight -= 1;
    if (outcome.kind === 'cut') {
      pace.abandoned();
      this.#wake();
      return undefined;
    }
    const verdict = this.#trouble.judge(delivery, outcome, clock.now());
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
    const { pace, clock } = this.#options;
    const isOpen = this.#options.ignoreHold && this.state.kind === 'held';
    const gate = isOpen ? 0 : this.#trouble.waitMs(clock.now(), this.#inFlight);
    return gate > 0 ? gate : pace.waitMs(this.#inFlight);
  }

  /** Ends after `ms`, when something happens on the lane or its origin, or when `signal` aborts. */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    const stopListening = this.#options.pace.onRoom(this.#wake);
    await this.#alarm.wait(ms, signal);
    stopListening();
  }
}

export function targetOf({ url, tls, proxy, publicOnly }: Destination): Target {
  return {
    origin: url.origin,
    ...(tls !== undefined && { tls }),
    ...(proxy !== undefined && { proxy }),
    ...(publicOnly !== undefined && { publicOnly }),
  };
}

/** The headers that all of a route's requests have in common. A route's own take the place of ours. */
function headersOf(destination: Destination, encoding: Encoding, userAgent: string): string[] {
  const headers = new Map([
    ['content-type', encoding.contentType],
    ['user-agent', userAgent],
    ['loghook-route', destination.name],
  ]);
  if (destination.authorization !== undefined) {
    headers.set('authorization', destination.authorization);
  }
  for (const [name, value] of destination.headers ?? []) headers.set(name.toLowerCase(), value);
  return [...headers].flat();
}
