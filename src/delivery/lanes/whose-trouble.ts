/**
 * Whose trouble is it? One rule. If other events get through on the route while this one keeps failing, it is the
 * event: after its tries it becomes a dead letter. If nothing gets through, it is the route: it is held, spends
 * nobody's tries, and is looked at with one probe at a time until something gets through.
 *
 *   flowing ──429, Retry-After──▶ slowed ──success after its time──▶ flowing
 *      └─────nothing gets through─────▶ held ──first success──▶ flowing
 *
 * `#move` is the only place that changes the state. A held route keeps its gate open until two events have failed:
 * one may fail by its own fault, so another one that arrives is tried at once and settles the question. A pause that
 * the receiver asked for closes the gate in any state. Requests that were out when a gate closed tell nothing new.
 *
 * In strict order nothing can get through beside the event at the head, so it is judged by what came before it: a
 * verdict (400, 422 …) counts against the event while something has been delivered since the last dead letter. After
 * its tries it dies and the next one goes; fails that one too, it was the route: held, and no further event dies.
 * Whatever else fails (401, 500, time-outs) is the route's. After a restart a route that was held has first to deliver
 * something, unless its head was charged before; a person who resumes it vouches for it.
 */
import type { Failure, Outcome } from '../outcome.ts';
import { ownDelay, probeDelay, retryDelay, type Schedule, USUAL_SCHEDULE } from './schedule.ts';
import type { RouteState, Tried, Verdict } from './verdict.ts';

/** Failures in a row, with no success between, that hold a route. Without a connection, two are enough. */
const HOLD_AFTER = 5;
const HOLD_AFTER_UNREACHABLE = 2;
/** A receiver that answered well a moment ago may only be flapping: that takes more of them. */
const HOLD_AFTER_RECENT_SUCCESS = 20;
const RECENT_MS = 10_000;
/** First pause after a 429 without Retry-After; doubles up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Nothing is ever put off longer than this; a saved instant further away means that the clock was set back. */
const FURTHEST_MS = 25 * 3_600_000;

export class RouteTrouble {
  readonly #random: () => number;
  readonly #onChange: (state: RouteState) => void;
  readonly #longestProbeMs: number;
  readonly #schedule: Schedule;
  readonly #isStrict: boolean;
  /** In strict order: something was delivered since the last dead letter. */
  #isProven: boolean;
  #state: RouteState;
  #lastSuccessAt = Number.NEGATIVE_INFINITY;
  /** Until when the receiver asked to be left alone: 429 or Retry-After. */
  #askedUntil = Number.NEGATIVE_INFINITY;
  #failuresInRow = 0;
  #throttledInRow = 0;
  #goneInRow = 0;
  #probes = 0;
  /** Events that failed since the last success; beyond two it does not matter who. */
  readonly #failed = new Set<number>();

  /** Goes on from `state`, as it was saved. `onChange` is called with every new state. */
  constructor(options: {
    readonly state: RouteState;
    readonly now: number;
    readonly random: () => number;
    /** A held route is tried at least this often, ms. */
    readonly longestProbeMs?: number;
    readonly schedule?: Schedule;
    /** No event is sent before the one in front of it is delivered or dead. */
    readonly strict?: boolean;
    readonly onChange: (state: RouteState) => void;
  }) {
    this.#random = options.random;
    this.#onChange = options.onChange;
    this.#longestProbeMs = options.longestProbeMs ?? Number.POSITIVE_INFINITY;
    this.#schedule = options.schedule ?? USUAL_SCHEDULE;
    this.#isStrict = options.strict === true;
    const { state, now } = options;
    this.#isProven = state.kind !== 'held';
    const isFar = state.kind !== 'flowing' && (state.until ?? now) > now + FURTHEST_MS;
    this.#state = isFar ? { ...state, until: now } : state;
  }

  get state(): RouteState {
    return this.#state;
  }

  /** Ms until the gate opens for one more; Infinity while a probe is out or the route waits for a person. */
  waitMs(now: number, inFlight: number): number {
    const state = this.#state;
    if (state.kind === 'flowing') return 0;
    if (state.kind === 'slowed') return Math.max(0, state.until - now);
    if (inFlight > 0 || state.until === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(0, (this.#failed.size < 2 ? this.#askedUntil : state.until) - now);
  }

  /** A person wants it tried again now: after a restart, a reload. */
  tryAgain(now: number): void {
    if (this.#state.kind !== 'held') return;
    this.#probes = 0;
    this.#askedUntil = Number.NEGATIVE_INFINITY;
    this.#move({ ...this.#state, until: now });
  }

  /** A person says that the route is in order: in strict order a verdict counts against the head again. */
  vouch(): void {
    this.#isProven = true;
  }

  /** The wall clock was set back by `ms`: what lay ahead of it stays as far ahead. */
  clockSetBack(ms: number): void {
    this.#lastSuccessAt -= ms;
    this.#askedUntil -= ms;
    const state = this.#state;
    if (state.kind === 'flowing') return;
    const until = state.until === undefined ? {} : { until: state.until - ms };
    this.#move({ ...state, since: state.since - ms, ...until });
  }

  /** What becomes of the event, and of the route, after an attempt that ended at `now` (ms since 1970). */
  judge(event: Tried, outcome: Exclude<Outcome, { kind: 'cut' }>, now: number): Verdict {
    if (outcome.kind === 'delivered') return this.#succeeded(outcome, now);
    const charged = this.#isEventsFault(event, outcome);
    const isThrottled = outcome.kind === 'throttled';
    if (isThrottled || outcome.retryAfterMs !== undefined) this.#slow(outcome, now);
    if (!isThrottled || this.#state.kind === 'held')
      this.#countFailure(event, outcome, charged, now);
    const verdict = this.#verdictOn(event, outcome, charged, now);
    if (verdict.kind === 'dead') this.#isProven = false;
    return verdict;
  }

  #succeeded(outcome: { readonly status: number; readonly ms: number }, now: number): Verdict {
    this.#lastSuccessAt = now;
    this.#isProven = true;
    this.#failuresInRow = 0;
    this.#throttledInRow = 0;
    this.#goneInRow = 0;
    this.#probes = 0;
    this.#failed.clear();
    const pausedStill = this.#state.kind === 'slowed' && this.#state.until > now;
    if (this.#state.kind !== 'flowing' && !pausedStill) this.#move({ kind: 'flowing' });
    return { kind: 'delivered', at: now, status: outcome.status, ms: outcome.ms };
  }

  /** Others got through since it was tried last; and "later", or a request that never left, proves nothing. */
  #isEventsFault(event: Tried, failure: Failure): boolean {
    if (failure.spares) return false;
    if (this.#isStrict) return this.#isHeadsFault(event, failure);
    if (this.#state.kind === 'held') return false;
    if (failure.kind === 'throttled' || failure.kind === 'unreachable') return false;
    if (failure.congested && failure.retryAfterMs !== undefined) return false;
    return event.lastAttemptAt !== undefined && this.#lastSuccessAt > event.lastAttemptAt;
  }

  #isHeadsFault(event: Tried, failure: Failure): boolean {
    const isAgain = event.attempts > 0;
    return failure.kind === 'verdict' && isAgain && (this.#isProven || event.tries > 0);
  }

  #verdictOn(event: Tried, failure: Failure, charged: boolean, now: number): Verdict {
    const tries = event.tries + (charged ? 1 : 0);
    const kind = failure.kind === 'verdict' ? 'verdict' : 'failure';
    const alone = !charged && event.attempts > 0;
    const next = alone ? undefined : retryDelay(this.#schedule[kind], tries, this.#random);
    const status = failure.status === undefined ? {} : { status: failure.status };
    if (charged && next === undefined)
      return { kind: 'dead', at: now, why: failure.why, ...status };
    const delay = next ?? this.#aloneDelay(event);
    const dueAt = this.#gateOpensAt() ?? now + Math.max(delay, failure.retryAfterMs ?? 0);
    return { kind: 'postponed', at: now, dueAt, charged, why: failure.why, ...status };
  }

  /** What a held route failed is due with its next probe: when the hold ends, nothing waits out a delay of its own. */
  #gateOpensAt(): number | undefined {
    return this.#state.kind === 'held' && this.#failed.size > 1 ? this.#state.until : undefined;
  }

  #slow(failure: Failure, now: number): void {
    const isNews = now >= this.#askedUntil;
    const ownPause = isNews && failure.kind === 'throttled' ? this.#ownPause() : 0;
    const until = now + Math.max(ownPause, failure.retryAfterMs ?? 0);
    if (until <= this.#askedUntil) return;
    this.#askedUntil = until;
    if (this.#state.kind === 'held' || until === now) return;
    const since = this.#state.kind === 'slowed' ? this.#state.since : now;
    this.#move({ kind: 'slowed', why: failure.why, since, until });
  }

  #ownPause(): number {
    const doubled = FIRST_PAUSE_MS * 2 ** Math.min(this.#throttledInRow, 10);
    this.#throttledInRow += 1;
    return Math.round(Math.min(doubled, LONGEST_PAUSE_MS) * (1 + 0.2 * this.#random()));
  }

  #countFailure(event: Tried, failure: Failure, charged: boolean, now: number): void {
    this.#failuresInRow += 1;
    this.#goneInRow = failure.kind === 'gone' ? this.#goneInRow + 1 : 0;
    if (this.#failed.size < 2) this.#failed.add(event.seq);
    const isEnough = this.#failuresInRow >= this.#holdAfter(failure, now);
    if (this.#state.kind !== 'held' && (!isEnough || (this.#isStrict && charged))) return;
    this.#hold(failure, now);
  }

  #hold(failure: Failure, now: number): void {
    const held = this.#state.kind === 'held' ? this.#state : { since: now, until: now };
    if (held.until === undefined) return;
    const hold = { kind: 'held', why: failure.why, since: held.since } as const;
    if (this.#goneInRow >= HOLD_AFTER && this.#failed.size > 1) {
      this.#move(hold);
      return;
    }
    const isProbe = held.until <= now;
    const until = isProbe ? now + this.#probeDelay(this.#probes) : held.until;
    if (isProbe) this.#probes += 1;
    this.#move({ ...hold, until: Math.max(until, this.#askedUntil) });
  }

  /** Nothing shows whose fault it is: it is tried again as a probe would be, but not sooner than the route allows. */
  #aloneDelay({ attempts, tries }: Tried): number {
    const own = Math.min(ownDelay(this.#schedule, attempts), this.#longestProbeMs);
    return Math.max(this.#probeDelay(attempts - tries), own);
  }

  #probeDelay(failures: number): number {
    return Math.min(probeDelay(failures, this.#random), this.#longestProbeMs);
  }

  #holdAfter(failure: Failure, now: number): number {
    if (now - this.#lastSuccessAt < RECENT_MS) return HOLD_AFTER_RECENT_SUCCESS;
    return failure.kind === 'unreachable' ? HOLD_AFTER_UNREACHABLE : HOLD_AFTER;
  }

  #move(state: RouteState): void {
    this.#state = state;
    this.#onChange(state);
  }
}
