import assert from 'node:assert/strict';
import { createPublicKey, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { parsePrivateKey } from '../../../src/config/identity/private-key.ts';
import { ecKey, edKey, jwkOf, marksOf, pemOf, rsaKey } from '../../support/keys.ts';

const RSA = rsaKey();
const EC = ecKey();
const lines = (text: string, end: string) => text.trimEnd().replaceAll('\n', end);

const GOOD: readonly (readonly [what: string, text: string, key: KeyObject, kind: string])[] = [
  ['RSA, PKCS#8', pemOf(RSA), RSA, 'RSA 2048'],
  ['RSA, PKCS#1', pemOf(RSA, 'pkcs1'), RSA, 'RSA 2048'],
  ['RSA, JWK', JSON.stringify(jwkOf(RSA)), RSA, 'RSA 2048'],
  ['EC, PKCS#8', pemOf(EC), EC, 'EC P-256'],
  ['EC, SEC1', pemOf(EC, 'sec1'), EC, 'EC P-256'],
  ['EC P-384', pemOf(ecKey('P-384')), ecKey('P-384'), 'EC P-384'],
  ['EC P-521, JWK', JSON.stringify(jwkOf(ecKey('P-521'))), ecKey('P-521'), 'EC P-521'],
  ['ends of lines as \\n', lines(pemOf(EC), '\\n'), EC, 'EC P-256'],
  ['ends of lines as \\r\\n', lines(pemOf(EC), '\\r\\n'), EC, 'EC P-256'],
  ['ends of lines as CR LF', lines(pemOf(EC), '\r\n'), EC, 'EC P-256'],
  ['ends of lines as \\\\n', lines(pemOf(EC), '\\\\n'), EC, 'EC P-256'],
  ['all on one line', lines(pemOf(RSA), ' '), RSA, 'RSA 2048'],
  ['in quotes', `"${lines(pemOf(EC), '\\n')}"`, EC, 'EC P-256'],
  ['with its certificate and parameters', withOthers(pemOf(EC, 'sec1')), EC, 'EC P-256'],
  ['a pretty JWK with \\n', lines(JSON.stringify(jwkOf(EC), null, 1), '\\n'), EC, 'EC P-256'],
  ['a JWKS', JSON.stringify({ keys: [publicJwk(RSA), jwkOf(EC)] }), EC, 'EC P-256'],
];

function withOthers(pem: string): string {
  const parameters =
    '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  return `${parameters}${pem}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`;
}

function publicJwk(key: KeyObject) {
  return createPublicKey(key).export({ format: 'jwk' });
}

for (const [what, text, key, kind] of GOOD) {
  test(`reads a private key: ${what}`, () => {
    const read = parsePrivateKey(text);

    assert.ok(!('error' in read), JSON.stringify(read));
    assert.equal(read.kind, kind);
    assert.ok(read.key.equals(key));
    assert.equal(read.keyId, undefined);
  });
}

test('takes the key id that a JWK names, alone or in a set', () => {
  const jwk = jwkOf(EC, { kid: 'of-the-key' });

  for (const written of [jwk, { keys: [jwk] }]) {
    const read = parsePrivateKey(JSON.stringify(written));
    assert.equal('keyId' in read && read.keyId, 'of-the-key');
  }
});

const PUBLIC = String(createPublicKey(RSA).export({ format: 'pem', type: 'spki' }));
const ENCRYPTED = String(
  EC.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }),
);
const OLD_ENCRYPTED = String(
  RSA.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-256-cbc', passphrase: 'x' }),
);

const BAD: readonly (readonly [what: string, text: string, error: RegExp, hint: RegExp])[] = [
  ['encrypted', ENCRYPTED, /^is encrypted, and/, /openssl pkey -in/],
  ['encrypted, PKCS#1', OLD_ENCRYPTED, /^is encrypted, and/, /openssl pkey -in/],
  ['public', PUBLIC, /^is a public key, not the private one$/, /shown once/],
  ['public JWK', JSON.stringify(publicJwk(EC)), /^is a JWK without "d"/, /shown once/],
  ['public JWKS', JSON.stringify({ keys: [publicJwk(EC)] }), /without "d"/, /shown once/],
  ['certificate', block('CERTIFICATE'), /^is a certificate, not a key$/, /shown once/],
  ['request', block('CERTIFICATE REQUEST'), /^is a certificate request/, /shown once/],
  ['OpenSSH', block('OPENSSH PRIVATE KEY'), /format of OpenSSH$/, /ssh-keygen -p -m PEM/],
  ['DSA', block('DSA PRIVATE KEY'), /^is a DSA key/, /P-256, P-384, P-521/],
  ['RSA 1024', pemOf(rsaKey(1_024)), /^is an RSA key of 1024 bits, which is too/, /2048/],
  ['Ed25519', pemOf(edKey()), /^is a key of the type ed25519, which/, /P-256/],
  ['Ed25519 JWK', JSON.stringify(jwkOf(edKey())), /another type than RSA and EC$/, /P-256/],
  ['secp256k1', pemOf(ecKey('secp256k1')), /^is a key of the type EC secp256k1/, /P-256/],
  ['two keys', pemOf(EC) + pemOf(RSA), /^holds several private keys$/, /leave the one/],
  ['two JWKs', JSON.stringify({ keys: [jwkOf(EC), jwkOf(RSA)] }), /^holds several/, /leave/],
  ['cut short', pemOf(RSA).slice(0, 400), /^ends before its line -----END/, /in \.env.* quotes/],
  ['a middle gone', pemOf(RSA).replace(/\n.{64}\n/, '\n'), /^is damaged/, /first line to the last/],
  ['a letter gone', pemOf(RSA).replace('MII', 'MI'), /^is damaged/, /copy it again/],
  ['JWK without y', JSON.stringify({ ...jwkOf(EC), y: undefined }), /without y$/, /copy/],
  ['JWK without primes', JSON.stringify(onlyD()), /without p, q, dp, dq, qi$/, /copy/],
  ['cut JWK', JSON.stringify(jwkOf(EC)).slice(0, -9), /begins like a JWK, and is not JSON/, /\{/],
  ['other JSON', '{"a":1}', /^is JSON, and no JWK/, /shown once/],
  ['no key at all', 'hello', /^is neither PEM .* nor a JWK/, /shown once/],
  ['base64 of it', Buffer.from(pemOf(EC)).toString('base64'), /^is base64 without/, /base64 -d/],
  ['its base64', pemOf(EC).split('\n').slice(1, -2).join(''), /^is base64 without/, /both lines/],
];

function block(label: string): string {
  return `-----BEGIN ${label}-----\n${pemOf(EC).split('\n').slice(1, -2).join('\n')}\n-----END ${label}-----\n`;
}

function onlyD() {
  const { kty, n, e, d } = jwkOf(RSA);
  return { kty, n, e, d };
}

for (const [what, text, error, hint] of BAD) {
  test(`says what is wrong with a key and repeats none of it: ${what}`, () => {
    const read = parsePrivateKey(text);

    assert.ok('error' in read);
    assert.match(read.error, error);
    assert.match(read.hint, hint);
    for (const mark of [...marksOf(EC), ...marksOf(RSA)]) {
      assert.ok(!JSON.stringify(read).includes(mark), mark);
    }
  });
}
