/**
 * The org's own authorization server, for service apps: gives tokens at POST /oauth2/v1/token, and says of a request
 * for the log whether its token lets it in. Everything is checked that Okta is known to check, by the org's clock.
 * https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/ and .../dpop/main/
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Reply } from '../reply.ts';
import { ASSERTION_TYPE, appOf } from './client-assertion.ts';
import { thumbprintOf } from './dpop-proof.ts';
import { Nonces } from './nonces.ts';
import { OnceOnly } from './once-only.ts';
import type { PracticeApp } from './practice-app.ts';
import { OAuthRefusal, resourceRefusal, tokenRefusal } from './refusals.ts';

const LOGS_SCOPE = 'okta.logs.read';
const USUAL_LIFE_S = 3_600;

interface GivenToken {
  readonly app: PracticeApp;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
  /** Of the key that it is bound to. */
  readonly thumbprint: string | undefined;
}

export interface ServerSurroundings {
  readonly clock: Clock;
  /** What clients call the org, where something that they know by another name stands in front of it. */
  readonly origin: string | undefined;
}

/** What came, its body read. */
interface TokenRequest {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly form: string;
}

export class AuthorizationServer {
  readonly nonces = new Nonces();
  readonly logNonces = new Nonces();
  readonly #apps = new Map<string, PracticeApp>();
  readonly #clock: Clock;
  readonly #origin: string | undefined;
  readonly #tokens = new Map<string, GivenToken>();
  readonly #usedAssertions = new OnceOnly();
  readonly #usedProofs = new OnceOnly();

  constructor(apps: readonly PracticeApp[], { clock, origin }: ServerSurroundings) {
    this.#clock = clock;
    this.#origin = origin;
    for (const app of apps) this.register(app);
  }

  /** In place of the app that has this client id, if there is one; its tokens stay good. */
  register(app: PracticeApp): void {
    this.#apps.set(app.clientId, app);
  }

  /** No token that was given is good any more. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  async giveToken(asked: TokenRequest): Promise<Reply> {
    try {
      return await this.#giveToken({ ...asked, url: this.#asNamed(asked.url) });
    } catch (error) {
      if (error instanceof OAuthRefusal) return tokenRefusal(error);
      throw error;
    }
  }

  /** Why a request for the log may not be answered; undefined: it may. */
  async refusal(request: IncomingMessage, asked: URL): Promise<Reply | undefined> {
    const url = this.#asNamed(asked);
    const [, scheme = 'Bearer', token = ''] =
      /^(Bearer|DPoP) (\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    try {
      await this.#check(request, url, { scheme: scheme.toLowerCase(), token });
      return undefined;
    } catch (error) {
      if (!(error instanceof OAuthRefusal)) throw error;
      const isBound = scheme.toLowerCase() === 'dpop';
      return resourceRefusal(error, { scheme: isBound ? 'DPoP' : 'Bearer', origin: url.origin });
    }
  }

  #asNamed(url: URL): URL {
    return this.#origin === undefined ? url : new URL(url.pathname + url.search, this.#origin);
  }

  async #giveToken({ request, url, form }: TokenRequest): Promise<Reply> {
    const asked = readForm(request, form);
    const nowMs = this.#clock.now();
    const app = await appOf(asked.assertion, {
      apps: this.#apps,
      tokenUrl: url.origin + url.pathname,
      nowMs,
      used: this.#usedAssertions,
    });
    if (asked.clientId !== null && asked.clientId !== app.clientId) {
      throw new OAuthRefusal('invalid_client', 'The client_id is not that of the assertion.');
    }
    const thumbprint = app.dpop === false ? undefined : await this.#provenKey(request, url, nowMs);
    const granted = app.scopes ?? [LOGS_SCOPE];
    if (asked.scopes.length === 0 || !asked.scopes.every((scope) => granted.includes(scope))) {
      const words = 'One or more scopes are not configured for the authorization server resource.';
      throw new OAuthRefusal('invalid_scope', words);
    }
    const announced = thumbprint === undefined ? undefined : this.nonces.takeAnnounced();
    const headers = announced === undefined ? {} : { 'dpop-nonce': announced };
    return { status: 200, headers, body: this.#newToken(app, asked.scopes, thumbprint) };
  }

  #provenKey(request: IncomingMessage, url: URL, nowMs: number): Promise<string> {
    return thumbprintOf(
      { method: 'POST', url, proofs: request.headersDistinct.dpop ?? [] },
      { nowMs, used: this.#usedProofs, nonces: this.nonces },
    );
  }

  #newToken(app: PracticeApp, scopes: readonly string[], thumbprint: string | undefined): Buffer {
    const lifeS = app.tokenLifeS ?? USUAL_LIFE_S;
    const value = `practice-access-${randomBytes(24).toString('base64url')}`;
    const now = this.#clock.now();
    for (const [known, { expiresAt }] of this.#tokens) {
      if (expiresAt < now) this.#tokens.delete(known);
    }
    this.#tokens.set(value, { app, scopes, expiresAt: now + lifeS * 1_000, thumbprint });
    return Buffer.from(
      JSON.stringify({
        token_type: thumbprint === undefined ? 'Bearer' : 'DPoP',
        expires_in: lifeS,
        access_token: value,
        scope: scopes.join(' '),
      }),
    );
  }

  async #check(
    request: IncomingMessage,
    url: URL,
    { scheme, token }: { readonly scheme: string; readonly token: string },
  ): Promise<void> {
    const given = this.#tokens.get(token);
    if (given === undefined) throw new OAuthRefusal('invalid_token', 'The token is unknown.');
    const nowMs = this.#clock.now();
    if (given.expiresAt <= nowMs) {
      throw new OAuthRefusal('invalid_token', 'The token has expired.');
    }
    const { thumbprint, app } = given;
    if ((thumbprint !== undefined) !== (scheme === 'dpop')) {
      throw new OAuthRefusal('invalid_token', 'The token was sent with the wrong scheme.');
    }
    if (thumbprint !== undefined) {
      await thumbprintOf(
        { method: request.method ?? '', url, proofs: request.headersDistinct.dpop ?? [] },
        {
          nowMs,
          used: this.#usedProofs,
          nonces: app.logNonce === true ? this.logNonces : undefined,
          bound: { token, thumbprint },
        },
      );
    }
    if (!given.scopes.includes(LOGS_SCOPE)) {
      const words = 'The access token provided does not contain the required scopes.';
      throw new OAuthRefusal('insufficient_scope', words);
    }
  }
}

function readForm(request: IncomingMessage, text: string) {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type)) {
    throw new OAuthRefusal('invalid_request', 'The content type is not that of a form.');
  }
  const form = new URLSearchParams(text);
  const names = [...form.keys()];
  if (new Set(names).size < names.length) {
    throw new OAuthRefusal('invalid_request', 'A parameter came twice.');
  }
  if (form.get('grant_type') !== 'client_credentials') {
    throw new OAuthRefusal('unsupported_grant_type', 'The grant type is not client_credentials.');
  }
  const assertion = form.get('client_assertion');
  if (assertion === null || form.get('client_assertion_type') !== ASSERTION_TYPE) {
    throw new OAuthRefusal('invalid_client', 'The client must authenticate with private_key_jwt.');
  }
  const scopes = (form.get('scope') ?? '').split(' ').filter(Boolean);
  return { assertion, scopes, clientId: form.get('client_id') };
}
