/** Certificates for tests, made by openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireTool } from '../support/tools.ts';

/** cert.pem and key.pem in `folder`, and their texts. */
export function makeCertificate(folder: string): { readonly cert: string; readonly key: string } {
  requireTool('openssl', 'openssl');
  const [certPath, keyPath] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const out = ['-nodes', '-keyout', keyPath, '-out', certPath, '-subj', '/CN=x', '-days', '30'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...out], { stdio: 'ignore' });
  return { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') };
}
