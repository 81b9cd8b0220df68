/** Whether a request carries what its receiver needs to verify it, looked at as the receiver would. */
import { createSecretKey } from 'node:crypto';
import { signatureOf } from '../../delivery/signing/signature.ts';
import type { SigningSecret } from '../../routing/route.ts';
import { count } from '../words/counts.ts';

export type Signature = 'none' | 'expired' | 'verifies' | 'broken';

/** `headers` by their names in lower case; `now` is when it was signed, ms since 1970. */
export function signatureOn(
  { headers, body }: { readonly headers: ReadonlyMap<string, string>; readonly body: Buffer },
  secrets: readonly SigningSecret[],
  now: number,
): Signature {
  if (secrets.length === 0) return 'none';
  const inForce = secrets.filter(({ until }) => until === undefined || now < until);
  if (inForce.length === 0) return 'expired';
  const id = headers.get('webhook-id') ?? '';
  const timestamp = Number(headers.get('webhook-timestamp'));
  const given = (headers.get('webhook-signature') ?? '').split(' ');
  const verifies = inForce.every(({ key }) => {
    const signature = signatureOf(createSecretKey(key), { id, timestamp }, body);
    return given.includes(`v1,${signature.toString('base64')}`);
  });
  return verifies ? 'verifies' : 'broken';
}

export function signatureWords(signature: Signature, secrets: number): string {
  if (signature === 'none') return 'no: the route has no secrets';
  if (signature === 'expired') return "no: the time of all the route's secrets is over";
  if (signature === 'broken') return 'yes, but it does NOT verify: this is a bug in loghook';
  return secrets === 1 ? 'signed, verifies' : `signed, verifies (${count(secrets, 'secret')})`;
}
