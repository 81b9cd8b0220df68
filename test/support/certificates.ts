/** Certificates for one test run, made with openssl: an authority of our own and what it signs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  /** As `issue`, valid from one day to another (ms since 1970). */
  issueFrom(names: readonly string[], from: number, to: number): Identity {
    const { key } = this.issue(names);
    const csr = `${this.#made}.csr`;
    const cert = `${this.#made}.crt`;
    writeFileSync(join(this.#folder, 'index.txt'), '');
    writeFileSync(join(this.#folder, 'ca.cnf'), CA_CONFIG);
    const signed = ['-batch', '-config', 'ca.cnf', '-cert', 'ca.crt', '-keyfile', 'ca.key'];
    const dates = ['-startdate', asn1Time(from), '-enddate', asn1Time(to)];
    this.#run(['ca', ...signed, ...dates, '-notext', '-in', csr, '-out', cert]);
    return { cert: this.#read(cert), key };
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

const CA_CONFIG = `[ca]
default_ca = this
[this]
database = index.txt
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
rand_serial = yes
[any]
commonName = supplied
`;

function asn1Time(at: number): string {
  return new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '');
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
