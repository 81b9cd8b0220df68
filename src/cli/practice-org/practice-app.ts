/** A service app for `loghook practice-org --oauth`: its key pair is made here, and its private half dies with the org. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PracticeApp } from '../../practice/org.ts';

const CLIENT_ID = '0oa1practiceapp0Q4x7';

export interface PracticeKey {
  /** As the org has to know it: like Okta's newer apps, it must prove each request (DPoP). */
  readonly app: PracticeApp;
  readonly clientId: string;
  /** Where the private key is, for nobody else to read. */
  readonly path: string;
  remove(): void;
}

/** The key is removed when the process ends, however it ends, and sooner by `remove`. */
export function makePracticeKey(): PracticeKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const folder = mkdtempSync(join(tmpdir(), 'loghook-practice-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  const path = join(folder, 'private-key.pem');
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const { kty = '', crv = '', x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return {
    app: { clientId: CLIENT_ID, keys: [{ kty, crv, x, y }] },
    clientId: CLIENT_ID,
    path,
    remove: () => {
      process.off('exit', remove);
      remove();
    },
  };
}
