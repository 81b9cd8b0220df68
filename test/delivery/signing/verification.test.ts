import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { signatureOf } from '../../../src/delivery/signing/signature.ts';
import { verify } from '../../../src/delivery/signing/verification.ts';

const KEY = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const NOW = 1_700_000_000_000;
const BODY: Buffer = Buffer.from('{"a": 1,\n "b":39.0}');

function sign(key: Buffer, body: Buffer = BODY, id = 'msg_1', timestamp = 1_700_000_000): string {
  return signatureOf(createSecretKey(key), { id, timestamp }, body).toString('base64');
}

interface Given {
  readonly id?: string | readonly string[] | undefined;
  readonly timestamp?: string | undefined;
  readonly signature?: string | undefined;
  readonly body?: Buffer;
  readonly toleranceMs?: number;
}

function look(given: Given) {
  const { body = BODY, toleranceMs = 300_000, ...rest } = given;
  const { id, timestamp, signature } = {
    ...{ id: 'msg_1', timestamp: '1700000000', signature: `v1,${sign(KEY)}` },
    ...rest,
  };
  const headers = new Map<string, readonly string[]>();
  if (id !== undefined) headers.set('webhook-id', typeof id === 'string' ? [id] : id);
  if (timestamp !== undefined) headers.set('webhook-timestamp', [timestamp]);
  if (signature !== undefined) headers.set('webhook-signature', [signature]);
  return verify({ headers, body }, { keys: [KEY, OTHER], toleranceMs, now: NOW });
}

const at = (timestamp: number): Given => ({
  timestamp: String(timestamp),
  signature: `v1,${sign(KEY, BODY, 'msg_1', timestamp)}`,
});

const VALID: readonly (readonly [what: string, given: Given])[] = [
  ['as it is', {}],
  ['by the other secret', { signature: `v1,${sign(OTHER)}` }],
  ['by one of two', { signature: `v1,${sign(Buffer.alloc(32, 9))} v1,${sign(KEY)}` }],
  [
    'beside a version that is not known',
    { signature: `v2,abc v1a,${sign(OTHER)} v1,${sign(KEY)}` },
  ],
  ['exactly five minutes ago', at(1_699_999_700)],
  ['exactly five minutes ahead', at(1_700_000_300)],
];
for (const [what, given] of VALID) {
  test(`valid, signed ${what}`, () => {
    const found = look(given);

    assert.deepEqual('faults' in found ? found.faults : [], []);
  });
}

const signed = (body: Buffer | string): string => `v1,${sign(KEY, Buffer.from(body))}`;
const WRONG: readonly (readonly [given: Given, faults: readonly RegExp[]])[] = [
  [{ id: undefined }, [/^webhook-id: the header is missing/]],
  [
    { id: undefined, signature: undefined },
    [/^webhook-id: .*missing/, /^webhook-signature: .*missing/],
  ],
  [{ id: ' ' }, [/^webhook-id: the header is empty/]],
  [{ id: ['msg_1', 'msg_2'] }, [/^webhook-id: the header is there 2 times/]],
  [{ id: 'msg 1' }, [/^webhook-id: it holds white space/]],
  [{ timestamp: '1700000000000' }, [/^webhook-timestamp: .*not a whole number.*milliseconds/]],
  [{ timestamp: '2023-11-14' }, [/^webhook-timestamp: .*not a whole number/]],
  [at(1_699_999_699), [/^webhook-timestamp: it was signed 5m1s ago; 5m is allowed/]],
  [at(1_700_000_301), [/^webhook-timestamp: it lies 5m1s in the future/]],
  [{ signature: `v2,${sign(KEY)} v1a,x` }, [/there is no v1 signature, only v2, v1a/]],
  [{ signature: sign(KEY) }, [/there is no v1, in front of the signature/]],
  [{ signature: `v1,${sign(KEY).slice(0, -4)}` }, [/was cut short: 40 characters, not 44/]],
  [{ signature: `v1,${sign(KEY)}x` }, [/is too long: 45 characters/]],
  [
    { signature: `v1,${sign(Buffer.alloc(32, 9))}` },
    [/does not match: the body, the id, .* byte for byte/],
  ],
  [{ id: 'msg_2' }, [/does not match/]],
  [{ body: Buffer.from(`${BODY}\n`) }, [/the body: it matches without the line end/]],
  [{ body: Buffer.from('x'), signature: signed('x\n') }, [/the body: it matches with a line end/]],
  [{ body: Buffer.from('a\r\nb'), signature: signed('a\nb') }, [/with \\n where \\r\\n is/]],
  [{ body: Buffer.from('\ufeff{}'), signature: signed('{}') }, [/without the byte order mark/]],
  [{ body: Buffer.from('{ "a": 1 }'), signature: signed('{"a":1}') }, [/parsed and printed again/]],
  [{ signature: signed('') }, [/when it is empty: it was read already/]],
  [
    { signature: `v1,${sign(Buffer.from(`whsec_${KEY.toString('base64')}`))}` },
    [/the secret: the sender signs with its text/],
  ],
  [
    { ...at(1_600_000_000), body: Buffer.from('other') },
    [/^webhook-timestamp: it was signed/, /^webhook-signature: it does not match/],
  ],
];
for (const [given, expected] of WRONG) {
  test(`not valid: ${expected.map(({ source }) => source).join(' and ')}`, () => {
    const found = look(given);

    assert.ok('faults' in found);
    const words = found.faults.map(({ part, error, hint }) => `${part}: ${error} ${hint ?? ''}`);
    assert.equal(words.length, expected.length, words.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(words[index] ?? '', pattern);
    const right = [sign(KEY), sign(KEY, given.body ?? BODY), KEY.toString('base64')];
    for (const secret of right) assert.ok(!words.join(' ').includes(secret));
  });
}
