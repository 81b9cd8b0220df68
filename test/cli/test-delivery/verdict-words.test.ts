/** Each way an attempt can end, in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgementOf } from '../../../src/cli/test-delivery/verdict-words.ts';
import { type Answer, outcomeOf } from '../../../src/delivery/outcome.ts';
import type { RouteOptions } from '../../../src/routing/route.ts';
import { plainRoute } from '../../support/plain-route.ts';

function unreachable(why: string): Answer {
  return { kind: 'unreachable', why, ms: 1 };
}

function answered(status: number, retryAfterMs?: number): Answer {
  return { kind: 'answered', status, ms: 1, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

interface Row {
  readonly answer: Answer;
  readonly verdict: RegExp;
  readonly next: RegExp;
  readonly options?: RouteOptions;
}

const ROWS: readonly Row[] = [
  { answer: answered(204), verdict: /^delivered$/, next: /^$/ },
  {
    answer: answered(400),
    verdict: /tried again after 5 s, and be a dead letter after 5 tries in about 30 min/,
    next: /what the receiver says/,
  },
  { answer: answered(401), verdict: /after 20 tries in about 3 days.*held/, next: /key/ },
  { answer: answered(302), verdict: /not delivered/, next: /redirects to/ },
  { answer: answered(410), verdict: /^gone: .*hold the route until a person/, next: /new URL/ },
  { answer: answered(429), verdict: /slowed for a second or more/, next: /rate/ },
  { answer: answered(429, 90_000), verdict: /slowed for 90 s/, next: /rate/ },
  { answer: answered(503, 7_000), verdict: /not before 7 s/, next: /own log/ },
  {
    answer: answered(500),
    options: { retry: { delaysMs: [1_000, 2_000] } },
    verdict: /tried again after 1 s, and be a dead letter after 3 tries in about 3 s/,
    next: /own log/,
  },
  {
    answer: answered(500),
    options: { retry: { route: [500] } },
    verdict: /this route never holds 500 against an event/,
    next: /own log/,
  },
  {
    answer: answered(400),
    options: { order: { by: 'strict', laneOf: () => '' } },
    verdict: /; all events behind it would wait for it$/,
    next: /./,
  },
  {
    answer: unreachable('connection refused (ECONNREFUSED)'),
    verdict: /^not reached: two such attempts would hold the route/,
    next: /is the receiver running/,
  },
  {
    answer: unreachable('169.254.169.254 is never connected to (cloud metadata)'),
    verdict: /^blocked by the address rule, nothing was sent:/,
    next: /another host/,
  },
  {
    answer: unreachable('127.0.0.1 is refused (loopback): the route is publicOnly'),
    verdict: /^blocked by the address rule/,
    next: /publicOnly/,
  },
  {
    answer: unreachable('the proxy p.example:3128 wants other credentials (407)'),
    verdict: /^the proxy stood in the way:/,
    next: /HTTPS_PROXY/,
  },
  {
    answer: { kind: 'unanswered', why: 'no answer within 15 s', ms: 15_000, timedOut: true },
    verdict: /not delivered/,
    next: /answer first and work afterwards/,
  },
];

for (const { answer, verdict, next, options } of ROWS) {
  const what = answer.kind === 'answered' ? answer.status : JSON.stringify(answer);
  test(`says what becomes of ${what} ${JSON.stringify(options ?? {})}`, () => {
    const outcome = outcomeOf(answer, options?.retry);
    assert.ok(outcome.kind !== 'cut');

    const judgement = judgementOf(outcome, plainRoute('siem', ['.*'], options));

    assert.match(judgement.verdict, verdict);
    assert.match(judgement.next ?? '', next);
    assert.equal(judgement.delivered, outcome.kind === 'delivered');
  });
}
