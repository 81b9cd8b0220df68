/** Checks a DPoP proof (RFC 9449, section 4.3) of a request for a token or for the log. */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from 'jose';
import { wordsOf } from './client-assertion.ts';
import type { Nonces } from './nonces.ts';
import type { OnceOnly } from './once-only.ts';
import { OAuthRefusal } from './refusals.ts';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
/** Okta takes proofs that were made just now; how much that is, it does not say. */
const JUST_NOW_S = 60;

interface ProvenRequest {
  readonly method: string;
  readonly url: URL;
  /** Values of all `DPoP` headers. */
  readonly proofs: readonly string[];
}

interface ProofRules {
  readonly nowMs: number;
  readonly used: OnceOnly;
  /** None: any nonce is taken, and none. */
  readonly nonces: Nonces | undefined;
  /** What the request carries, and the key that this is bound to. */
  readonly bound?: { readonly token: string; readonly thumbprint: string };
}

/** The thumbprint of the key that the proof was made with; throws an OAuthRefusal if it proves nothing. */
export async function thumbprintOf(request: ProvenRequest, rules: ProofRules): Promise<string> {
  const [proof, ...more] = request.proofs;
  if (proof === undefined) throw refused('The DPoP proof JWT header is missing.');
  if (more.length > 0) throw refused('There is more than one DPoP proof JWT header.');
  const { payload, thumbprint } = await verified(proof);
  const { htm, htu, iat, jti, ath, nonce } = payload;
  if (htm !== request.method) throw refused('The htm of the DPoP proof is not the method.');
  const { origin, pathname } = request.url;
  if (htu !== origin + pathname) throw refused('The htu of the DPoP proof is not the URL.');
  const ageS = rules.nowMs / 1_000 - (iat ?? Number.NaN);
  if (!(Math.abs(ageS) <= JUST_NOW_S)) throw refused('The DPoP proof was not issued just now.');
  if (typeof jti !== 'string' || jti === '') throw refused('The DPoP proof has no jti.');
  const until = rules.nowMs + 2_000 * JUST_NOW_S;
  if (!rules.used.use(jti, until, rules.nowMs)) throw refused('The jti was used before.');
  checkBound(rules, thumbprint, ath);
  if (rules.nonces !== undefined && nonce !== rules.nonces.current) {
    const description = 'Authorization server requires nonce in DPoP proof.';
    throw new OAuthRefusal('use_dpop_nonce', description, rules.nonces.current);
  }
  return thumbprint;
}

function checkBound({ bound }: ProofRules, thumbprint: string, ath: unknown): void {
  if (bound === undefined) return;
  const hash = createHash('sha256').update(bound.token).digest('base64url');
  if (ath !== hash) throw refused('The ath of the DPoP proof is not the hash of the token.');
  if (thumbprint !== bound.thumbprint) {
    throw refused('The DPoP proof was made with another key than the token is bound to.');
  }
}

async function verified(proof: string) {
  try {
    const { jwk } = decodeProtectedHeader(proof);
    const { payload } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ALGORITHMS,
      currentDate: new Date(0), // its age is checked by iat; exp and nbf mean nothing here
    });
    if (jwk === undefined || 'd' in jwk) throw new Error('its jwk is no public key');
    return { payload, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch (error) {
    throw refused(`The DPoP proof JWT is invalid: ${wordsOf(error)}.`);
  }
}

function refused(description: string): OAuthRefusal {
  return new OAuthRefusal('invalid_dpop_proof', description);
}
