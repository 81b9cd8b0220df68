/** Service apps for tests: keys, how a practice org knows them, and how loghook does. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Identity } from '../../src/okta/credentials.ts';
import type { PracticeApp } from '../../src/practice/org.ts';

export type AppIdentity = Extract<Identity, { readonly kind: 'app' }>;

export const CLIENT_ID = '0oa1practiceapp0Q4x7';
export const KEY_ID = 'practice-key-1';

export interface TestApp {
  readonly identity: AppIdentity;
  readonly app: PracticeApp;
}

/** An app that is known to both sides; `app` says how it is set at the org. */
export function testApp(app: Partial<PracticeApp> = {}, key: KeyPair = ecKey()): TestApp {
  const { clientId = CLIENT_ID } = app;
  return {
    identity: { kind: 'app', clientId, privateKey: key.privateKey, keyId: KEY_ID },
    app: { clientId, keys: [publicJwk(key)], ...app },
  };
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export function ecKey(namedCurve = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve });
}

export function rsaKey(modulusLength = 2048): KeyPair {
  return generateKeyPairSync('rsa', { modulusLength });
}

export function publicJwk({ publicKey }: KeyPair, kid = KEY_ID): PracticeApp['keys'][number] {
  return { ...publicKey.export({ format: 'jwk' }), kid } as PracticeApp['keys'][number]; // a public key's
}
