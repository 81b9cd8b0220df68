/** Certificates for one test run, made with openssl: an authority of our own and what it signs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requireTool } from './tools.ts';

export interface Identity {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Authority {
  readonly #folder: string;
  /** Its own certificate, PEM. */
  readonly cert: string;
  #made = 0;

  constructor(name = 'Test CA') {
    requireTool('openssl', 'openssl');
    this.#folder = mkdtempSync(join(tmpdir(), 'loghook-ca-'));
    this.#run([
      'req',
      '-x509',
      ...EC,
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-subj',
      `/CN=${name}`,
    ]);
    this.cert = this.#read('ca.crt');
  }

  /** A certificate for `names` (`DNS:…`, `IP:…`) that ends in `days`. */
  issue(names: readonly string[], days = 30): Identity {
    this.#made += 1;
    const [key, csr, cert] = ['key', 'csr', 'crt'].map((end) => `${this.#made}.${end}`);
    if (key === undefined || csr === undefined || cert === undefined) throw new Error('no names');
    const alternatives = ['-addext', `subjectAltName=${names.join(',')}`];
    this.#run(['req', ...EC, '-keyout', key, '-out', csr, '-subj', '/CN=x', ...alternatives]);
    const signed = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days)];
    this.#run(['x509', '-req', '-in', csr, '-out', cert, ...signed, '-copy_extensions', 'copy']);
    return { cert: this.#read(cert), key: this.#read(key) };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #run(args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.#folder, stdio: 'ignore' });
  }

  #read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }
}

/** Signed by nobody but itself. */
export function selfSigned(names: readonly string[]): Identity {
  requireTool('openssl', 'openssl');
  const folder = mkdtempSync(join(tmpdir(), 'loghook-ca-'));
  const args = ['req', '-x509', ...EC, '-keyout', 'key', '-out', 'crt', '-subj', '/CN=x'];
  try {
    execFileSync('openssl', [...args, '-addext', `subjectAltName=${names.join(',')}`], {
      cwd: folder,
      stdio: 'ignore',
    });
    const read = (name: string) => readFileSync(join(folder, name), 'utf8');
    return { cert: read('crt'), key: read('key') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
