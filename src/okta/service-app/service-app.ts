/**
 * A service app's access token through its life: asked for by the first request, renewed at 80 % while requests go on
 * with the old one, and once when Okta refuses it. One renewal at a time, however many requests wait for it.
 *
 * Invariant: Okta's refusal of a token that came for the same request never leads to another one at once.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type {
  AuthHeaders,
  Credentials,
  CredentialsSurroundings,
  Identity,
  OktaRequest,
  Permit,
  TokenDoor,
} from '../credentials.ts';
import { single } from '../headers.ts';
import { isOtherTime, signingTime } from '../okta-time.ts';
import type { Answer } from '../request.ts';
import { challengeOf } from '../trouble/challenge.ts';
import { backoffMs, TROUBLE_RULES, Trouble } from '../trouble/trouble.ts';
import { Secrets } from './secrets.ts';
import { signatureOf } from './signing-key.ts';
import type { AccessToken, TokenRequests } from './token-request.ts';

const RENEW_AT = 0.8;

/** When a token came (when it was asked for, to be sure), by both clocks: one may be set back, one stands still in sleep. */
interface HeldToken extends AccessToken {
  readonly at: number;
  readonly monotonicAt: number;
}

export class ServiceApp implements Credentials {
  readonly #app: Extract<Identity, { readonly kind: 'app' }>;
  readonly #org: URL;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #isReplaced: () => Promise<boolean>;
  readonly #secrets = new Secrets();
  #requests: Promise<TokenRequests> | undefined;
  #token: HeldToken | undefined;
  #renewal: Promise<HeldToken> | undefined;
  /** What the log asked for; Okta does so for nobody yet. */
  #nonce: string | undefined;
  /** Renewals in the background that failed in a row, whether that was said, and when the next may be tried. */
  #failures = 0;
  #saidFailing = false;
  #retryAt = 0;

  /** Throws an OktaError if the key cannot be used. */
  constructor(
    app: Extract<Identity, { readonly kind: 'app' }>,
    { org, clock, log, random, isReplaced = async () => false }: CredentialsSurroundings,
  ) {
    signatureOf(app.privateKey);
    this.#app = app;
    this.#org = org;
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
    this.#isReplaced = isReplaced;
  }

  permit(request: OktaRequest, door: TokenDoor): Permit {
    const sent: Sent = { token: undefined, nonce: undefined, aheadMs: 0, repeats: new Map() };
    return {
      headers: async (signal) => {
        const token = await this.#tokenFor(door, signal);
        sent.token = token;
        sent.nonce = this.#nonce;
        sent.aheadMs = door.aheadMs();
        return this.#headers(request, token, sent);
      },
      again: (answer) => this.#isWorthAnother(answer, sent),
    };
  }

  redact(text: string): string {
    return this.#secrets.redact(text);
  }

  async #headers(
    { method, url }: OktaRequest,
    token: HeldToken,
    { nonce, aheadMs }: Sent,
  ): Promise<AuthHeaders> {
    const authorization = `${token.scheme} ${token.value}`;
    if (token.scheme === 'Bearer') return { authorization };
    const { proofs } = await this.#load();
    const nowMs = signingTime(this.#clock.now(), aheadMs);
    const dpop = await proofs.proof({ method, url, nowMs, nonce, token: token.value });
    return { authorization, dpop };
  }

  #isWorthAnother(answer: Answer, sent: Sent): boolean {
    this.#nonce = single(answer.headers['dpop-nonce']) ?? this.#nonce;
    const code = challengeOf(answer)?.code;
    if (answer.status !== 401 && code === undefined) return false;
    if (code === 'use_dpop_nonce') {
      return this.#nonce !== sent.nonce && mayRepeat(sent, code, 2);
    }
    if (code === 'invalid_dpop_proof' && isOtherTime(answer.oktaAheadMs, sent.aheadMs)) {
      return mayRepeat(sent, code, 1);
    }
    // A token holds what the app was granted when it was made: what has been granted since needs a new one.
    if (this.#token === sent.token) this.#token = undefined;
    return answer.status === 401 && mayRepeat(sent, 'token', 1);
  }

  async #tokenFor(door: TokenDoor, signal: AbortSignal): Promise<HeldToken> {
    const token = this.#token;
    if (token === undefined || this.#age(token) >= token.lifeMs) {
      return unlessAborted(this.#renew(door), signal);
    }
    const isDue = this.#age(token) >= token.lifeMs * RENEW_AT;
    if (isDue && this.#renewal === undefined && this.#clock.monotonic() >= this.#retryAt) {
      this.#renew(door).catch((error: unknown) => this.#notRenewed(error));
    }
    return token;
  }

  /** Rejects with a Trouble. Whoever comes while it is under way waits for the same token. */
  #renew(door: TokenDoor): Promise<HeldToken> {
    this.#renewal ??= this.#askForToken(door).finally(() => {
      this.#renewal = undefined;
      this.#log.debug('asked for an access token');
    });
    return this.#renewal;
  }

  async #askForToken(door: TokenDoor): Promise<HeldToken> {
    this.#log.debug('asking for an access token');
    const at = this.#clock.now();
    const monotonicAt = this.#clock.monotonic();
    const token = { ...(await (await this.#load()).token(door)), at, monotonicAt };
    this.#token = token;
    if (this.#saidFailing) {
      this.#log.info({ attempts: this.#failures }, 'access token renewed again');
    }
    this.#failures = this.#retryAt = 0;
    this.#saidFailing = false;
    return token;
  }

  /** The old one still works: no outage yet, and said once. */
  async #notRenewed(error: unknown): Promise<void> {
    const token = this.#token;
    if (!(error instanceof Trouble) || token === undefined) return;
    if (error.kind === 'credentials' && (await this.#isReplaced())) return;
    const leftMs = token.lifeMs - this.#age(token);
    if (leftMs <= 0) return;
    this.#failures++;
    const { pace, saidFrom = 1, starts } = TROUBLE_RULES[error.kind];
    const waitMs = backoffMs(pace, this.#failures, this.#random);
    this.#retryAt = this.#clock.monotonic() + waitMs;
    if (this.#saidFailing || this.#failures < saidFrom || starts === undefined) return;
    this.#saidFailing = true;
    const { status, oktaCode, hint } = error;
    const fields = {
      reason: error.message,
      leftMs: Math.round(leftMs),
      ...(status !== undefined && { status }),
      ...(oktaCode !== undefined && { errorCode: oktaCode }),
      ...(hint !== undefined && { hint }),
    };
    this.#log.warn(fields, 'could not renew the access token, going on with the old one');
  }

  #age({ at, monotonicAt }: HeldToken): number {
    return Math.max(this.#clock.now() - at, this.#clock.monotonic() - monotonicAt);
  }

  /** Here, so that nobody with an API token pays for loading it. */
  #load(): Promise<TokenRequests> {
    this.#requests ??= import('./token-request.ts').then(
      ({ TokenRequests }) =>
        new TokenRequests({
          app: this.#app,
          org: this.#org,
          clock: this.#clock,
          redact: (text) => this.#secrets.redact(text),
          onToken: (token) => this.#secrets.add(token),
        }),
    );
    return this.#requests;
  }
}

/** What the last try of one request was made of, and how often it was repeated for each reason. */
interface Sent {
  token: HeldToken | undefined;
  nonce: string | undefined;
  aheadMs: number;
  readonly repeats: Map<string, number>;
}

function mayRepeat({ repeats }: Sent, why: string, times: number): boolean {
  const before = repeats.get(why) ?? 0;
  repeats.set(why, before + 1);
  return before < times;
}

/** As `promise`, but rejects with the reason of `signal` as soon as it aborts. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
