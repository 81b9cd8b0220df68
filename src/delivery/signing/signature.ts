/**
 * Signs requests as Standard Webhooks 1.0 says: HMAC-SHA256 over id, time and the exact bytes of the body. Receivers
 * refuse what was signed more than five minutes ago, so each attempt is signed anew.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** A key, and until when (ms since 1970) it still signs. */
export interface SigningSecret {
  readonly key: Buffer;
  readonly until?: number;
}

/** What is signed besides the body. */
export interface Signed {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

export class Signer {
  readonly #keys: readonly { readonly key: KeyObject; readonly until: number }[];

  constructor(secrets: readonly SigningSecret[]) {
    this.#keys = secrets.map(({ key, until }) => ({
      key: createSecretKey(key),
      until: until ?? Number.POSITIVE_INFINITY,
    }));
  }

  /** The three headers, names and values in turn; one signature for each secret in force at `now` (ms since 1970). */
  headers(id: string, body: Uint8Array, now: number): string[] {
    const timestamp = Math.floor(now / 1_000);
    const signed = { id, timestamp };
    const signatures = this.#keys
      .filter(({ until }) => now < until)
      .map(({ key }) => `v1,${signatureOf(key, signed, body).toString('base64')}`);
    const named = ['webhook-id', id, 'webhook-timestamp', String(timestamp)];
    return signatures.length === 0 ? named : [...named, 'webhook-signature', signatures.join(' ')];
  }
}

/** 32 bytes. The body is read where it lies: it may be large. */
export function signatureOf(key: KeyObject, { id, timestamp }: Signed, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}
