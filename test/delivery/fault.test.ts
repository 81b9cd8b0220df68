/** What an attempt ended in, as it is counted: a closed set of words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptWord, faultOf } from '../../src/delivery/fault.ts';
import { type Answer, outcomeOf } from '../../src/delivery/outcome.ts';
import { AddressRefused, ProxyTrouble } from '../../src/dial.ts';

function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

const PROXY = new URL('http://proxy.example:3128');

const FAULTS: readonly (readonly [error: Error, fault: string])[] = [
  [coded('ENOTFOUND'), 'dns'],
  [coded('EAI_AGAIN'), 'dns'],
  [coded('ECONNREFUSED'), 'connect'],
  [coded('ECONNRESET'), 'connect'],
  [coded('EHOSTUNREACH'), 'connect'],
  [coded('UND_ERR_SOCKET'), 'connect'],
  [coded('HPE_INVALID_CONSTANT'), 'connect'],
  [coded('ETIMEDOUT'), 'timeout'],
  [coded('CERT_HAS_EXPIRED'), 'tls'],
  [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
  [coded('SELF_SIGNED_CERT_IN_CHAIN'), 'tls'],
  [coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls'],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
  [coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'tls'],
  [coded('EPROTO'), 'tls'],
  [new AddressRefused('169.254.169.254 is link-local'), 'blocked'],
  [new ProxyTrouble(PROXY, coded('ECONNREFUSED')), 'connect'],
  [new ProxyTrouble(PROXY, coded('ENOTFOUND')), 'dns'],
  [new AggregateError([coded('ENETUNREACH')]), 'connect'],
  [new Error('no connection', { cause: coded('ENOTFOUND') }), 'dns'],
  [new Error('no connection', { cause: new AddressRefused('no') }), 'blocked'],
  [new Error('whatever'), 'connect'],
];

for (const [error, fault] of FAULTS) {
  test(`${error.constructor.name} ${error.message} is ${fault}`, () => {
    assert.equal(faultOf(error), fault);
  });
}

const STATUSES: readonly (readonly [status: number, word: string])[] = [
  [200, 'ok'],
  [204, 'ok'],
  [299, 'ok'],
  [301, 'http_3xx'],
  [304, 'http_3xx'],
  [400, 'http_4xx'],
  [401, 'auth'],
  [403, 'auth'],
  [404, 'http_4xx'],
  [407, 'auth'],
  [408, 'http_4xx'],
  [410, 'http_4xx'],
  [429, 'throttled'],
  [500, 'http_5xx'],
  [503, 'http_5xx'],
  [599, 'http_5xx'],
];

function wordFor(answer: Answer, rules?: Parameters<typeof outcomeOf>[1]): string {
  const outcome = outcomeOf(answer, rules);
  assert.ok(outcome.kind !== 'cut');
  return attemptWord(outcome);
}

for (const [status, word] of STATUSES) {
  test(`a ${status} is ${word}`, () => {
    assert.equal(wordFor({ kind: 'answered', status, ms: 1 }), word);
  });
}

test('what a route makes of a status changes nothing', () => {
  assert.equal(wordFor({ kind: 'answered', status: 503, ms: 1 }, { event: [503] }), 'http_5xx');
  assert.equal(wordFor({ kind: 'answered', status: 404, ms: 1 }, { route: [404] }), 'http_4xx');
});

test('where no status came, the fault is said', () => {
  assert.equal(wordFor({ kind: 'unreachable', why: '', ms: 1, fault: 'blocked' }), 'blocked');
  assert.equal(
    wordFor({ kind: 'unanswered', why: '', ms: 1, timedOut: true, fault: 'timeout' }),
    'timeout',
  );
  assert.equal(wordFor({ kind: 'unanswered', why: '', ms: 1, timedOut: false }), 'connect');
});
