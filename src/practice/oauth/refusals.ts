/** How Okta refuses: a token at its endpoint with a JSON error, a request for the log with a header and no body. */
import type { Reply } from '../reply.ts';

type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_scope'
  | 'invalid_token'
  | 'unsupported_grant_type'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce';

const STATUS: Partial<Record<OAuthErrorCode, number>> = { invalid_client: 401 };
const RESOURCE_STATUS: Partial<Record<OAuthErrorCode, number>> = { insufficient_scope: 403 };

/** Thrown by a check, caught where its answer is written. */
export class OAuthRefusal extends Error {
  readonly code: OAuthErrorCode;
  /** Sent along with `use_dpop_nonce`. */
  readonly nonce: string | undefined;

  constructor(code: OAuthErrorCode, description: string, nonce?: string) {
    super(description);
    this.code = code;
    this.nonce = nonce;
  }
}

export function tokenRefusal({ code, message, nonce }: OAuthRefusal): Reply {
  return {
    status: STATUS[code] ?? 400,
    headers: nonce === undefined ? {} : { 'dpop-nonce': nonce },
    body: Buffer.from(JSON.stringify({ error: code, error_description: message })),
  };
}

/** okta-sdk-golang#145 shows one of Okta's. */
export function resourceRefusal(
  { code, message, nonce }: OAuthRefusal,
  { scheme, origin }: { readonly scheme: string; readonly origin: string },
): Reply {
  const challenge =
    `${scheme} authorization_uri="${origin}/oauth2/v1/authorize", realm="${origin}", ` +
    `scope="okta.logs.read", error="${code}", error_description="${message}", resource="/api/v1/logs"`;
  return {
    status: RESOURCE_STATUS[code] ?? 401,
    headers: {
      'www-authenticate': challenge,
      ...(nonce !== undefined && { 'dpop-nonce': nonce }),
    },
    body: Buffer.alloc(0),
  };
}
