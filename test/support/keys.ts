/** Keys for service apps, made once a process: RSA ones are slow to make. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

type Curve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1';

const made = new Map<string, KeyObject>();

function once(name: string, make: () => { readonly privateKey: KeyObject }): KeyObject {
  const key = made.get(name) ?? make().privateKey;
  made.set(name, key);
  return key;
}

export function rsaKey(modulusLength = 2_048): KeyObject {
  return once(`rsa${modulusLength}`, () => generateKeyPairSync('rsa', { modulusLength }));
}

export function ecKey(namedCurve: Curve = 'P-256'): KeyObject {
  return once(namedCurve, () => generateKeyPairSync('ec', { namedCurve }));
}

export function edKey(): KeyObject {
  return once('ed25519', () => generateKeyPairSync('ed25519'));
}

export function pemOf(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string {
  return String(key.export({ format: 'pem', type }));
}

export function jwkOf(key: KeyObject, more: Readonly<Record<string, unknown>> = {}) {
  return { ...key.export({ format: 'jwk' }), ...more };
}

/** Pieces of the key that nobody may see: of each form the last 40 letters, and some from the middle. */
export function marksOf(key: KeyObject): string[] {
  const { d = '' } = key.export({ format: 'jwk' });
  const body = key.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  return [d.slice(0, 24), body.slice(80, 104), body.slice(-40, -8)].filter((mark) => mark !== '');
}
