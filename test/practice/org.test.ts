import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventOf, get, nextOf, selfOf } from './client.ts';

const samples = new URL('../../../test/data/okta-events.ndjson', import.meta.url);

async function openOrg(
  t: { after(hook: () => Promise<void>): void },
  options: PracticeOrgOptions = {},
): Promise<{ org: PracticeOrg; clock: FakeClock }> {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, ...options });
  t.after(() => org.close());
  return { org, clock };
}

test('joins a page from the bytes that were added, in whatever form they are', async (t) => {
  const { org } = await openOrg(t);
  const lines = readFileSync(samples, 'utf8').trimEnd().split('\n');
  for (const line of lines) org.add(Buffer.from(line));
  org.add('{ "uuid" : "x", "n": 39.0, "e": 1e21, "s": "\\u0026\\ud800" }');

  const got = await get(org, '?limit=1000');

  const expected = `[${[...lines, '{ "uuid" : "x", "n": 39.0, "e": 1e21, "s": "\\u0026\\ud800" }'].join(',')}]`;
  assert.equal(lines.length, 57);
  assert.equal(got.body.toString(), expected);
});

test('compresses for a client that accepts gzip, and only for it', async (t) => {
  const { org, clock } = await openOrg(t);
  for (let n = 0; n < 20; n += 1) org.add(eventOf(`u${n}`, clock.now()));

  const plain = await get(org);
  const refused = await get(org, '', { headers: { 'accept-encoding': 'gzip;q=0, br' } });
  const zipped = await get(org, '', { headers: { 'accept-encoding': 'br, gzip;q=0.5' } });
  const zippedAgain = await get(org, '?limit=20', { headers: { 'accept-encoding': '*' } });

  assert.equal(plain.message.headers['content-encoding'], undefined);
  assert.equal(refused.message.headers['content-encoding'], undefined);
  assert.equal(zipped.message.headers['content-encoding'], 'gzip');
  assert.equal(zipped.message.headers.vary, 'Accept-Encoding');
  assert.deepEqual(gunzipSync(zipped.body), plain.body);
  assert.deepEqual(gunzipSync(zippedAgain.body), plain.body);
});

test('puts the headers of Okta on every answer, dated by its own clock', async (t) => {
  const { org, clock } = await openOrg(t);

  const answers = [
    await get(org),
    await get(org, '?limit=0'),
    await get(org, '', { headers: { authorization: 'SSWS wrong' } }),
    await get(org, `${org.url}/api/v1/users`),
  ];

  for (const { message } of answers) {
    assert.equal(message.headers.date, new Date(clock.now()).toUTCString());
    assert.equal(message.headers['content-type'], 'application/json');
    assert.match(String(message.headers['x-okta-request-id']), /^[\w-]{20,}$/);
    assert.equal(message.headers['x-rate-limit-limit'], '120');
    assert.match(String(message.headers['x-rate-limit-remaining']), /^\d+$/);
    assert.match(String(message.headers['x-rate-limit-reset']), /^\d{10}$/);
  }
  const requestIds = answers.map(({ message }) => message.headers['x-okta-request-id']);
  assert.equal(new Set(requestIds).size, answers.length);
});

const REFUSED: readonly (readonly [query: string, status: number, code: string, why: string])[] = [
  ['?limit=0', 400, 'E0000001', 'limit below 1'],
  ['?limit=1001', 400, 'E0000001', 'limit above 1000'],
  ['?limit=ten', 400, 'E0000001', 'limit is no number'],
  ['?limit=1.5', 400, 'E0000001', 'limit is no whole number'],
  ['?since=yesterday', 400, 'E0000001', 'since is no date'],
  ['?since=2026-11-21', 400, 'E0000001', 'a day is no instant'],
  ['?since=2026-11-20T00:00:00+02:00', 400, 'E0000001', 'a plus that was not encoded is a space'],
  ['?since=2026-02-30T00:00:00.000Z', 400, 'E0000001', 'a day that does not exist'],
  ['?since=2026-05-01T00:00:00.000Z', 400, 'E0000053', 'since is over 180 days ago'],
  ['?until=soon', 400, 'E0000001', 'until is no date'],
  [
    '?since=2026-11-20T00:00:00Z&until=2026-11-19T00:00:00Z',
    400,
    'E0000001',
    'until is before since',
  ],
  ['?after=nonsense', 400, 'E0000001', 'after is no cursor'],
  ['?after=1795248000000_77', 400, 'E0000001', 'after is nobody’s cursor'],
  ['?sortOrder=UP', 400, 'E0000001', 'sortOrder is none'],
  ['?sortOrder=DESCENDING', 400, 'E0000001', 'a descending read without an end'],
  ['?filter=eventType', 400, 'E0000031', 'the filter is no expression'],
  ['?filter=published+gt+%222026%22', 400, 'E0000031', 'published is not for filters'],
  [`?q=${'x'.repeat(41)}`, 400, 'E0000001', 'a keyword over 40 characters'],
];

for (const [query, status, code, why] of REFUSED) {
  test(`refuses ${query.slice(0, 60)}: ${why}`, async (t) => {
    const { org } = await openOrg(t);

    const got = await get(org, query);

    assert.deepEqual([got.status, got.errorCode()], [status, code]);
    assert.deepEqual(got.links, []);
  });
}

test('accepts the ends of every range', async (t) => {
  const { org, clock } = await openOrg(t);
  const oldest = new Date(clock.now() - 180 * 86_400_000).toISOString();
  const queries = [
    '?limit=1',
    '?limit=1000',
    `?since=${oldest}`,
    '?since=2026-11-20T00:00:00%2B02:00',
    '?until=', // empty counts as absent
    `?q=${'x'.repeat(40)}`,
  ];

  const statuses = await Promise.all(queries.map(async (query) => (await get(org, query)).status));

  assert.deepEqual(
    statuses,
    queries.map(() => 200),
  );
});

test('answers errors in an envelope', async (t) => {
  const { org } = await openOrg(t);

  const got = await get(org, '?limit=0');

  const envelope = JSON.parse(got.body.toString());
  assert.deepEqual(Object.keys(envelope).sort(), [
    'errorCauses',
    'errorCode',
    'errorId',
    'errorLink',
    'errorSummary',
  ]);
  assert.equal(envelope.errorLink, 'E0000001');
  assert.match(envelope.errorSummary, /limit/);
  assert.match(envelope.errorCauses[0].errorSummary, /limit/);
});

test('answers 401 without its token, 404 elsewhere, 405 to anything but GET', async (t) => {
  const { org } = await openOrg(t, { token: 'marked-token' });

  const bearer = await get(org, '', { headers: { authorization: 'Bearer marked-token' } });
  const wrong = await get(org, '', { headers: { authorization: 'SSWS practice-token' } });
  const right = await get(org);
  const elsewhere = await get(org, `${org.url}/api/v1/logs/`);
  const post = await get(org, '', { method: 'POST' });

  assert.deepEqual([bearer.status, bearer.errorCode()], [401, 'E0000011']);
  assert.deepEqual([wrong.status, wrong.errorCode()], [401, 'E0000011']);
  assert.equal(right.status, 200);
  assert.deepEqual([elsewhere.status, elsewhere.errorCode()], [404, 'E0000007']);
  assert.deepEqual([post.status, post.errorCode()], [405, 'E0000022']);
});

test('sends self and next as two header lines, or as one when asked to', async (t) => {
  const { org } = await openOrg(t);
  const { org: joining } = await openOrg(t, { joinLinks: true });

  const two = await get(org);
  const one = await get(joining);

  assert.equal(two.links.length, 2);
  assert.match(two.links[0] ?? '', /^<http[^>]+>; rel="self"$/);
  assert.match(two.links[1] ?? '', /^<http[^>]+>; rel="next"$/);
  assert.equal(one.links.length, 1);
  assert.match(one.links[0] ?? '', /^<[^>]+>; rel="self", <[^>]+>; rel="next"$/);
});

test('names itself in links as the client named it, if that is a loopback name', async (t) => {
  const { org } = await openOrg(t);
  const port = new URL(org.url).port;

  const local = await get(org, '', { headers: { host: `localhost:${port}` } });
  const foreign = await get(org, '', { headers: { host: 'evil.example.com' } });

  assert.equal(selfOf(local), `http://localhost:${port}/api/v1/logs`);
  assert.equal(nextOf(foreign), `${org.url}/api/v1/logs`);
});

test('remembers requests, but never what stood in their Authorization', async (t) => {
  const { org, clock } = await openOrg(t, { token: 'marked-token' });

  await get(org, '?limit=5', { headers: { 'user-agent': 'loghook/1', 'accept-encoding': 'gzip' } });
  await get(org, '?limit=0');

  assert.deepEqual(org.requests[0], {
    method: 'GET',
    url: '/api/v1/logs?limit=5',
    authorization: true,
    userAgent: 'loghook/1',
    acceptEncoding: 'gzip',
    at: clock.now(),
    status: 200,
    fault: undefined,
  });
  assert.equal(org.requests[1]?.status, 400);
  assert.equal(org.requestCount, 2);
  assert.doesNotMatch(JSON.stringify(org.requests), /marked-token/);
  await org.waitForRequests(2);
});

test('cannot be opened on a port that is taken', async (t) => {
  const { org } = await openOrg(t);

  await assert.rejects(PracticeOrg.open({ port: Number(new URL(org.url).port) }), {
    code: 'EADDRINUSE',
  });
});

test('closes twice, and with a request in flight', async (t) => {
  const { org, clock } = await openOrg(t);
  org.fail({ kind: 'slow', ms: 60_000 });
  const pending = get(org);
  await clock.untilSomethingWaits();

  await Promise.all([org.close(), org.close(), assert.rejects(pending)]);

  assert.equal(clock.nextTimerMs(), undefined);
});
