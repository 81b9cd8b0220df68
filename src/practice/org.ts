/**
 * A practice org: GET /api/v1/logs as Okta answers it, over events that the caller adds, with faults on demand.
 * It answers like Okta where Okta documents what it does; where nothing is documented, it does what clients have seen.
 * https://developer.okta.com/docs/reference/system-log-query/
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, SystemClock } from '../clock.ts';
import { codeOfStatus, type ErrorCode, errorBody } from './error-body.ts';
import { EventLog } from './event-log.ts';
import { type Fault, FaultQueue, LOGIN_PAGE } from './faults.ts';
import { type LogsPage, linkHeader, logsPage, staleLink } from './logs-page.ts';
import { type LoopbackServer, openLoopbackServer, requestedUrl } from './loopback-server.ts';
import { RateBucket, type RateState } from './rate-bucket.ts';
import { encoded, GzipCache, type Reply, writeReply } from './reply.ts';
import { type RequestRecord, RequestRing } from './request-ring.ts';

export type { Fault } from './faults.ts';
export type { RequestRecord } from './request-ring.ts';

const LOGS_PATH = '/api/v1/logs';
const RETENTION_MS = 90 * 86_400_000;
const CACHED_BYTES = 64 * 1024 * 1024;
/** Okta only guesses when concurrent requests will have ended: https://developer.okta.com/docs/reference/rl2-monitor/ */
const GUESSED_RESET_S = 60;
export interface PracticeOrgOptions {
  /** Tells `Date`, rate windows and what can be seen yet. Default: the system's. */
  readonly clock?: Clock;
  /** The SSWS token that is accepted. Default: practice-token. */
  readonly token?: string;
  /** Default: 0, any free one. */
  readonly port?: number;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Requests in a window of 60 s that is not aligned with the minute. Default: 120. */
  readonly rateLimit?: number;
  /** Simultaneous requests; beyond it 429 with Limit 0, Remaining 0 and a guessed Reset. Default: 75. */
  readonly concurrency?: number;
  /** One joined Link header instead of two. Default: false. */
  readonly joinLinks?: boolean;
  /** How long an event can be read. Default: 90 days. */
  readonly retentionMs?: number;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RequestRecord;
  readonly url: URL;
  readonly fault: Fault | undefined;
}

export class PracticeOrg {
  /** http://127.0.0.1:PORT, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly #server: LoopbackServer;
  readonly #clock: Clock;
  readonly #log = new EventLog();
  readonly #faults = new FaultQueue();
  readonly #bucket: RateBucket;
  readonly #concurrency: number;
  readonly #retentionMs: number;
  readonly #joinLinks: boolean;
  readonly #gzip = new GzipCache(CACHED_BYTES);
  readonly #ring = new RequestRing();
  readonly #timers = new Set<() => void>();
  #latest = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  #violations = 0;

  /** Rejects with the system's error when the port cannot be had. */
  static async open(options: PracticeOrgOptions = {}): Promise<PracticeOrg> {
    let org: PracticeOrg | undefined;
    const server = await openLoopbackServer((request, response) => {
      if (org !== undefined) org.#receive(request, response);
    }, options);
    org = new PracticeOrg(server, options);
    return org;
  }

  private constructor(server: LoopbackServer, options: PracticeOrgOptions) {
    this.url = server.url;
    this.token = options.token ?? 'practice-token';
    this.#server = server;
    this.#clock = options.clock ?? new SystemClock();
    this.#bucket = new RateBucket(options.rateLimit ?? 120);
    this.#concurrency = options.concurrency ?? 75;
    this.#retentionMs = options.retentionMs ?? RETENTION_MS;
    this.#joinLinks = options.joinLinks ?? false;
  }

  /**
   * Adds an event; `raw` goes over the wire as it is, and a Buffer is held, not copied. `persistedAt` (default: now) is
   * when polling can first see it: a future one makes a late event. One that lies before what polling has handed out is
   * moved up to it, so that a cursor never skips an event. `publishedAt` defaults to what the event says, else to
   * `persistedAt`.
   */
  add(raw: Buffer | string, times: { publishedAt?: number; persistedAt?: number } = {}): void {
    const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
    this.#log.add(bytes, times.persistedAt ?? this.#now(), times.publishedAt);
  }

  /** How many events there are, seen or not. */
  get size(): number {
    return this.#log.size;
  }

  /** The next `times` requests for the log meet this fault, after the faults that were asked for before it. */
  fail(fault: Fault, times = 1): void {
    this.#faults.add(fault, times);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** The newest 10,000 requests, oldest first. */
  get requests(): readonly RequestRecord[] {
    return this.#ring.records;
  }

  /** How many requests have come since it was opened. */
  get requestCount(): number {
    return this.#ring.count;
  }

  /** Resolves when `count` requests in all have been answered, reset or left hanging. */
  waitForRequests(count: number): Promise<void> {
    return this.#ring.waitFor(count);
  }

  /** How many requests took the last of a rate window, or were answered 429 of the org's own accord. */
  get violations(): number {
    return this.#violations;
  }

  /** Cuts every connection; no handle or timer is left once it resolves. */
  async close(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.#server.close();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const record = this.#ring.begin(request, this.#clock.now());
    this.#inFlight += 1;
    response.once('close', () => {
      this.#inFlight -= 1;
    });
    const url = requestedUrl(request, this.#server);
    const refusal = this.#refusal(request, url);
    const fault = refusal ? undefined : this.#faults.take(url.searchParams.has('after'));
    const exchange = { request, response, record, url, fault };
    this.#answer(exchange, refusal).catch((error: unknown) => {
      // A fault whose headers cannot be written, at most: the client sees a cut connection.
      response.destroy(error instanceof Error ? error : undefined);
    });
  }

  /** What Okta says before it looks at the query. */
  #refusal(request: IncomingMessage, url: URL): Reply | undefined {
    if (url.pathname !== LOGS_PATH) {
      return this.#error(404, 'E0000007', [`Resource not found: ${url.pathname}`]);
    }
    if (request.method !== 'GET') return this.#error(405, 'E0000022');
    if (request.headers.authorization !== `SSWS ${this.token}`) return this.#error(401, 'E0000011');
    if (this.#inFlight > this.#concurrency) return this.#tooMany(this.#guessedState());
    const now = this.#clock.now();
    const taken = this.#bucket.take(now);
    if (this.#bucket.state(now).remaining === 0 && taken) this.#violations += 1;
    return taken ? undefined : this.#tooMany(this.#bucket.state(now));
  }

  #tooMany(state: RateState): Reply {
    this.#violations += 1;
    const reply = this.#error(429, 'E0000047');
    return { ...reply, headers: { ...reply.headers, ...rateHeaders(state) } };
  }

  #guessedState(): RateState {
    const reset = Math.ceil(this.#clock.now() / 1000) + GUESSED_RESET_S;
    return { limit: 0, remaining: 0, reset };
  }

  async #answer(exchange: Exchange, refusal: Reply | undefined): Promise<void> {
    const { fault, response } = exchange;
    if (refusal !== undefined) return this.#write(exchange, refusal);
    if (fault !== undefined) this.#ring.met(exchange.record, fault.kind);
    if (fault?.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return this.#ring.end(exchange.record, undefined);
    }
    if (fault?.kind === 'hang' && fault.afterBytes === undefined) {
      return this.#ring.end(exchange.record, undefined);
    }
    if (fault?.kind === 'slow') await this.#pause(fault.ms);
    return this.#write(exchange, this.#faultyReply(exchange));
  }

  #faultyReply(exchange: Exchange): Reply {
    const { fault } = exchange;
    if (fault?.kind === 'status') return this.#statusReply(fault);
    if (fault?.kind === 'html') {
      const headers = { ...this.#headers(), 'content-type': 'text/html; charset=utf-8' };
      return { status: 200, headers, body: LOGIN_PAGE };
    }
    if (fault?.kind === 'stale-link') return this.#pageReply(staleLink());

    const page = this.#page(exchange.url);
    if (fault?.kind === 'no-link') return this.#pageReply({ ...page, links: undefined });
    if (fault?.kind === 'foreign-link' && page.links !== undefined) {
      return this.#pageReply({ ...page, links: { ...page.links, next: fault.url } });
    }
    const reply = this.#pageReply(page);
    if (fault?.kind === 'cut-json')
      return uncached(reply, reply.body.subarray(0, fault.afterBytes));
    if (fault?.kind !== 'body') return reply;
    const headers = { ...reply.headers, 'content-type': fault.contentType ?? 'application/json' };
    return uncached({ ...reply, headers }, fault.body);
  }

  #statusReply(fault: Fault & { kind: 'status' }): Reply {
    const reply = this.#error(fault.status, fault.errorCode ?? codeOfStatus(fault.status));
    const spent = fault.status === 429 ? { 'x-rate-limit-remaining': '0' } : {};
    const asked = Object.fromEntries(
      Object.entries(fault.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { ...reply, headers: { ...reply.headers, ...spent, ...asked } };
  }

  #page(url: URL): LogsPage {
    return logsPage(this.#log, { url, now: this.#now(), retentionMs: this.#retentionMs });
  }

  #pageReply({ links, ...page }: LogsPage): Reply {
    const lines = links === undefined ? [] : linkHeader(links);
    const link = this.#joinLinks ? lines.join(', ') : lines;
    return {
      ...page,
      headers: { ...this.#headers(), ...page.headers, ...(link.length > 0 ? { link } : {}) },
    };
  }

  #error(status: number, code: ErrorCode | string, causes: readonly string[] = []): Reply {
    return { status, headers: this.#headers(), body: errorBody(code, causes) };
  }

  /** On every answer of the org, good or bad. */
  #headers(): Record<string, string> {
    const now = this.#clock.now();
    return {
      date: new Date(now).toUTCString(),
      'content-type': 'application/json',
      'x-okta-request-id': randomBytes(16).toString('base64url'),
      'cache-control': 'no-cache, no-store',
      ...rateHeaders(this.#bucket.state(now)),
    };
  }

  async #write({ request, response, record, fault }: Exchange, reply: Reply): Promise<void> {
    const ready = await encoded(reply, request, this.#gzip);
    if (response.destroyed) return this.#ring.end(record, undefined);
    const cut = fault?.kind === 'truncate' || fault?.kind === 'hang' ? fault.afterBytes : undefined;
    writeReply(response, ready, cut);
    // The head has been flushed by then: what follows is the end of the body's stream, before its promised length.
    if (fault?.kind === 'truncate') response.socket?.end();
    this.#ring.end(record, reply.status);
  }

  /** By the org's clock; the timer goes when the org is closed. */
  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => {
        this.#timers.delete(cancel);
        resolve();
      });
      this.#timers.add(cancel);
    });
  }

  /** Never goes back: an event that could be seen once can be seen, whatever is done to the clock. */
  #now(): number {
    this.#latest = Math.max(this.#latest, this.#clock.now());
    return this.#latest;
  }
}

function rateHeaders({ limit, remaining, reset }: RateState): Record<string, string> {
  return {
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': String(remaining),
    'x-rate-limit-reset': String(reset),
  };
}

function uncached({ status, headers }: Reply, body: Buffer): Reply {
  return { status, headers, body };
}
