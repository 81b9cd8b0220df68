/**
 * What a request to Okta is authorized with. Only request.ts asks for it, and only once it knows that the request goes
 * to the org's own System Log.
 */
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { OktaError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Answer } from './request.ts';
import { ServiceApp } from './service-app/service-app.ts';

/** What Okta knows loghook by: an API token, or a service app with its private key. */
export type Identity =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      readonly clientId: string;
      readonly privateKey: KeyObject;
      /** The `kid` of the key at Okta; an app with one key needs none. */
      readonly keyId?: string;
    };

export function isSameIdentity(one: Identity, other: Identity): boolean {
  if (one.kind === 'token') return other.kind === 'token' && one.token === other.token;
  return (
    other.kind === 'app' &&
    one.clientId === other.clientId &&
    one.keyId === other.keyId &&
    one.privateKey.equals(other.privateKey)
  );
}

export interface Credentials {
  /** For one request, its method and whole URL, and its repeats. Sends nothing yet. */
  permit(request: OktaRequest, door: TokenDoor): Permit;
  /** `text` without anything secret that is or was sent. */
  redact(text: string): string;
}

export interface OktaRequest {
  readonly method: string;
  readonly url: string;
}

export type AuthHeaders = Readonly<Record<string, string>>;

export interface Permit {
  /** Made for the moment: to be asked again for a repeat. May ask Okta first; rejects with a Trouble if that fails. */
  headers(signal: AbortSignal): Promise<AuthHeaders>;
  /** To be told of each answer. True if the same request, with new headers, may be answered better at once. */
  again(answer: Answer): boolean;
}

/** The way to the org's token endpoint, and nowhere else. Both are cut short when the door closes. */
export interface TokenDoor {
  readonly url: string;
  /** How far Okta's clock is ahead of ours, as its answers to any request show it, ms. */
  aheadMs(): number;
  /** Resolves when Okta's rate limit lets a request for a token go: what it proves must be made after this. */
  untilAllowed(): Promise<void>;
  /** Any status is an answer. Rejects with a Trouble if none came. */
  post(headers: AuthHeaders, form: string): Promise<Answer>;
}

export interface CredentialsSurroundings {
  readonly org: URL;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 ≤ n < 1, for jitter. */
  readonly random: () => number;
  /** Asked when Okta refuses what is renewed in the background: true once other credentials are in its place. */
  readonly isReplaced?: () => Promise<boolean>;
}

/** Throws an OktaError, with nothing secret in it, if `identity` cannot be one. */
export function credentialsOf(identity: Identity, around: CredentialsSurroundings): Credentials {
  if (identity.kind === 'token') return apiToken(identity.token);
  return new ServiceApp(identity, around);
}

const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** An API token as Okta's console shows it. Throws an OktaError (never with the token in it) if it cannot be one. */
export function apiToken(token: string): Credentials {
  const trimmed = token.trim();
  if (!VISIBLE_ASCII.test(trimmed)) {
    throw new OktaError('the Okta API token is empty or holds characters that no token has', {
      kind: 'credentials',
      hint: 'Copy the token again from Okta: Security > API > Tokens.',
    });
  }
  const headers = Promise.resolve({ authorization: `SSWS ${trimmed}` });
  const permit = { headers: () => headers, again: () => false };
  return {
    permit: () => permit,
    redact: (text) => text.replaceAll(trimmed, '[redacted]'),
  };
}
