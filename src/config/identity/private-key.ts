/** A service app's private key as people paste it: PEM or JWK. What is wrong with it is said in words, none of them the key's. */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type Jwk, type KeyFault, privateJwkIn } from './jwk.ts';

export interface PrivateKey {
  readonly key: KeyObject;
  /** The `kid` that a JWK names. */
  readonly keyId?: string;
  /** `RSA 2048`, `EC P-256`. */
  readonly kind: string;
}

const WHERE_TO_FIND =
  'the private key is shown once, when it is made: Admin Console, Applications > the app > Public Keys';
const LEAST_RSA_BITS = 2_048;
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};
const WANTED = 'make an RSA key of 2048 bits or more, or an EC key (P-256, P-384, P-521)';
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/** The labels that are no private key loghook can read: why, and what to do. */
const OTHER_BLOCKS: readonly (readonly [label: RegExp, fault: KeyFault])[] = [
  [
    /^ENCRYPTED PRIVATE KEY$/,
    {
      error: 'is encrypted, and loghook asks for no passphrase',
      hint: 'write it without one, into a file that only loghook can read: openssl pkey -in KEY -out PLAIN-KEY',
    },
  ],
  [
    /^OPENSSH PRIVATE KEY$/,
    {
      error: 'is a key in the format of OpenSSH',
      hint: 'write it as PEM: ssh-keygen -p -m PEM -f KEY',
    },
  ],
  [/^DSA PRIVATE KEY$/, { error: 'is a DSA key, which Okta does not take', hint: WANTED }],
  [/PUBLIC KEY$/, { error: 'is a public key, not the private one', hint: WHERE_TO_FIND }],
  [
    /^(?:TRUSTED |X509 )?CERTIFICATE$/,
    { error: 'is a certificate, not a key', hint: WHERE_TO_FIND },
  ],
  [/CERTIFICATE REQUEST$/, { error: 'is a certificate request, not a key', hint: WHERE_TO_FIND }],
];
const DAMAGED: KeyFault = {
  error: 'is damaged: no key can be read from it',
  hint: 'copy it again, from the first line to the last',
};

const ENDS_EARLY: KeyFault = {
  error: 'ends before its line -----END … -----',
  hint: 'copy all of its lines; in .env they need quotes around them: OKTA_PRIVATE_KEY="-----BEGIN …"',
};
const BARE: KeyFault = {
  error: 'is base64 without the lines -----BEGIN … ----- and -----END … ----- around it',
  hint: 'copy the PEM with both lines; one that was encoded once more has to be decoded: base64 -d',
};

/** Line ends may be written as \n, or as blanks, as settings do that hold one line. */
export function parsePrivateKey(text: string): PrivateKey | KeyFault {
  const bare = text
    .trim()
    .replace(/^(["'])([\s\S]*)\1$/, '$2')
    .trim();
  if (bare.startsWith('{')) return fromJwk(bare);
  if (bare.includes('-----BEGIN')) return fromPem(bare.replaceAll(/(?:\\+r)?\\+n/g, '\n'));
  if (/^[A-Za-z0-9+/_\s-]{100,}={0,2}$/.test(bare)) return BARE;
  return { error: 'is neither PEM (-----BEGIN …) nor a JWK ({"kty": …})', hint: WHERE_TO_FIND };
}

function fromJwk(text: string): PrivateKey | KeyFault {
  const found = privateJwkIn(text, WHERE_TO_FIND);
  if ('error' in found) return found;
  const { jwk } = found;
  if (jwk.kty !== 'RSA' && jwk.kty !== 'EC') {
    return { error: 'is a JWK of another type than RSA and EC', hint: WANTED };
  }
  const read = keyOf(() => createPrivateKey({ key: jwk, format: 'jwk' }), missingIn(jwk));
  if ('error' in read || typeof jwk.kid !== 'string' || jwk.kid === '') return read;
  return { ...read, keyId: jwk.kid };
}

function missingIn(jwk: Jwk): KeyFault {
  const wanted = jwk.kty === 'RSA' ? ['n', 'e', 'p', 'q', 'dp', 'dq', 'qi'] : ['crv', 'x', 'y'];
  const missing = wanted.filter((name) => typeof jwk[name] !== 'string');
  if (missing.length === 0) return DAMAGED;
  return { ...DAMAGED, error: `is a JWK without ${missing.join(', ')}` };
}

function fromPem(text: string): PrivateKey | KeyFault {
  const blocks = [...text.matchAll(PEM_BLOCK)].map(([, label = '', body = '']) => ({
    label,
    body,
  }));
  const [first, ...others] = blocks.filter(({ label }) => /^(?:RSA |EC )?PRIVATE KEY$/.test(label));
  if (others.length > 0) {
    return { error: 'holds several private keys', hint: 'leave the one that the app has' };
  }
  if (blocks.length === 0 && !text.includes('-----END')) return ENDS_EARLY;
  if (first === undefined) return otherFault(blocks.map(({ label }) => label));
  const { label, body } = first;
  if (/ENCRYPTED/.test(body)) return otherFault(['ENCRYPTED PRIVATE KEY']);
  const pem = `-----BEGIN ${label}-----\n${body.replaceAll(/\s+/g, '')}\n-----END ${label}-----\n`;
  return keyOf(() => createPrivateKey(pem), DAMAGED);
}

function otherFault(labels: readonly string[]): KeyFault {
  const known = OTHER_BLOCKS.find(([pattern]) => labels.some((label) => pattern.test(label)));
  return known?.[1] ?? DAMAGED;
}

/** Nothing of what OpenSSL says is passed on. */
function keyOf(read: () => KeyObject, fault: KeyFault): PrivateKey | KeyFault {
  let key: KeyObject;
  try {
    key = read();
  } catch {
    return fault;
  }
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    if (modulusLength >= LEAST_RSA_BITS) return { key, kind: `RSA ${modulusLength}` };
    return { error: `is an RSA key of ${modulusLength} bits, which is too small`, hint: WANTED };
  }
  const curve = CURVES[namedCurve];
  if (key.asymmetricKeyType === 'ec' && curve !== undefined) return { key, kind: `EC ${curve}` };
  const type = namedCurve === '' ? key.asymmetricKeyType : `EC ${namedCurve}`;
  return { error: `is a key of the type ${type}, which Okta does not take`, hint: WANTED };
}
