/**
 * What a request to Okta is authorized with. Only request.ts asks for it, and only once it knows that the request goes
 * to the org's own System Log.
 */
import type { KeyObject } from 'node:crypto';
import { OktaError } from '../errors.ts';

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

export interface Credentials {
  /** The whole value of the `Authorization` header. May ask Okta first; rejects with an OktaError if that fails. */
  authorization(): Promise<string>;
}

/** Throws an OktaError, with nothing secret in it, if `identity` cannot be one. */
export function credentialsOf(identity: Identity): Credentials {
  if (identity.kind === 'token') return apiToken(identity.token);
  throw new OktaError('service apps cannot be used yet', {
    kind: 'credentials',
    hint: 'Set OKTA_API_KEY.',
  });
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
  return { authorization: async () => `SSWS ${trimmed}` };
}
