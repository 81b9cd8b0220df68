/**
 * What a request to Okta is authorized with. Only request.ts asks for it, and only once it knows that the request goes
 * to the org's own System Log.
 */
import { OktaError } from '../errors.ts';

export interface Credentials {
  /** The whole value of the `Authorization` header. May ask Okta first; rejects with an OktaError if that fails. */
  authorization(): Promise<string>;
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
