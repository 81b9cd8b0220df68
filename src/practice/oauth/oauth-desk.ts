/** The token endpoint of a practice org: what stands around its authorization server, and what a test can do to it. */
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../clock.ts';
import { type Fault, FaultQueue } from '../faults.ts';
import { OrgAnswers } from '../org-answers.ts';
import { RateBucket } from '../rate-bucket.ts';
import type { Reply } from '../reply.ts';
import type { AuthorizationServer, ServerSurroundings } from './authorization-server.ts';
import type { PracticeApp } from './practice-app.ts';

export const TOKEN_PATH = '/oauth2/v1/token';
/** A minute; another bucket than the log's. */
const RATE_LIMIT = 600;
const MOST_BYTES = 64 * 1024;

export class OAuthDesk {
  readonly #clock: Clock;
  readonly #server: AuthorizationServer;
  readonly #bucket = new RateBucket(RATE_LIMIT);
  readonly #faults = new FaultQueue();
  /** What it answers with, in the headers of the org. */
  readonly answers: OrgAnswers;
  #requestCount = 0;
  #given = 0;

  /** Loads what checks signatures, which a practice org without service apps does not need. */
  static async open(apps: readonly PracticeApp[], around: ServerSurroundings): Promise<OAuthDesk> {
    const { AuthorizationServer } = await import('./authorization-server.ts');
    return new OAuthDesk(new AuthorizationServer(apps, around), around.clock);
  }

  private constructor(server: AuthorizationServer, clock: Clock) {
    this.#clock = clock;
    this.#server = server;
    this.answers = new OrgAnswers(clock, this.#bucket, false);
  }

  /** How many requests for a token have come, whatever they were answered. */
  get requestCount(): number {
    return this.#requestCount;
  }

  /** How many tokens were given. */
  get tokenCount(): number {
    return this.#given;
  }

  /** A new app, or new settings and keys of one that is known; the tokens that it has stay good. */
  register(app: PracticeApp): void {
    this.#server.register(app);
  }

  /** No token that was given is good any more. */
  revokeTokens(): void {
    this.#server.revokeTokens();
  }

  /** Proofs need a new nonce: for tokens, or for the log where the app needs one there. */
  rotateNonce(where: 'token' | 'log' = 'token'): void {
    this.#noncesOf(where).rotate();
  }

  /** As `rotateNonce`, but the next good answer brings the new one before it is needed. */
  announceNonce(where: 'token' | 'log' = 'token'): void {
    this.#noncesOf(where).announce();
  }

  /** The next `times` requests for a token meet this fault, after the faults that were asked for before it. */
  fail(fault: Fault, times = 1): void {
    this.#faults.add(fault, times);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** What a request for a token meets before it is looked at. */
  receive(request: IncomingMessage): { readonly refusal?: Reply; readonly fault?: Fault } {
    if (request.method !== 'POST') return { refusal: this.answers.error(405, 'E0000022') };
    this.#requestCount += 1;
    const now = this.#clock.now();
    if (!this.#bucket.take(now)) {
      return { refusal: this.answers.tooMany(this.#bucket.state(now)) };
    }
    const fault = this.#faults.take(false);
    return fault === undefined ? {} : { fault };
  }

  async reply(request: IncomingMessage, url: URL): Promise<Reply> {
    if (Number(request.headers['content-length'] ?? 0) > MOST_BYTES) {
      return this.answers.error(413, 'E0000001');
    }
    const form = await text(request);
    const reply = await this.#server.giveToken({ request, url, form });
    if (reply.status === 200) this.#given += 1;
    return reply;
  }

  /** Why a request for the log may not be answered; undefined: it may. */
  refusal(request: IncomingMessage, url: URL): Promise<Reply | undefined> {
    return this.#server.refusal(request, url);
  }

  /** What a good answer of the log brings along for this request, if anything. */
  newsFor(request: IncomingMessage): Readonly<Record<string, string>> {
    const nonce =
      request.headers.dpop === undefined ? undefined : this.#server.logNonces.takeAnnounced();
    return nonce === undefined ? {} : { 'dpop-nonce': nonce };
  }

  #noncesOf(where: 'token' | 'log') {
    return where === 'token' ? this.#server.nonces : this.#server.logNonces;
  }
}
