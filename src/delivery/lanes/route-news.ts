/**
 * What the log says of a route: one line an attempt, one when its trouble starts and one when it ends. While trouble
 * lasts, failures are said at most once a minute, with the number of those that were not; never silent, never chatty.
 */
import type { Log } from '../../log.ts';
import type { Outcome } from '../outcome.ts';
import type { RouteState, Verdict } from './verdict.ts';

const QUIET_MS = 60_000;
const REASON_QUIET_MS = 15_000;

/** What a line must know of a delivery. */
interface Attempted {
  readonly event: { readonly id: string };
  readonly attempts: number;
  readonly firstAttemptAt?: number;
}

type Ended = Exclude<Outcome, { kind: 'cut' }>;

export class RouteNews {
  readonly #log: Log;
  readonly #route: string;
  #state: RouteState;
  /** Failures since the trouble began. */
  #failures = 0;
  #unsaid = 0;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #slowedQuietUntil = Number.NEGATIVE_INFINITY;
  /** Whether the state that lasts was said louder than debug. */
  #wasSaid = true;
  /** Events that were too old and were not said, why, and until when no more are. */
  #expired = { unsaid: 0, why: '', quietUntil: Number.NEGATIVE_INFINITY };
  /** What a hold was said to be for, and when. */
  #heldFor = { why: '', saidAt: Number.NEGATIVE_INFINITY };

  constructor(log: Log, route: string, state: RouteState) {
    this.#log = log;
    this.#route = route;
    this.#state = state;
    if (state.kind === 'held') this.#heldFor = { why: state.why, saidAt: state.since };
  }

  /** Instants in ms since 1970. Call it after `changed`, if the attempt changed the state. */
  attempted(delivery: Attempted, outcome: Ended, verdict: Verdict, now: number): void {
    this.#sayExpired(now);
    const fields = {
      route: this.#route,
      event: delivery.event.id,
      attempt: delivery.attempts + 1,
      ms: Math.round(outcome.ms),
      outcome: verdict.kind,
      ...(outcome.status === undefined ? {} : { status: outcome.status }),
    };
    if (outcome.kind === 'delivered') {
      const { firstAttemptAt } = delivery;
      const after = firstAttemptAt === undefined ? {} : { afterMs: now - firstAttemptAt };
      this.#log.info({ ...fields, ...after }, 'delivery attempted');
      return;
    }
    const next =
      verdict.kind === 'postponed' ? { nextAt: new Date(verdict.dueAt).toISOString() } : {};
    this.#failed({ ...fields, why: outcome.why, ...next }, verdict.kind === 'dead', now);
    if (verdict.kind === 'dead') this.#died(delivery, outcome.why);
  }

  /** Too old to be sent. A queue that waited for days has thousands: one is said a minute, with how many were not. */
  expired(delivery: Attempted, why: string, now: number): void {
    const { unsaid, quietUntil } = this.#expired;
    if (now < quietUntil) {
      this.#expired = { unsaid: unsaid + 1, why, quietUntil };
      this.#log.debug({ route: this.#route, event: delivery.event.id, why }, 'dead letter');
      return;
    }
    this.#died(delivery, why, unsaid);
    this.#expired = { unsaid: 0, why, quietUntil: now + QUIET_MS };
  }

  #died(delivery: Attempted, why: string, unsaid = 0): void {
    const others = unsaid === 0 ? {} : { unsaid };
    const fields = { route: this.#route, event: delivery.event.id, why, ...others };
    this.#log.error(fields, 'dead letter');
  }

  /** The lane ends, and nothing stays unsaid. */
  ended(): void {
    this.#sayExpired(this.#expired.quietUntil);
  }

  /** When no more of them come, those that were not said are, with the first attempt after the quiet minute. */
  #sayExpired(now: number): void {
    const { unsaid, why, quietUntil } = this.#expired;
    if (unsaid === 0 || now < quietUntil) return;
    this.#log.error({ route: this.#route, why, unsaid }, 'dead letters');
    this.#expired = { unsaid: 0, why, quietUntil: now + QUIET_MS };
  }

  paused(): void {
    this.#log.warn({ route: this.#route }, 'route paused');
  }

  resumed(): void {
    this.#log.info({ route: this.#route }, 'route resumed');
  }

  /** The route has a new state. A probe that fails only moves the time of the next, which is no news. */
  changed(state: RouteState, now: number): void {
    const before = this.#state;
    this.#state = state;
    if (state.kind === before.kind && !this.#hasNewReason(state, now)) return;
    if (state.kind === 'held') this.#heldFor = { why: state.why, saidAt: now };
    if (state.kind === 'flowing') {
      this.#flowing(before, now);
      return;
    }
    const isQuiet = state.kind === 'slowed' && now < this.#slowedQuietUntil;
    if (state.kind === 'slowed' && !isQuiet) this.#slowedQuietUntil = now + QUIET_MS;
    this.#wasSaid = !isQuiet;
    const until = state.until === undefined ? {} : { until: new Date(state.until).toISOString() };
    const fields = { route: this.#route, why: state.why, ...until };
    this.#log[isQuiet ? 'debug' : 'warn'](fields, `route ${state.kind}`);
    this.#quietUntil = now + QUIET_MS;
  }

  /** It is held for something else now than was said: worth a line, but not at every probe. */
  #hasNewReason(state: RouteState, now: number): boolean {
    if (state.kind !== 'held' || state.why === this.#heldFor.why) return false;
    return now >= this.#heldFor.saidAt + REASON_QUIET_MS;
  }

  #flowing(before: RouteState, now: number): void {
    const forMs = before.kind === 'flowing' ? 0 : now - before.since;
    const fields = { route: this.#route, was: before.kind, forMs, failures: this.#failures };
    this.#log[this.#wasSaid ? 'info' : 'debug'](fields, 'route flowing');
    this.#failures = 0;
    this.#unsaid = 0;
    this.#quietUntil = Number.NEGATIVE_INFINITY;
  }

  #failed(fields: object, isDead: boolean, now: number): void {
    const isTrouble = this.#state.kind !== 'flowing';
    if (isTrouble) this.#failures += 1;
    if (isTrouble && !isDead && now < this.#quietUntil) {
      this.#unsaid += 1;
      this.#log.debug(fields, 'delivery attempted');
      return;
    }
    const unsaid = this.#unsaid === 0 ? {} : { unsaid: this.#unsaid };
    this.#unsaid = 0;
    if (isTrouble) this.#quietUntil = now + QUIET_MS;
    this.#log.warn({ ...fields, ...unsaid }, 'delivery attempted');
  }
}
