/** What a service app signs its assertions with: the kinds of keys that Okta takes. */
import type { KeyObject } from 'node:crypto';
import { OktaError } from '../../errors.ts';

const OF_CURVE: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** The JWS algorithm that goes with the key. Throws an OktaError if Okta takes no such key. */
export function signatureOf(key: KeyObject): string {
  const kind = key.type === 'private' ? key.asymmetricKeyType : undefined;
  if (kind === 'rsa') return 'RS256';
  const algorithm =
    kind === 'ec' ? OF_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''] : undefined;
  if (algorithm !== undefined) return algorithm;
  throw new OktaError('the private key of the service app is of a kind that Okta does not take', {
    kind: 'credentials',
    hint: 'Use an RSA key, or an EC key on the curve P-256, P-384 or P-521.',
  });
}
