import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkWords } from '../../src/delivery/network-words.ts';

function withCode(code: string): Error {
  return Object.assign(new Error('to https://user:SECRET@host/SECRET?SECRET'), { code });
}

const CASES: readonly (readonly [error: Error, words: string])[] = [
  [withCode('ECONNREFUSED'), 'connection refused (ECONNREFUSED)'],
  [withCode('CERT_HAS_EXPIRED'), 'certificate has expired (CERT_HAS_EXPIRED)'],
  [withCode('HPE_INVALID_CONSTANT'), 'the answer is not HTTP (HPE_INVALID_CONSTANT)'],
  [withCode('ERR_SSL_NO_CIPHER_MATCH'), 'TLS failed (ERR_SSL_NO_CIPHER_MATCH)'],
  [withCode('ESOMETHING'), 'ESOMETHING'],
  [new Error('x', { cause: withCode('ENOTFOUND') }), 'host name not found (ENOTFOUND)'],
  [new AggregateError([withCode('ENETUNREACH')]), 'network unreachable (ENETUNREACH)'],
  [new AggregateError([]), 'failed (AggregateError)'],
  [Object.assign(new Error('SECRET'), { name: 'HTTPParserError' }), 'the answer is not HTTP'],
  [new TypeError('SECRET'), 'failed (TypeError)'],
];

for (const [error, words] of CASES) {
  test(`says "${words}" and repeats no message`, () => {
    assert.equal(networkWords(error), words);
  });
}
