/**
 * The System Log as pages that never end (tail) or do (read). Hides paging, waiting, rate limits and retry; a page is
 * yielded once, with the cursor that must be kept in one transaction with its events, and the log goes on from there.
 *
 * What ends it: the signal, quietly; a refusal by Okta at a first start (OktaError). Anything else is retried for ever.
 */
import { type Clock, Pause } from '../clock.ts';
import { OktaError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Identity } from './credentials.ts';
import { CurrentCredentials, type IdentityAnew } from './current-credentials.ts';
import type { Page } from './page/page.ts';
import { type GaveUp, PageReader, type ReadPage } from './page/page-reader.ts';
import { FallBacks } from './place/fall-backs.ts';
import { type Cursor, type Left, Position, type Query } from './place/position.ts';
import { startsEarlier } from './place/start-by-okta.ts';
import { FILTER_CHANGED, unfit } from './place/unfit.ts';
import { type Interval, PollInterval } from './poll-interval.ts';
import { RateBudget, SHARE } from './rate-limit.ts';
import { type Answer, OktaDoor, retryForEver } from './request.ts';
import { readRefusal, troubleOf, whereTo } from './trouble/refusal.ts';
import { backoffMs, TROUBLE_RULES, Trouble } from './trouble/trouble.ts';
import { TroubleLog } from './trouble/trouble-log.ts';

export type { Page } from './page/page.ts';
export type { Cursor, Gap } from './place/position.ts';

export interface SystemLogOptions {
  /** Only its origin counts. */
  readonly org: URL;
  readonly identity: Identity;
  /** Asked when Okta refuses the identity. */
  readonly identityAnew?: IdentityAnew;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  readonly interval: Interval;
  /** The part (0..1) of the rate limit that may be used. Default: 0.5. */
  readonly rateShare?: number;
  /** The part (0..1) of it that is left to others, whoever uses the rest. Default: 0.1. */
  readonly rateReserve?: number;
  readonly filter?: string;
  /** The tunnel to the org leads through it. */
  readonly proxy?: URL;
  /** Events a page, 1..1000. Default: 1000. */
  readonly limit?: number;
  /** Told what keeps the log from being read, when it is said, and undefined when it is read again. */
  readonly onTrouble?: (trouble: Trouble | undefined) => void;
  /** Told of each wait for the rate limit before it, ms. */
  readonly onWait?: (waitMs: number) => void;
  /** 0 ≤ n < 1, for jitter. */
  readonly random?: () => number;
}

interface Reading {
  readonly position: Position;
  readonly bounded: boolean;
  /** Nothing is known to work yet, so that a refusal is for the person who starts it. */
  readonly firstStart: boolean;
  readonly signal: AbortSignal;
}

export class SystemLog {
  readonly #options: SystemLogOptions;
  readonly #query: Query;
  readonly #random: () => number;
  readonly #budget: RateBudget;
  readonly #credentials: CurrentCredentials;
  readonly #door: OktaDoor;
  readonly #pages: PageReader;
  readonly #troubles: TroubleLog;
  readonly #fallBacks: FallBacks;
  readonly #pause: Pause;
  #answeredWell = false;
  #saidNoLink = false;

  constructor(options: SystemLogOptions) {
    const { org, log, clock, filter, limit = 1_000, rateShare = SHARE } = options;
    this.#options = options;
    this.#random = options.random ?? Math.random;
    this.#query = { org, limit, filter: filter === '' ? undefined : filter };
    this.#troubles = new TroubleLog(log, clock, options.onTrouble ?? (() => undefined));
    this.#pause = new Pause(clock);
    this.#fallBacks = new FallBacks({ clock, log, random: this.#random });
    this.#budget = new RateBudget(rateShare, this.#random, options.rateReserve);
    const onWait = (waitMs: number) => {
      this.#troubles.waits(waitMs);
      options.onWait?.(waitMs);
    };
    const random = this.#random;
    const credentials = new CurrentCredentials(options.identity, { ...options, random });
    this.#credentials = credentials;
    this.#door = new OktaDoor({ ...options, credentials, budget: this.#budget, onWait });
    this.#pages = new PageReader(org, (text) => this.#door.redact(text));
  }

  /** The part (0..1) of the rate limit that may be used from now on. */
  set rateShare(share: number) {
    this.#budget.share = share;
  }

  /** From the next request on, which is made at once if the old one was refused. False: it is the same. */
  changeIdentity(identity: Identity): boolean {
    const isChanged = this.#credentials.take(identity);
    if (isChanged) this.#pause.end();
    return isChanged;
  }

  /** What Okta said last of its rate limit for the log. */
  get rateLimit(): { readonly limit: number; readonly remaining: number } | undefined {
    return this.#budget.said;
  }

  /**
   * Every event from `from` on, as pages, for ever; empty pages too, so that whoever reads knows that Okta answers.
   * A full page is followed at once, any other after the interval. Ends quietly when `signal` aborts. Rejects with an
   * OktaError (kind credentials or request) only if `from` is a time and Okta has not yet answered well.
   */
  async *tail(
    from: { readonly cursor: Cursor } | { readonly since: number },
    signal: AbortSignal,
  ): AsyncGenerator<Page> {
    const position =
      'cursor' in from ? this.#resume(from.cursor) : Position.start(this.#query, from);
    const reading = { position, bounded: false, firstStart: 'since' in from, signal };
    const { clock } = this.#options;
    const interval = new PollInterval(this.#options.interval);
    const stopWatching = this.#watchClock();
    try {
      for (;;) {
        const page = await this.#next(reading);
        if (page === undefined) return;
        yield page;
        const now = clock.monotonic();
        const waitMs = interval.afterPage(page, this.#budget.pace(now), now);
        if (waitMs > 0) await clock.sleep(Math.ceil(waitMs), signal);
      }
    } finally {
      stopWatching();
    }
  }

  /**
   * The events published from `since` to `until`, in order; late ones may be missing, for so Okta answers bounded
   * requests. Ends after the last page, at an empty one, and quietly when `signal` aborts. Rejects as `tail` does, and
   * when Okta refuses to go on, as it may where a read that was left is taken up again.
   */
  async *read(
    range: { readonly since: number; readonly until: number } | Left,
    signal: AbortSignal,
  ): AsyncGenerator<Page> {
    const position =
      'nextUrl' in range ? Position.at(this.#query, range) : Position.start(this.#query, range);
    const reading = { position, bounded: true, firstStart: true, signal };
    const stopWatching = this.#watchClock();
    try {
      for (;;) {
        const asked = position.url;
        const page = await this.#next(reading);
        if (page === undefined) return;
        yield page;
        if (page.events.length === 0 || position.url === asked) return;
      }
    } finally {
      stopWatching();
    }
  }

  /** Cuts what is in flight. To be called after the signal has aborted, or after reading. */
  async close(): Promise<void> {
    await this.#door.close();
  }

  #resume(cursor: Cursor): Position {
    const position = Position.resume(this.#query, cursor);
    const why = unfit(this.#options.org, this.#query, cursor);
    if (why !== undefined) {
      this.#fallBacks.leaveUnasked(position, why, why !== FILTER_CHANGED);
    }
    return position;
  }

  /** Undefined once the signal has aborted. */
  async #next(reading: Reading): Promise<Page | undefined> {
    try {
      return await retryForEver(
        () => this.#attempt(reading),
        (error) => this.#meet(error, reading),
        reading.signal,
      );
    } catch (error) {
      if (reading.signal.aborted) return undefined;
      throw error;
    }
  }

  async #attempt(reading: Reading): Promise<Page> {
    const { position, bounded, signal } = reading;
    const { url, limit, isLink } = position;
    const answer = await this.#door.get(url, signal);
    if (answer.status !== 200) throw this.#refusal(answer, isLink);
    if (!bounded && startsEarlier(position, answer, this.#options)) return this.#attempt(reading);
    const read = this.#pages.read(answer, { url, limit, bounded });
    if (isLink) this.#fallBacks.linkWasRead();
    this.#answeredWell = true;
    if (read.gaveUp !== undefined) this.#sayGivenUp(read, read.gaveUp);
    else {
      this.#saidNoLink = false;
      this.#troubles.allIsWell();
    }
    return this.#taken(read, position, answer);
  }

  /** Nothing can fail from here on: the position moves. */
  #taken(read: ReadPage, position: Position, { askedAt, oktaAheadMs, ...answer }: Answer): Page {
    const { events, leftovers, gaveUp } = read;
    const oktaNowMs = answer.oktaNowMs ?? this.#options.clock.now();
    const full = events.length >= position.limit;
    const head = position.atHead(full || gaveUp !== undefined ? undefined : askedAt);
    const gaps = position.takeGap();
    let cursor = position.moveOn(read.next, events, oktaNowMs);
    if (gaveUp !== undefined && (gaveUp.eventsMissing || leftovers.length > 0)) {
      gaps.push({
        kind: 'unreadable-page',
        at: oktaNowMs,
        fromMs: cursor.lastPublishedAt ?? oktaNowMs,
        toMs: oktaNowMs,
        why: gaveUp.why,
      });
    }
    if (gaveUp !== undefined && read.next === undefined) cursor = position.restart(oktaNowMs);
    gaps.push(...position.takeGap());
    return { events, cursor, leftovers, full, gaps, ...head, oktaAheadMs };
  }

  /** Each time that something of a page is lost to sight; a link that keeps missing only once. */
  #sayGivenUp({ events, leftovers, next }: ReadPage, { why }: GaveUp): void {
    this.#troubles.paceAfresh();
    if (next === undefined && this.#saidNoLink) return;
    this.#saidNoLink = next === undefined;
    const bytes = leftovers.reduce((sum, { raw }) => sum + raw.length, 0);
    this.#options.log.error(
      { reason: why, events: events.length, bytes },
      'gave up on a page that cannot be read, kept what came of it',
    );
  }

  #refusal(answer: Answer, isLink: boolean): Trouble {
    const redact = (text: string) => this.#door.redact(text);
    const refusal = readRefusal(answer, { redact, kind: this.#credentials.askedAs.kind });
    const fields = whereTo(answer, redact);
    return troubleOf(refusal, { isLink, oktaNowMs: answer.oktaNowMs, fields });
  }

  /** Decides what a failed attempt means, says it, and waits. What it throws ends the reading. */
  async #meet(error: Error, reading: Reading): Promise<void> {
    if (reading.signal.aborted || !(error instanceof Trouble)) return;
    if (error.kind === 'credentials' && (await this.#credentials.replaceRefused())) return;
    this.#throwIfFatal(error, reading);
    const { position, signal } = reading;
    if (error.kind === 'link-refused') {
      return this.#fallBacks.leaveRefused(position, error, signal);
    }
    const tries = this.#troubles.came(error);
    const waitMs = backoffMs(TROUBLE_RULES[error.kind].pace, tries, this.#random);
    if (waitMs > 0) await this.#pause.for(Math.round(waitMs), signal);
  }

  #throwIfFatal(trouble: Trouble, { bounded, firstStart }: Reading): void {
    const { kind, status, oktaCode, hint, message } = trouble;
    const refused = kind === 'credentials' || kind === 'request';
    const atStart = firstStart && !this.#answeredWell && refused;
    if (!atStart && !(bounded && kind === 'link-refused')) return;
    throw new OktaError(`could not read the System Log of ${this.#options.org.host}: ${message}`, {
      kind: kind === 'credentials' ? 'credentials' : 'request',
      ...(status !== undefined && { status }),
      ...(oktaCode !== undefined && { oktaCode }),
      ...(hint !== undefined && { hint }),
    });
  }

  /** After a sleep nothing that was waited for still holds, and open connections are dead. */
  #watchClock(): () => void {
    return this.#options.clock.onJump((jumpMs) => {
      this.#door.clockSet();
      if (jumpMs < 0) return;
      this.#budget.slept(jumpMs);
      this.#troubles.paceAfresh();
      this.#door.reconnect(jumpMs);
    });
  }
}
