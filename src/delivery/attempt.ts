/**
 * One request to one receiver, and what came of it. The outcome is fixed at the status line; redirects are never
 * followed; no more than 64 KiB of an answer is read; nothing takes longer than 15 s in all.
 */
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { codeOf, reasonOf } from '../errors.ts';
import type { Answer } from './outcome.ts';
import { parseRetryAfter } from './retry-after.ts';

const CONNECT_MS = 5_000;
const TOTAL_MS = 15_000;
const MOST_ANSWER_BYTES = 64 * 1024;
const CONNECTIONS = 64;

/** Thrown into an exchange to end it; never seen outside. */
const LATE = new Error(`no answer within ${TOTAL_MS / 1000} s`);
const STOPPED = new Error('stopped');
const ENOUGH = new Error('enough of the answer was read');

export interface Request {
  readonly origin: string;
  /** Path and query, as they go on the wire. */
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Buffer;
}

/** Sends requests, keeping connections open per origin. Close it when done. */
export class Sender {
  readonly #clock: Clock;
  readonly #pools = new Map<string, Pool>();
  /** In the order they began, which is the order in which they run out of time. */
  readonly #open = new Set<Exchange>();
  #cancelSweep: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Never rejects. A POST that meets a connection which the receiver had just closed is sent once more, at once. */
  async send(request: Request): Promise<Answer> {
    const pool = this.#pool(request.origin);
    const answer = await this.#exchange(pool, request);
    if (answer !== STALE) return answer;
    const second = await this.#exchange(pool, request);
    return second === STALE
      ? { kind: 'unanswered', why: 'connection closed', ms: 0, timedOut: false }
      : second;
  }

  /** Cuts every request in flight; their answers are `cut`. */
  cut(): void {
    for (const exchange of [...this.#open]) exchange.end(STOPPED);
  }

  async close(): Promise<void> {
    this.cut();
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#cancelSweep?.();
  }

  #exchange(pool: Pool, request: Request): Promise<Answer | typeof STALE> {
    return new Promise((resolve) => {
      const exchange = new Exchange(this.#clock, resolve, () => this.#open.delete(exchange));
      this.#open.add(exchange);
      this.#sweepLater();
      pool.dispatch(
        { method: 'POST', path: request.path, headers: request.headers, body: request.body },
        exchange,
      );
    });
  }

  #pool(origin: string): Pool {
    let pool = this.#pools.get(origin);
    if (pool === undefined) {
      // undici's own timers are coarse (up to a second late); the deadline of the whole exchange is ours.
      pool = new Pool(origin, {
        connections: CONNECTIONS,
        connect: { timeout: CONNECT_MS },
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      this.#pools.set(origin, pool);
    }
    return pool;
  }

  #sweepLater(): void {
    if (this.#cancelSweep !== undefined) return;
    const [oldest] = this.#open;
    if (oldest === undefined) return;
    const dueIn = oldest.startedAt + TOTAL_MS - this.#clock.monotonic();
    this.#cancelSweep = this.#clock.after(Math.max(0, dueIn), () => this.#sweep());
  }

  #sweep(): void {
    this.#cancelSweep = undefined;
    const now = this.#clock.monotonic();
    for (const exchange of this.#open) {
      if (exchange.startedAt + TOTAL_MS > now) break;
      exchange.end(LATE);
    }
    this.#sweepLater();
  }
}

const STALE = Symbol('the connection was closed before it was used');

/** A connection died this soon without a byte: it was closed by the other side while it lay idle. */
const STALE_WITHIN_MS = 1_000;

class Exchange implements Dispatcher.DispatchHandler {
  readonly startedAt: number;
  readonly #clock: Clock;
  readonly #resolve: (answer: Answer | typeof STALE) => void;
  readonly #onOver: () => void;
  #controller: Dispatcher.DispatchController | undefined;
  #answer: Answer | undefined;
  #answerBytes = 0;
  #endedWith: Error | undefined;

  constructor(clock: Clock, resolve: (answer: Answer | typeof STALE) => void, onOver: () => void) {
    this.#clock = clock;
    this.#resolve = resolve;
    this.#onOver = onOver;
    this.startedAt = clock.monotonic();
  }

  /** Ends it now, whatever it waits for. */
  end(reason: Error): void {
    this.#endedWith = reason;
    if (this.#controller !== undefined) this.#controller.abort(reason);
    else this.#over(this.#failed(reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#endedWith !== undefined) controller.abort(this.#endedWith);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const retryAfterMs = parseRetryAfter(headers['retry-after'], this.#clock.now());
    this.#answer = {
      kind: 'answered',
      status,
      ms: this.#elapsed(),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
    this.#resolve(this.#answer);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#answerBytes += chunk.length;
    if (this.#answerBytes > MOST_ANSWER_BYTES) controller.abort(ENOUGH);
  }

  onResponseEnd(): void {
    this.#over(this.#answer ?? this.#failed(new Error('the answer had no status')));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#over(this.#answer ?? this.#failed(this.#endedWith ?? error));
  }

  #over(answer: Answer | typeof STALE): void {
    this.#onOver();
    this.#resolve(answer);
  }

  #failed(error: Error): Answer | typeof STALE {
    const ms = this.#elapsed();
    if (error === STOPPED) return { kind: 'cut' };
    const why = describe(error);
    if (this.#controller === undefined && error !== LATE) return { kind: 'unreachable', why, ms };
    if (isClosed(error) && ms < STALE_WITHIN_MS) return STALE;
    return { kind: 'unanswered', why, ms, timedOut: error === LATE };
  }

  #elapsed(): number {
    return this.#clock.monotonic() - this.startedAt;
  }
}

function isClosed(error: Error): boolean {
  const code = codeOf(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  UND_ERR_CONNECT_TIMEOUT: `no connection within ${CONNECT_MS / 1000} s`,
  UND_ERR_SOCKET: 'connection closed',
};

/** Words for people, then the code; never undici's own text, which can hold the request's address. */
function describe(error: Error): string {
  const code =
    codeOf(error) ?? codeOf(error instanceof AggregateError ? error.errors[0] : undefined);
  if (code === undefined) return reasonOf(error);
  const words = WORDS[code];
  return words === undefined ? code : `${words} (${code})`;
}
