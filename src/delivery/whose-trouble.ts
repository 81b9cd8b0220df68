/**
 * Whose trouble is it? One rule. If other events get through on the route while this one keeps failing, it is the
 * event: after its tries it becomes a dead letter. If nothing gets through, it is the route: it is held, spends
 * nobody's tries, and is looked at with one probe at a time until something gets through.
 *
 *   flowing ──429, Retry-After──▶ slowed ──its time is over, or a success──▶ flowing
 *      └─────nothing gets through─────▶ held ──first success──▶ flowing
 *
 * `#move` is the only place that changes the state. A held route keeps its gate open while just one event has failed:
 * that may be the event's own fault, so another one that arrives is tried at once and settles the question.
 */
import type { Failure, Outcome } from './outcome.ts';
import { probeDelay, retryDelay } from './schedule.ts';

export type RouteState =
  | { readonly kind: 'flowing' }
  | {
      readonly kind: 'slowed';
      readonly why: string;
      readonly since: number;
      readonly until: number;
    }
  | {
      readonly kind: 'held';
      readonly why: string;
      readonly since: number;
      /** When the next probe may go, ms since 1970; absent when the route waits for a person. */
      readonly until?: number;
    };

/** What the rule must know of an event that was tried. */
export interface Tried {
  readonly seq: number;
  readonly attempts: number;
  readonly tries: number;
  /** When it was tried before, ms since 1970. */
  readonly lastAttemptAt?: number;
}

export type Verdict =
  | {
      readonly kind: 'delivered';
      readonly at: number;
      readonly status: number;
      readonly ms: number;
    }
  | {
      readonly kind: 'postponed';
      readonly at: number;
      readonly dueAt: number;
      /** Whether the attempt counts against the event. */
      readonly charged: boolean;
      readonly status?: number;
      readonly why: string;
    }
  | { readonly kind: 'dead'; readonly at: number; readonly status?: number; readonly why: string };

/** Failures in a row, with no success between, that hold a route. Without a connection, two are enough. */
const HOLD_AFTER = 5;
const HOLD_AFTER_UNREACHABLE = 2;
/** First pause after a 429 without Retry-After; doubles up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

export class RouteTrouble {
  readonly #random: () => number;
  readonly #onChange: (state: RouteState) => void;
  #state: RouteState;
  #lastSuccessAt = Number.NEGATIVE_INFINITY;
  #failuresInRow = 0;
  #throttledInRow = 0;
  #onlyGone = true;
  #probes = 0;
  /** Events that failed since the last success; beyond two it does not matter who. */
  readonly #failed = new Set<number>();

  /** Goes on from `state`, as it was saved. `onChange` is called with every new state. */
  constructor(options: {
    readonly state: RouteState;
    readonly random: () => number;
    readonly onChange: (state: RouteState) => void;
  }) {
    this.#state = options.state;
    this.#random = options.random;
    this.#onChange = options.onChange;
  }

  get state(): RouteState {
    return this.#state;
  }

  /** Ms until the gate opens for one more; Infinity while a probe is out or the route waits for a person. */
  waitMs(now: number, inFlight: number): number {
    if (this.#state.kind === 'flowing') return 0;
    if (this.#state.kind === 'slowed') return Math.max(0, this.#state.until - now);
    if (inFlight > 0) return Number.POSITIVE_INFINITY;
    if (this.#failed.size === 1) return 0;
    return Math.max(0, (this.#state.until ?? Number.POSITIVE_INFINITY) - now);
  }

  /** A person wants it tried again now: after a restart, a reload, a `resume`. */
  tryAgain(now: number): void {
    if (this.#state.kind !== 'held') return;
    this.#probes = 0;
    this.#move({ ...this.#state, until: now });
  }

  /** What becomes of the event, and of the route, after an attempt that ended at `now` (ms since 1970). */
  judge(event: Tried, outcome: Exclude<Outcome, { kind: 'cut' }>, now: number): Verdict {
    if (outcome.kind === 'delivered') return this.#succeeded(outcome, now);
    const charged = this.#isEventsFault(event, outcome);
    const verdict = this.#verdictOn(event, outcome, charged, now);
    if (outcome.retryAfterMs !== undefined || outcome.kind === 'throttled')
      this.#slow(outcome, now);
    if (outcome.kind !== 'throttled') this.#countFailure(event, outcome, now);
    return verdict;
  }

  #succeeded(outcome: { readonly status: number; readonly ms: number }, now: number): Verdict {
    this.#lastSuccessAt = now;
    this.#failuresInRow = 0;
    this.#throttledInRow = 0;
    this.#onlyGone = true;
    this.#probes = 0;
    this.#failed.clear();
    const pausedStill = this.#state.kind === 'slowed' && this.#state.until > now;
    if (this.#state.kind !== 'flowing' && !pausedStill) this.#move({ kind: 'flowing' });
    return { kind: 'delivered', at: now, status: outcome.status, ms: outcome.ms };
  }

  /** Others got through since it was tried last, and a throttled or unsent request proves nothing against it. */
  #isEventsFault(event: Tried, failure: Failure): boolean {
    if (failure.kind === 'throttled' || failure.kind === 'unreachable') return false;
    return event.lastAttemptAt !== undefined && this.#lastSuccessAt > event.lastAttemptAt;
  }

  #verdictOn(event: Tried, failure: Failure, charged: boolean, now: number): Verdict {
    const tries = event.tries + (charged ? 1 : 0);
    const kind = failure.kind === 'verdict' ? 'verdict' : 'failure';
    const alone = !charged && event.attempts > event.tries;
    const delay = alone
      ? probeDelay(event.attempts - event.tries, this.#random)
      : retryDelay(kind, tries, this.#random);
    const status = failure.status === undefined ? {} : { status: failure.status };
    if (delay === undefined) return { kind: 'dead', at: now, why: failure.why, ...status };
    const dueAt = now + Math.max(delay, failure.retryAfterMs ?? 0);
    return { kind: 'postponed', at: now, dueAt, charged, why: failure.why, ...status };
  }

  #slow(failure: Failure, now: number): void {
    if (this.#state.kind === 'held') return;
    const pause = failure.retryAfterMs ?? this.#ownPause();
    this.#throttledInRow += 1;
    const slowed = this.#state.kind === 'slowed' ? this.#state : undefined;
    const until = Math.max(now + pause, slowed?.until ?? 0);
    this.#move({ kind: 'slowed', why: failure.why, since: slowed?.since ?? now, until });
  }

  #ownPause(): number {
    const doubled = FIRST_PAUSE_MS * 2 ** Math.min(this.#throttledInRow, 10);
    return Math.round(Math.min(doubled, LONGEST_PAUSE_MS) * (1 + 0.2 * this.#random()));
  }

  #countFailure(event: Tried, failure: Failure, now: number): void {
    this.#failuresInRow += 1;
    this.#onlyGone &&= failure.kind === 'gone';
    if (this.#failed.size < 2) this.#failed.add(event.seq);
    const enough = failure.kind === 'unreachable' ? HOLD_AFTER_UNREACHABLE : HOLD_AFTER;
    const held = this.#state.kind === 'held' ? this.#state : undefined;
    if (held === undefined && this.#failuresInRow < enough) return;
    const since = held?.since ?? now;
    if (this.#onlyGone && this.#failed.size > 1) {
      this.#move({ kind: 'held', why: failure.why, since });
      return;
    }
    const pause = Math.max(probeDelay(this.#probes, this.#random), failure.retryAfterMs ?? 0);
    this.#probes += 1;
    this.#move({ kind: 'held', why: failure.why, since, until: now + pause });
  }

  #move(state: RouteState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
