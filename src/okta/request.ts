/**
 * The only door to Okta. Invariant: no credential is attached before the address is known to be the System Log (or the
 * token endpoint) of the configured org, and no redirect is ever followed; requests go to the org's origin whatever a
 * link says.
 */
import pRetry from 'p-retry';
import { type buildConnector, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { Opening } from '../dial.ts';
import { codeOf, reasonOf } from '../errors.ts';
import { type AnswerBody, readBody } from './answer-body.ts';
import type { AuthHeaders, Credentials, TokenDoor } from './credentials.ts';
import { type HeaderValue, single } from './headers.ts';
import { logsPath } from './logs-path.ts';
import { OktaTime } from './okta-time.ts';
import { RateBudget } from './rate-limit.ts';
import { MAX_ERROR_BYTES } from './trouble/refusal.ts';
import { brief, Trouble } from './trouble/trouble.ts';

/** Of the org's own authorization server: no other gives tokens for Okta's API. */
const TOKEN_PATH = '/oauth2/v1/token';

const CONNECT_MS = 10_000;
const SILENCE_MS = 45_000;
const WHOLE_ANSWER_MS = 5 * 60_000;
/** Both links repeat a long filter; undici's own limit of 16 KiB would take such an answer for a failure. */
const MAX_HEADER_BYTES = 256 * 1024;
const MAX_PAGE_BYTES = 64 * 1024 * 1024;

export interface Answer extends AnswerBody {
  readonly status: number;
  /** Names in lower case; an array where a header came more than once. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** Okta's `Date`, ms since 1970, if it sent one that can be read. */
  readonly oktaNowMs: number | undefined;
  /** When it was asked for, by Okta's clock as far as it is known, ms since 1970. */
  readonly askedAt: number;
  /** How far Okta's clock is ahead of ours, as far as that is known, ms. */
  readonly oktaAheadMs: number;
}

/** `path` is known to be one that the credentials in `headers` may go to. */
interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: AuthHeaders;
  readonly body?: string;
  /** Of an answer 200. */
  readonly maxBytes: number;
}

interface OktaDoorOptions {
  readonly org: URL;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly budget: RateBudget;
  readonly userAgent: string;
  /** Called before each wait that the rate budget asks for. */
  readonly onWait: (waitMs: number) => void;
  /** A tunnel through it leads to the org; it never reads a request. */
  readonly proxy?: URL;
}

export class OktaDoor {
  readonly #options: OktaDoorOptions;
  readonly #openings = new Set<Opening>();
  readonly #oktaTime = new OktaTime();
  readonly #tokenDoor: TokenDoor;
  /** The token endpoint has a bucket of its own at Okta. */
  readonly #tokenBudget = new RateBudget(1);
  readonly #closing = new AbortController();
  #pool: Pool;
  #wakes = 0;

  constructor(options: OktaDoorOptions) {
    this.#options = options;
    this.#pool = openPool(options, this.#openings);
    this.#tokenDoor = {
      url: options.org.origin + TOKEN_PATH,
      aheadMs: () => this.#oktaTime.aheadMs,
      untilAllowed: () => this.#untilAllowed(this.#tokenBudget, this.#closing.signal),
      post: (headers, form) => this.#postForm(headers, form),
    };
  }

  /**
   * One GET, when the rate budget allows it; the credentials may have it repeated. Any status is an answer. Rejects
   * with an OktaError (kind foreign-link) if `url` is not the org's System Log, with a Trouble if no answer came or no
   * token was to be had, with whatever `signal` aborts with.
   */
  async get(url: string, signal: AbortSignal): Promise<Answer> {
    const { org, budget, credentials, clock } = this.#options;
    const path = logsPath(org, url);
    const permit = credentials.permit({ method: 'GET', url: org.origin + path }, this.#tokenDoor);
    for (;;) {
      await this.#untilAllowed(budget, signal);
      const headers = await permit.headers(signal);
      signal.throwIfAborted();
      if (budget.waitMs(clock.monotonic()) > 0) continue; // it took so long that others went first
      const outgoing = { method: 'GET', path, headers, maxBytes: MAX_PAGE_BYTES } as const;
      const answer = await this.#answerTo(outgoing, budget, signal);
      if (!permit.again(answer)) return answer;
    }
  }

  /** The machine slept: connections are dead without knowing it. What is in flight fails with Trouble `woken`. */
  reconnect(sleptMs: number): void {
    this.#wakes++;
    this.#tokenBudget.slept(sleptMs);
    const old = this.#pool;
    this.#cutOpenings();
    this.#pool = openPool(this.#options, this.#openings);
    // Destroying fails nobody but the requests in flight, which hear of it themselves.
    old.destroy().catch(() => undefined);
  }

  /** Our clock was set: what was known of Okta's by it holds no more. */
  clockSet(): void {
    this.#oktaTime.forget();
  }

  /** `text` without any credential. */
  redact(text: string): string {
    return this.#options.credentials.redact(text);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cutOpenings();
    await this.#pool.destroy();
  }

  #cutOpenings(): void {
    for (const opening of this.#openings) opening.cut(new Error('closed'));
  }

  async #postForm(auth: AuthHeaders, body: string): Promise<Answer> {
    const { signal } = this.#closing;
    signal.throwIfAborted();
    const headers = { ...auth, 'content-type': 'application/x-www-form-urlencoded' };
    const maxBytes = MAX_ERROR_BYTES;
    const outgoing = { method: 'POST', path: TOKEN_PATH, headers, body, maxBytes } as const;
    return this.#answerTo(outgoing, this.#tokenBudget, signal);
  }

  async #untilAllowed(budget: RateBudget, signal: AbortSignal): Promise<void> {
    const { clock, onWait } = this.#options;
    for (;;) {
      const waitMs = budget.waitMs(clock.monotonic());
      if (waitMs <= 0 || signal.aborted) return;
      onWait(waitMs);
      await clock.sleep(Math.ceil(waitMs), signal);
    }
  }

  /** Rejects with a Trouble if no answer came. */
  async #answerTo(outgoing: Outgoing, budget: RateBudget, signal: AbortSignal): Promise<Answer> {
    const wakes = this.#wakes;
    try {
      const answer = await this.#send(outgoing, budget, signal);
      if (answer.cutShort === undefined || wakes === this.#wakes) return answer;
      throw new Error(answer.cutShort.why);
    } catch (error) {
      if (signal.aborted || codeOf(error) === 'UND_ERR_INVALID_ARG') throw error;
      const kind = wakes === this.#wakes ? 'unreachable' : 'woken';
      throw new Trouble(brief(this.redact(whyNoAnswer(error))), { kind, cause: error });
    }
  }

  async #send(outgoing: Outgoing, budget: RateBudget, signal: AbortSignal): Promise<Answer> {
    const { clock, userAgent } = this.#options;
    const { method, path, maxBytes } = outgoing;
    const startedAt = clock.monotonic();
    const askedAt = clock.now();
    budget.sent(startedAt);
    const { statusCode, headers, body } = await this.#pool.request({
      method,
      path,
      signal,
      headers: {
        ...outgoing.headers,
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': userAgent,
      },
      body: outgoing.body ?? null,
    });
    const oktaNowMs = dateOf(headers.date);
    if (oktaNowMs !== undefined) this.#oktaTime.answered(oktaNowMs, askedAt, clock.now());
    const { aheadMs: oktaAheadMs } = this.#oktaTime;
    const rate = {
      limit: headers['x-rate-limit-limit'],
      remaining: headers['x-rate-limit-remaining'],
      reset: headers['x-rate-limit-reset'],
      retryAfter: headers['retry-after'],
    };
    budget.answered(statusCode, rate, oktaNowMs ?? clock.now(), clock.monotonic());
    const read = await readBody(body, single(headers['content-encoding']), {
      maxBytes: statusCode === 200 ? maxBytes : MAX_ERROR_BYTES,
      tooLate: () => clock.monotonic() - startedAt > WHOLE_ANSWER_MS,
    });
    signal.throwIfAborted();
    return {
      ...read,
      status: statusCode,
      headers,
      oktaNowMs,
      askedAt: askedAt + oktaAheadMs,
      oktaAheadMs,
    };
  }
}

/**
 * Repeats `attempt` for ever while it rejects with a Trouble. `meet` is told of each rejection and does the waiting;
 * what it throws, anything that is not a Trouble, and the abort of `signal` end the loop.
 */
export function retryForEver<T>(
  attempt: () => Promise<T>,
  meet: (error: Error) => Promise<void>,
  signal: AbortSignal,
): Promise<T> {
  return pRetry(attempt, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 0, // all waits are ours, by the clock that tests and waking can move
    factor: 1,
    signal,
    onFailedAttempt: ({ error }) => meet(error),
    shouldRetry: ({ error }) => error instanceof Trouble,
  });
}

function openPool({ org, proxy, clock }: OktaDoorOptions, openings: Set<Opening>): Pool {
  // An http org is a practice org: nothing but a tunnel may carry the token, and a tunnel needs https.
  const isTunnelled = proxy !== undefined && org.protocol === 'https:';
  return new Pool(org.origin, {
    connect: isTunnelled ? tunnel({ url: org, proxy, clock }, openings) : { timeout: CONNECT_MS },
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
}

function tunnel(
  way: { readonly url: URL; readonly proxy: URL; readonly clock: Clock },
  openings: Set<Opening>,
): buildConnector.connector {
  return (_options, callback) => {
    const opening = new Opening({ ...way, judge: () => undefined });
    openings.add(opening);
    const late = new Error(`no connection through the proxy ${way.proxy.host} in time`);
    const cancel = way.clock.after(CONNECT_MS, () => opening.cut(late));
    const over = () => {
      cancel();
      openings.delete(opening);
    };
    opening
      .open()
      .finally(over)
      .then(
        (socket) => callback(null, socket),
        // Wrapped, because undici dials again for ever on errors with some codes.
        (cause: unknown) => callback(new Error('no connection', { cause }), null),
      );
  };
}

/** What OpenSSL itself says is for who debugs OpenSSL. */
function whyNoAnswer(error: unknown): string {
  const code = codeOf(error);
  return code?.startsWith('ERR_SSL_') ? `TLS failed (${code})` : reasonOf(error);
}

function dateOf(value: HeaderValue): number | undefined {
  const at = Date.parse(single(value) ?? '');
  return Number.isNaN(at) ? undefined : at;
}
