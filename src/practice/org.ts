/**
 * A practice org: GET /api/v1/logs as Okta answers it, over events that the caller adds, with faults on demand; and
 * the token endpoint for the service apps that it is opened with.
 * It answers like Okta where Okta documents what it does; where nothing is documented, it does what clients have seen.
 * https://developer.okta.com/docs/reference/system-log-query/
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, SystemClock } from '../clock.ts';
import { EventLog } from './event-log.ts';
import { type Fault, FaultQueue } from './faults.ts';
import { logsPage } from './logs-page.ts';
import { type LoopbackServer, openLoopbackServer, requestedUrl } from './loopback-server.ts';
import { OAuthDesk, TOKEN_PATH } from './oauth/oauth-desk.ts';
import type { PracticeApp } from './oauth/practice-app.ts';
import { OrgAnswers, type RightAnswer } from './org-answers.ts';
import { RateBucket, type RateState } from './rate-bucket.ts';
import { encoded, GzipCache, type Reply, writeReply } from './reply.ts';
import { type RequestRecord, RequestRing } from './request-ring.ts';

export type { Fault } from './faults.ts';
export type { PracticeApp } from './oauth/practice-app.ts';
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
  /** Service apps that get tokens at /oauth2/v1/token. Default: none; the SSWS token works beside them. */
  readonly apps?: readonly PracticeApp[];
  /** What service apps call the org, such as https://acme.okta.test, if something stands in front of it. */
  readonly origin?: string;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: RequestRecord;
  readonly url: URL;
}

/** What an exchange meets, and the answer that would be right: it is made when nothing spoils that. */
interface Turn {
  readonly answers: OrgAnswers;
  readonly refusal?: Reply;
  readonly fault?: Fault;
  readonly right: () => Promise<RightAnswer>;
}

export class PracticeOrg {
  /** http://127.0.0.1:PORT, without a slash at its end. */
  readonly url: string;
  /** The SSWS token that is accepted; may be changed. */
  token: string;
  readonly #server: LoopbackServer;
  readonly #clock: Clock;
  readonly #log = new EventLog();
  readonly #faults = new FaultQueue();
  readonly #bucket: RateBucket;
  readonly #answers: OrgAnswers;
  readonly #oauth: OAuthDesk | undefined;
  readonly #concurrency: number;
  readonly #retentionMs: number;
  readonly #gzip = new GzipCache(CACHED_BYTES);
  readonly #ring = new RequestRing();
  readonly #timers = new Set<() => void>();
  #latest = Number.NEGATIVE_INFINITY;
  #inFlight = 0;
  #violations = 0;

  /** Rejects with the system's error when the port cannot be had. */
  static async open(options: PracticeOrgOptions = {}): Promise<PracticeOrg> {
    const { apps = [], clock = new SystemClock(), origin } = options;
    const oauth = apps.length > 0 ? await OAuthDesk.open(apps, { clock, origin }) : undefined;
    let org: PracticeOrg | undefined;
    const server = await openLoopbackServer((request, response) => {
      if (org !== undefined) org.#receive(request, response);
    }, options);
    org = new PracticeOrg(server, { ...options, clock }, oauth);
    return org;
  }

  private constructor(
    server: LoopbackServer,
    options: PracticeOrgOptions & { readonly clock: Clock },
    oauth: OAuthDesk | undefined,
  ) {
    this.url = server.url;
    this.token = options.token ?? 'practice-token';
    this.#server = server;
    this.#clock = options.clock;
    this.#oauth = oauth;
    this.#bucket = new RateBucket(options.rateLimit ?? 120);
    this.#concurrency = options.concurrency ?? 75;
    this.#retentionMs = options.retentionMs ?? RETENTION_MS;
    this.#answers = new OrgAnswers(this.#clock, this.#bucket, options.joinLinks ?? false);
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

  /** The token endpoint of the service apps; throws if the org was opened without any. */
  get oauth(): OAuthDesk {
    if (this.#oauth === undefined) throw new Error('this practice org has no service apps');
    return this.#oauth;
  }

  /** The newest 10,000 requests, for tokens too, oldest first. */
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
    const record = this.#ring.begin(request, this.#clock.now());
    this.#inFlight += 1;
    response.once('close', () => {
      this.#inFlight -= 1;
    });
    const url = requestedUrl(request, this.#server);
    const exchange = { request, response, record, url };
    this.#answer(exchange).catch((error: unknown) => {
      // A fault whose headers cannot be written, at most: the client sees a cut connection.
      response.destroy(error instanceof Error ? error : undefined);
    });
  }

  async #turn(exchange: Exchange): Promise<Turn> {
    const { request, url } = exchange;
    const oauth = this.#oauth;
    if (oauth !== undefined && url.pathname === TOKEN_PATH) {
      const right = async () => ({ ...(await oauth.reply(request, url)), links: undefined });
      return { answers: oauth.answers, ...oauth.receive(request), right };
    }
    request.resume();
    const answers = this.#answers;
    const right = async () => this.#page(exchange);
    const refusal = await this.#refusal(exchange);
    if (refusal !== undefined) return { answers, refusal, right };
    const fault = this.#faults.take(url.searchParams.has('after'));
    return { answers, right, ...(fault !== undefined && { fault }) };
  }

  /** What Okta says before it looks at the query. */
  async #refusal({ request, url }: Exchange): Promise<Reply | undefined> {
    if (url.pathname !== LOGS_PATH) {
      return this.#answers.error(404, 'E0000007', [`Resource not found: ${url.pathname}`]);
    }
    if (request.method !== 'GET') return this.#answers.error(405, 'E0000022');
    const stranger = await this.#strangerReply(request, url);
    if (stranger !== undefined) return stranger;
    if (this.#inFlight > this.#concurrency) return this.#tooMany(this.#guessedState());
    const now = this.#clock.now();
    const taken = this.#bucket.take(now);
    if (this.#bucket.state(now).remaining === 0 && taken) this.#violations += 1;
    return taken ? undefined : this.#tooMany(this.#bucket.state(now));
  }

  /** Undefined for whoever may read the log. */
  async #strangerReply(request: IncomingMessage, url: URL): Promise<Reply | undefined> {
    const authorization = request.headers.authorization ?? '';
    if (authorization === `SSWS ${this.token}`) return undefined;
    if (this.#oauth === undefined || !/^(Bearer|DPoP) /i.test(authorization)) {
      return this.#answers.error(401, 'E0000011');
    }
    const refusal = await this.#oauth.refusal(request, url);
    return refusal && this.#answers.whole({ ...refusal, links: undefined });
  }

  #tooMany(state: RateState): Reply {
    this.#violations += 1;
    return this.#answers.tooMany(state);
  }

  #guessedState(): RateState {
    const reset = Math.ceil(this.#clock.now() / 1000) + GUESSED_RESET_S;
    return { limit: 0, remaining: 0, reset };
  }

  async #answer(exchange: Exchange): Promise<void> {
    const turn = await this.#turn(exchange);
    const { refusal, fault, answers } = turn;
    if (refusal !== undefined) return this.#write(exchange, refusal, undefined);
    if (fault !== undefined) this.#ring.met(exchange.record, fault.kind);
    if (fault?.kind === 'reset') {
      exchange.response.socket?.resetAndDestroy();
      return this.#ring.end(exchange.record, undefined);
    }
    if (fault?.kind === 'hang' && fault.afterBytes === undefined) {
      return this.#ring.end(exchange.record, undefined);
    }
    if (fault?.kind === 'slow') await this.#pause(fault.ms);
    return this.#write(exchange, await answers.faulty(fault, turn.right), fault);
  }

  #page({ request, url }: Exchange): RightAnswer {
    const now = this.#now();
    const page = logsPage(this.#log, { url, now, retentionMs: this.#retentionMs });
    return { ...page, headers: { ...page.headers, ...this.#oauth?.newsFor(request) } };
  }

  async #write(exchange: Exchange, reply: Reply, fault: Fault | undefined): Promise<void> {
    const { request, response, record } = exchange;
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
