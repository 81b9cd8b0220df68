/**
 * Asks the org's token endpoint for an access token: private_key_jwt, and DPoP as soon as Okta wants it. What an
 * attempt is made of (proof, nonce, time) is learned from the answers, so a refusal is asked about again at once only
 * if the next attempt would be made of something else. Each attempt has an assertion and a proof of its own.
 * https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/ and .../dpop/main/
 */
import { importPKCS8 } from 'jose';
import * as oauth from 'oauth4webapi';
import { isLoopback } from '../../address.ts';
import type { Clock } from '../../clock.ts';
import type { AuthHeaders, Identity, TokenDoor } from '../credentials.ts';
import { single } from '../headers.ts';
import { isOtherTime, signingTime } from '../okta-time.ts';
import type { Answer } from '../request.ts';
import { type Refusal, readRefusal, troubleOf, whereTo } from '../trouble/refusal.ts';
import { brief, Trouble } from '../trouble/trouble.ts';
import { ProofKey } from './proofs.ts';
import { signatureOf } from './signing-key.ts';

const SCOPE = 'okta.logs.read';
const ASSERTION_S = 5 * 60;
/** Okta says how long a token lives; an hour if it ever does not. */
const USUAL_LIFE_S = 3_600;
/** Without a proof, with one, with a nonce, by the right clock, and once more for two of these at once. */
const MOST_ATTEMPTS = 5;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

export interface AccessToken {
  readonly value: string;
  readonly scheme: 'Bearer' | 'DPoP';
  readonly lifeMs: number;
}

interface TokenRequestsOptions {
  readonly app: Extract<Identity, { readonly kind: 'app' }>;
  readonly org: URL;
  readonly clock: Clock;
  readonly redact: (text: string) => string;
  /** Told of every token before it is used. */
  readonly onToken: (token: string) => void;
}

/** What an attempt was made of. */
interface Made {
  readonly proven: boolean;
  readonly nonce: string | undefined;
  readonly aheadMs: number;
}

export class TokenRequests {
  readonly proofs = new ProofKey();
  readonly #options: TokenRequestsOptions;
  #key: ReturnType<typeof importPKCS8> | undefined;
  /** Okta has asked for proofs; it does so for as long as the app is set to. */
  #wantsProofs = false;
  #nonce: string | undefined;

  constructor(options: TokenRequestsOptions) {
    this.#options = options;
  }

  /** Rejects with a Trouble. */
  async token(door: TokenDoor): Promise<AccessToken> {
    for (let attempt = 1; ; attempt++) {
      await door.untilAllowed();
      const made = { proven: this.#wantsProofs, nonce: this.#nonce, aheadMs: door.aheadMs() };
      const { answer, response } = await this.#ask(door, made);
      this.#nonce = single(answer.headers['dpop-nonce']) ?? this.#nonce;
      if (answer.status === 200) return this.#tokenOf(answer, response, made);
      const refusal = readRefusal(answer, { redact: this.#options.redact, kind: 'grant' });
      if (attempt < MOST_ATTEMPTS && this.#knowsBetter(refusal, made, answer)) continue;
      // There is nothing in the request but the credentials: what is wrong with it is theirs.
      const isOAuth = refusal.isOAuth || answer.status === 400;
      throw troubleOf(
        { ...refusal, isOAuth, text: `no access token: ${refusal.text}` },
        {
          isLink: false,
          oktaNowMs: answer.oktaNowMs,
          fields: whereTo(answer, this.#options.redact),
        },
      );
    }
  }

  #knowsBetter({ oktaCode: code, isOAuth }: Refusal, made: Made, { oktaAheadMs }: Answer): boolean {
    if ((code === 'invalid_dpop_proof' || code === 'use_dpop_nonce') && !made.proven) {
      this.#wantsProofs = true;
      return true;
    }
    if (code === 'use_dpop_nonce') return this.#nonce !== made.nonce;
    // What is refused because of its time is not refused in one way only.
    return isOAuth && isOtherTime(oktaAheadMs, made.aheadMs);
  }

  async #ask(door: TokenDoor, made: Made): Promise<{ answer: Answer; response: Response }> {
    const { app, org } = this.#options;
    const asked: { answer?: Answer } = {};
    const response = await oauth.clientCredentialsGrantRequest(
      { issuer: org.origin, token_endpoint: door.url },
      { client_id: app.clientId },
      await this.#clientAuth(door, made),
      { scope: SCOPE },
      {
        // The practice org alone: the door sends nowhere else than to the org.
        [oauth.allowInsecureRequests]: isLoopback(org),
        [oauth.customFetch]: async (_url, { headers, body }) => {
          const proof = await this.#proofFor(door, made);
          asked.answer = await door.post({ ...headers, ...proof }, body.toString());
          return responseOf(asked.answer);
        },
      },
    );
    if (asked.answer === undefined) throw new Error('no token was asked for');
    return { answer: asked.answer, response };
  }

  async #proofFor(door: TokenDoor, { proven, nonce, aheadMs }: Made): Promise<AuthHeaders> {
    if (!proven) return {};
    const nowMs = signingTime(this.#options.clock.now(), aheadMs);
    return { dpop: await this.proofs.proof({ method: 'POST', url: door.url, nowMs, nonce }) };
  }

  async #clientAuth(door: TokenDoor, { aheadMs }: Made): Promise<oauth.ClientAuth> {
    const { app, clock } = this.#options;
    const pem = () => app.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    this.#key ??= importPKCS8(pem(), signatureOf(app.privateKey));
    const key = { key: await this.#key, ...(app.keyId !== undefined && { kid: app.keyId }) };
    return oauth.PrivateKeyJwt(key, {
      [oauth.modifyAssertion]: (_header, claims) => {
        const now = Math.floor(signingTime(clock.now(), aheadMs) / 1_000);
        claims.aud = door.url;
        claims.iat = now;
        claims.exp = now + ASSERTION_S;
        delete claims.nbf; // a second of difference between two clocks would make it a future one
      },
    });
  }

  async #tokenOf(answer: Answer, response: Response, made: Made): Promise<AccessToken> {
    const { app, org, onToken } = this.#options;
    if (answer.cutShort !== undefined) throw this.#noToken(answer.cutShort.why);
    const as = { issuer: org.origin };
    const client = { client_id: app.clientId };
    const read = await oauth
      .processClientCredentialsResponse(as, client, response)
      // What it throws may hold the token.
      .catch((error: Error) => this.#noToken(error.message));
    if (read instanceof Trouble) throw read;
    onToken(read.access_token);
    if (!VISIBLE_ASCII.test(read.access_token)) throw this.#noToken('no header can carry it');
    const isBound = read.token_type === 'dpop';
    if (isBound && !made.proven) throw this.#noToken('it is bound to a proof that was never sent');
    return {
      value: read.access_token,
      scheme: isBound ? 'DPoP' : 'Bearer',
      lifeMs: 1_000 * (read.expires_in ?? USUAL_LIFE_S),
    };
  }

  #noToken(why: string): Trouble {
    const words = `the token endpoint answered 200, but without a token that can be used: ${why}`;
    return new Trouble(brief(this.#options.redact(words)), { kind: 'unreachable', status: 200 });
  }
}

/** For oauth4webapi to read; bodies that such a status cannot have are left out. */
function responseOf({ status, headers, raw }: Answer): Response {
  const contentType = single(headers['content-type']);
  return new Response(status === 200 ? raw : null, {
    status: status >= 200 && status <= 599 ? status : 500,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });
}
