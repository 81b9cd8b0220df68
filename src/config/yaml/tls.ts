/** Certificates and keys of a route: PEM text, or a file that holds it. All are looked at when the file is read; none is repeated. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import * as v from 'valibot';
import { codeOf } from '../../errors.ts';
import type { Tls } from '../../routing/route.ts';
import { decodeUtf8, readBytes } from '../text-file.ts';
import { isWrong, maybe, parsed, section, serverName, wrong } from './fields.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PEM_HINT = 'write a path, or the text from -----BEGIN to END----- behind a |';

/** A relative path is looked up in `folder`. */
export function tlsSection(folder: string) {
  return v.pipe(
    section({
      ca: maybe(
        pem(folder, certificates),
        'Whom to trust instead of the public authorities: PEM text, or a path.',
      ),
      cert: maybe(
        pem(folder, certificates),
        "loghook's own certificate, for receivers that ask: PEM text, or a path.",
      ),
      key: maybe(pem(folder, privateKey), 'The key of `cert`: PEM text, or a path. Not encrypted.'),
      servername: maybe(
        serverName,
        "The name to ask for and to find in the receiver's certificate.",
      ),
      insecure: maybe(
        v.boolean(),
        "True: the receiver's certificate is NOT checked. Said aloud at every start.",
      ),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const fault = pairFault(dataset.value);
      if (fault !== undefined) addIssue({ message: fault });
    }),
  );
}

function pairFault({ cert, key }: Tls): string | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (key === undefined) return 'there is a cert and no key\nadd the key that belongs to it';
  if (cert === undefined) return 'there is a key and no cert\nadd the cert that belongs to it';
  return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))
    ? undefined
    : 'key and cert do not belong together\nname the key that the certificate was made for';
}

type Made = ReturnType<typeof wrong> | string;

function pem(folder: string, check: (text: string) => Made) {
  return parsed<string>((written): Made => {
    const text = /-----BEGIN /.test(written) ? written : readPem(resolve(folder, written.trim()));
    return isWrong(text) ? text : check(text);
  });
}

function readPem(path: string): Made {
  const file = readBytes(path);
  if (file.kind === 'absent') return wrong('the file {} is not there', PEM_HINT);
  if (file.kind === 'folder') return wrong('the file {} is a folder', PEM_HINT);
  if (file.kind === 'unreadable') {
    return wrong(`the file {} cannot be read: ${file.message}`, file.hint ?? PEM_HINT);
  }
  return (
    decodeUtf8(file.bytes) ??
    wrong('the file {} is not text', 'turn it into PEM: openssl x509 -inform der')
  );
}

/** One certificate or several, as in a chain or a bundle. */
function certificates(text: string): Made {
  const found = text.match(CERTIFICATE) ?? [];
  if (found.length === 0) return wrong('{} holds no certificate', PEM_HINT);
  const broken = found.findIndex((one) => !isReadable(() => new X509Certificate(one)));
  return broken === -1
    ? text
    : wrong(`certificate ${broken + 1} cannot be read`, 'is it whole? openssl x509 -text');
}

function privateKey(text: string): Made {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    return wrong('{} holds no private key', PEM_HINT);
  if (/ENCRYPTED/.test(text)) {
    const hint = 'nobody is there to type a passphrase: openssl pkey -in old.pem -out new.pem';
    return wrong('the private key is encrypted', hint);
  }
  return isReadable(() => createPrivateKey(text))
    ? text
    : wrong('the private key cannot be read', 'is it whole? openssl pkey -check');
}

/** OpenSSL throws on what it cannot read; what it says may repeat some of it. */
function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (codeOf(error) === undefined && !(error instanceof Error)) throw error;
    return false;
  }
}
