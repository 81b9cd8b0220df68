/**
 * How many requests Okta lets us make, and when the next one may go. Pure: it is told the time and never waits itself.
 *
 * Invariant: it never lets the last request of a window go (nor the reserve, which the org's other clients need: a
 * tenth, unless it was told of more), never more than our share of a window, and never asks for a wait below 0 or above
 * 15 minutes.
 * What the headers mean: https://developer.okta.com/docs/reference/rl2-monitor/
 */
import type { HeaderValue } from './headers.ts';

export interface RateHeaders {
  readonly limit: HeaderValue;
  readonly remaining: HeaderValue;
  /** Seconds since 1970, by Okta's clock. */
  readonly reset: HeaderValue;
  /** Seconds. Not documented by Okta, but what stands in front of it may send one. */
  readonly retryAfter?: HeaderValue;
}

export const MAX_WAIT_MS = 15 * 60_000;
const MIN_WAIT_MS = 1_000;
/** Windows are typically a minute: https://developer.okta.com/docs/reference/rate-limits/ */
const USUAL_WINDOW_MS = 60_000;
/** A limit that nobody told us of is taken for the smallest that Okta gives. */
const UNTOLD_LIMIT = 20;
/** The parts (0..1) of a limit that we take at most, and that we leave to others whatever we took. */
export const SHARE = 0.5;
export const RESERVE = 0.1;
/** An even pace stays this much below our share: requests are under way for unequal times. */
const SLACK = 0.01;
/** `Date` counts whole seconds, so a window may have ended this much earlier than it seems. */
const RESET_BLUR_MS = 1_000;
const JITTER_CAP_MS = 5 * 60_000;

/** How requests go out evenly. Durations in ms, from one request to the next. */
export interface Pace {
  /** Never faster than our share allows, and with what is left spread until there is more. */
  readonly evenMs: number;
  /** If all of the org's limit were used. */
  readonly wholeMs: number;
  /** When the last request went out. */
  readonly sentAt: number;
}

interface Seen {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: number;
  readonly windowMs: number;
}

export class RateBudget {
  /** The part (0..1) of a window's limit that our own requests may use; at least one request always may. */
  share: number;
  readonly #random: () => number;
  readonly #reserve: number;
  #seen: Seen | undefined;
  /** As the last answer that told had it, whether or not its window is over. */
  #told = { limit: UNTOLD_LIMIT, windowMs: USUAL_WINDOW_MS };
  #sentAt = Number.NEGATIVE_INFINITY;
  #said: { readonly limit: number; readonly remaining: number } | undefined;
  /** When our requests of the last window went out, oldest first. */
  #sent: number[] = [];
  #unanswered = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #refusals = 0;
  #collisions = 0;

  /** `reserve`: the part (0..1) of a window's limit that is left to the org's other clients. */
  constructor(share: number, random: () => number = Math.random, reserve = RESERVE) {
    this.share = share;
    this.#random = random;
    this.#reserve = reserve;
  }

  /** What Okta said last of the window: its limit, and what was left of it. */
  get said(): { readonly limit: number; readonly remaining: number } | undefined {
    return this.#said;
  }

  /** How long to wait at `now` before the next request, 0 to go. `now` only moves forward, in ms from anywhere. */
  waitMs(now: number): number {
    this.#forgetWhatIsOver(now);
    const until = Math.max(this.#pausedUntil, this.#allowedAt(now));
    return clamp(until - now, 0, MAX_WAIT_MS);
  }

  /** How the next requests go out evenly from `now` on. */
  pace(now: number): Pace {
    this.#forgetWhatIsOver(now);
    const { limit, windowMs } = this.#told;
    return {
      evenMs: Math.max((windowMs / this.#ours(limit)) * (1 + SLACK), this.#leftMs(now)),
      wholeMs: windowMs / limit,
      sentAt: this.#sentAt,
    };
  }

  /** To be told of every request as it goes out. */
  sent(now: number): void {
    this.#forgetWhatIsOver(now);
    this.#sent.push(now);
    this.#sentAt = now;
    this.#unanswered++;
  }

  /** To be told of every answer. `oktaNowMs` is its `Date` (ours if it has none), so that our clock may be wrong. */
  answered(status: number, headers: RateHeaders, oktaNowMs: number, now: number): void {
    const limit = readNumber(headers.limit, Math.min);
    const remaining = readNumber(headers.remaining, Math.min);
    const untilReset = untilResetMs(headers.reset, oktaNowMs);
    if (status === 429) this.#refused(limit, untilReset, headers.retryAfter, now);
    else this.#refusals = this.#collisions = 0;
    if (limit === undefined || limit === 0 || remaining === undefined) return;
    this.#unanswered = 0;
    this.#said = { limit, remaining };
    this.#seen = {
      limit,
      remaining,
      resetAt: now + Math.max(MIN_WAIT_MS, untilReset ?? USUAL_WINDOW_MS),
      windowMs: Math.max(USUAL_WINDOW_MS, untilReset ?? 0),
    };
    this.#told = { limit, windowMs: this.#seen.windowMs };
  }

  /**
   * The machine slept for `ms`, or its clock was set forward so far, while `now` stood still: Okta's windows went on.
   * What is still under way after it still holds.
   */
  slept(ms: number): void {
    if (this.#seen !== undefined) this.#seen = { ...this.#seen, resetAt: this.#seen.resetAt - ms };
    this.#sent = this.#sent.map((at) => at - ms);
    this.#pausedUntil -= ms;
    this.#refusals = this.#collisions = 0;
  }

  #refused(
    limit: number | undefined,
    untilReset: number | undefined,
    retryAfter: HeaderValue,
    now: number,
  ): void {
    const asked = 1_000 * (readNumber(retryAfter, Math.max) ?? 0);
    const wait = limit === 0 ? this.#collisionMs() : this.#refusalMs(untilReset);
    this.#pausedUntil = now + clamp(Math.max(wait, asked), MIN_WAIT_MS, MAX_WAIT_MS);
  }

  /** Too many requests at once in the org; the Reset that comes with it is only a guess (okta-sdk-nodejs#409). */
  #collisionMs(): number {
    const cap = Math.min(30_000, 5_000 * 2 ** this.#collisions++);
    return MIN_WAIT_MS + this.#random() * (cap - MIN_WAIT_MS);
  }

  /** Reset is a floor: the bucket is the whole org's, and its other clients wait for the same moment. */
  #refusalMs(untilReset: number | undefined): number {
    const jitterCap = Math.min(JITTER_CAP_MS, 1_000 * 2 ** this.#refusals++);
    return (untilReset ?? USUAL_WINDOW_MS) + MIN_WAIT_MS + this.#random() * jitterCap;
  }

  #allowedAt(now: number): number {
    const seen = this.#seen;
    if (seen === undefined) return now;
    if (this.#untaken(seen) <= 0) return seen.resetAt;
    const ours = this.#ours(seen.limit);
    if (this.#sent.length < ours) return now;
    const oldest = this.#sent[this.#sent.length - ours] ?? now;
    return Math.min(seen.resetAt, oldest + seen.windowMs);
  }

  /** What is left, of our share and of what nobody has taken, spread until there is more of it. */
  #leftMs(now: number): number {
    const seen = this.#seen;
    if (seen === undefined) return 0;
    const ours = this.#ours(seen.limit) - this.#sent.length;
    const oldest = this.#sent[0] ?? now - seen.windowMs;
    return Math.max(
      spread(oldest + seen.windowMs - now, ours),
      spread(seen.resetAt - now, this.#untaken(seen)),
    );
  }

  #ours(limit: number): number {
    return Math.max(1, Math.floor(limit * this.share));
  }

  /** What nobody has taken yet of a window, but for what is kept for others. */
  #untaken({ limit, remaining }: Seen): number {
    return remaining - this.#unanswered - Math.max(1, Math.floor(limit * this.#reserve));
  }

  #forgetWhatIsOver(now: number): void {
    if (this.#seen !== undefined && this.#seen.resetAt <= now) {
      const beganAt = this.#seen.resetAt - RESET_BLUR_MS;
      this.#seen = undefined;
      this.#sent = this.#sent.filter((at) => at > beganAt);
      this.#unanswered = 0;
    }
    const since = now - (this.#seen?.windowMs ?? USUAL_WINDOW_MS);
    while (this.#sent[0] !== undefined && this.#sent[0] <= since) this.#sent.shift();
  }
}

/** What the headers of one answer say; undefined where they are missing, or tell only of too many requests at once. */
export function rateOf(
  headers: RateHeaders,
  oktaNowMs: number,
): { readonly limit: number; readonly remaining: number; readonly resetMs?: number } | undefined {
  const limit = readNumber(headers.limit, Math.min);
  const remaining = readNumber(headers.remaining, Math.min);
  const resetMs = untilResetMs(headers.reset, oktaNowMs);
  if (limit === undefined || limit === 0 || remaining === undefined) return undefined;
  return { limit, remaining, ...(resetMs !== undefined && { resetMs }) };
}

/** Until the window ends, skew-safe; a Reset that is long past or absurd stays within 0..15 min. */
function untilResetMs(reset: HeaderValue, oktaNowMs: number): number | undefined {
  const seconds = readNumber(reset, Math.max);
  return seconds === undefined ? undefined : clamp(seconds * 1_000 - oktaNowMs, 0, MAX_WAIT_MS);
}

/** A header that came twice may reach us joined by a comma; `pick` says which of the numbers is the careful one. */
function readNumber(
  value: HeaderValue,
  pick: (...numbers: number[]) => number,
): number | undefined {
  if (value === undefined) return undefined;
  const parts = (typeof value === 'string' ? value : value.join(',')).split(',');
  const numbers = parts.map((part) => part.trim()).filter((part) => /^\d{1,15}$/.test(part));
  return numbers.length === 0 ? undefined : pick(...numbers.map(Number));
}

/** From one request to the next, so that one more than are left would go when `ms` are over. */
function spread(ms: number, left: number): number {
  return ms / (Math.max(0, left) + 1);
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
