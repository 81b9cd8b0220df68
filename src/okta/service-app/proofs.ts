/**
 * DPoP proofs (RFC 9449): each says that whoever sends this very request, just now, holds the key that the token is
 * bound to. The key is made here, for this process alone, and its private half cannot be taken out.
 */
import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { OktaRequest } from '../credentials.ts';

const ALGORITHM = 'ES256';

interface Proven extends OktaRequest {
  /** By Okta's clock. */
  readonly nowMs: number;
  readonly nonce: string | undefined;
  /** The token that the request carries, if it does. */
  readonly token?: string;
}

export class ProofKey {
  #pair: Promise<Pair> | undefined;

  /** Never the same twice. */
  async proof({ method, url, nowMs, nonce, token }: Proven): Promise<string> {
    this.#pair ??= newPair();
    const { jwk, sign } = await this.#pair;
    const claims = {
      htm: method,
      htu: url.replace(/[?#].*$/, ''),
      ...(nonce !== undefined && { nonce }),
      ...(token !== undefined && { ath: createHash('sha256').update(token).digest('base64url') }),
    };
    const jwt = new SignJWT(claims)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: ALGORITHM, jwk })
      .setJti(randomUUID())
      .setIssuedAt(Math.floor(nowMs / 1_000));
    return sign(jwt);
  }
}

interface Pair {
  readonly jwk: JWK;
  readonly sign: (jwt: SignJWT) => Promise<string>;
}

async function newPair(): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM);
  const { kty, crv, x, y } = await exportJWK(publicKey);
  return { jwk: { kty, crv, x, y } as JWK, sign: (jwt) => jwt.sign(privateKey) }; // the four of an EC key
}
