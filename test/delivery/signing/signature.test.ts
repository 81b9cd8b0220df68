import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { fingerprintOf, newSecret, parseSecret } from '../../../src/delivery/signing/secret.ts';
import { Signer, signatureOf } from '../../../src/delivery/signing/signature.ts';
import { verifies } from '../../support/verifies.ts';

const K1 = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const K2 = 'whsec_bG9naG9vay10ZXN0LXNlY3JldC0zMi1ieXRlcy1vayE=';
const ID = 'f790999f-fe87-467a-9880-6982a583986c';
const BODY = Buffer.from(
  '{"uuid":"f790999f-fe87-467a-9880-6982a583986c","actor":{"displayName":"Zoë Ångström 🙂"},"n":12345678901234567890}',
);
const AT = 1_700_000_000_000;

function keyOf(secret: string): Buffer {
  const parsed = parseSecret(secret);
  assert.ok('key' in parsed, secret);
  return parsed.key;
}

function headersOf(signer: Signer, body: Buffer, at: number): Record<string, string> {
  const flat = signer.headers(ID, body, at);
  const pairs = flat.flatMap((name, n) => (n % 2 === 0 ? [[name, flat[n + 1]]] : []));
  return Object.fromEntries(pairs);
}

/** Standard Webhooks' own vector, one with text that JSON.parse would break, one without a body. */
const VECTORS = [
  {
    secret: K1,
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1_614_265_330,
    body: Buffer.from('{"test": 2432232314}'),
    signature: 'g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  {
    secret: K1,
    id: ID,
    timestamp: 1_700_000_000,
    body: BODY,
    signature: 'Ko4H6svTmStQIBYKI8zlW+AANw1Q84FE5W+woXZWlsw=',
  },
  {
    secret: K2,
    id: ID,
    timestamp: 1_700_000_000,
    body: BODY,
    signature: 'XXU9W595qsRc4VP0Hkterjnm3zDJvsvSr0J1g0QpRkU=',
  },
  {
    secret: K2,
    id: 'msg_1',
    timestamp: 1_700_000_000,
    body: Buffer.alloc(0),
    signature: 'uE8dboudR4f8/MrxO4lawwF7vE2T/ZsDOzQHcWcQONY=',
  },
];

for (const { secret, id, timestamp, body, signature } of VECTORS) {
  test(`signs ${id} with ${body.length} bytes as the specification says`, () => {
    const key = createSecretKey(keyOf(secret));

    assert.equal(signatureOf(key, { id, timestamp }, body).toString('base64'), signature);
  });
}

test('both secrets sign while the old one is in force, the first one first; receivers take either', () => {
  const signer = new Signer([{ key: keyOf(K1) }, { key: keyOf(K2), until: AT + 1 }]);

  const headers = headersOf(signer, BODY, AT);

  assert.deepEqual(headers, {
    'webhook-id': ID,
    'webhook-timestamp': '1700000000',
    'webhook-signature':
      'v1,Ko4H6svTmStQIBYKI8zlW+AANw1Q84FE5W+woXZWlsw= v1,XXU9W595qsRc4VP0Hkterjnm3zDJvsvSr0J1g0QpRkU=',
  });
  assert.ok(verifies({ headers, body: BODY }, K1, AT));
  assert.ok(verifies({ headers, body: BODY }, K2, AT));
  assert.ok(!verifies({ headers, body: Buffer.concat([BODY, Buffer.from(' ')]) }, K1, AT));
});

test('a secret whose time is over does not sign any more', () => {
  const signer = new Signer([{ key: keyOf(K1) }, { key: keyOf(K2), until: AT }]);

  const headers = headersOf(signer, BODY, AT);

  assert.equal(headers['webhook-signature'], 'v1,Ko4H6svTmStQIBYKI8zlW+AANw1Q84FE5W+woXZWlsw=');
  assert.ok(!verifies({ headers, body: BODY }, K2, AT));
});

test('a new secret is one that the other libraries take', () => {
  const secret = newSecret();
  const headers = headersOf(new Signer([{ key: keyOf(secret) }]), BODY, AT);

  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(secret, newSecret());
  assert.ok(verifies({ headers, body: BODY }, secret, AT));
});

test('a fingerprint is the same for the same bytes and short', () => {
  assert.equal(fingerprintOf(keyOf(K1)), fingerprintOf(keyOf(` ${K1}\n`)));
  assert.match(fingerprintOf(keyOf(K1)), /^[0-9a-f]{12}$/);
});

const base64 = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
const FAULTS: readonly (readonly [secret: string, error: RegExp])[] = [
  ['', /^it is empty$/],
  [' \n', /^it is empty$/],
  [K1.slice(6), /does not begin with whsec_/],
  [K1.toUpperCase(), /does not begin with whsec_/],
  [`"${K1}"`, /stands in quotes/],
  [`${K1.slice(0, 20)} ${K1.slice(20)}`, /white space inside/],
  [`whsk_${base64(32)}`, /begins with whsk_: half of an ed25519 key pair/],
  [`whpk_${base64(32)}`, /begins with whpk_/],
  ['whsec_', /behind whsec_ there is nothing/],
  [`whsec_ab-d${base64(24)}`, /character 3 is of the URL's base64/],
  [`whsec_abcd*${base64(24)}`, /character 5 is none of base64/],
  [`whsec_ab==${base64(24)}`, /an = before the end/],
  [K2.slice(0, -1), /the base64 is not whole/],
  [`whsec_${base64(31).slice(0, -2)}x=`, /does not end as it should/],
  [`whsec_${base64(23)}`, /holds 23 bytes, not 24 to 64/],
  [`whsec_${base64(65)}`, /holds 65 bytes/],
];
for (const [secret, expected] of FAULTS) {
  test(`says that of a secret: ${expected.source}`, () => {
    const parsed = parseSecret(secret);

    assert.ok('error' in parsed);
    assert.match(parsed.error, expected);
    const shown = `${parsed.error} ${parsed.hint}`;
    const tail = secret.trim().slice(6, 14);
    if (tail.length === 8) assert.ok(!shown.includes(tail), shown);
  });
}
