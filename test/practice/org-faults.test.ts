import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Fault, PracticeOrg } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventOf, get, nextOf, selfOf } from './client.ts';

/** An org with three events on its first page of two. */
async function openOrg(t: {
  after(hook: () => Promise<void>): void;
}): Promise<{ org: PracticeOrg; clock: FakeClock }> {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock });
  t.after(() => org.close());
  for (const uuid of ['a', 'b', 'c']) org.add(eventOf(uuid, clock.now()));
  return { org, clock };
}

const STATUSES: readonly (readonly [status: number, code: string])[] = [
  [400, 'E0000001'],
  [401, 'E0000011'],
  [403, 'E0000006'],
  [404, 'E0000007'],
  [429, 'E0000047'],
  [500, 'E0000009'],
  [502, 'E0000009'],
  [503, 'E0000010'],
];

for (const [status, code] of STATUSES) {
  test(`status ${status}: answers it once, in an envelope of ${code}`, async (t) => {
    const { org } = await openOrg(t);
    org.fail({ kind: 'status', status });

    const [bad, good] = [await get(org), await get(org)];

    assert.deepEqual([bad.status, bad.errorCode()], [status, code]);
    assert.equal(good.status, 200);
    assert.deepEqual(
      org.requests.map((request) => [request.status, request.fault]),
      [
        [status, 'status'],
        [200, undefined],
      ],
    );
  });
}

test('status: takes another code and other headers, a redirect or an own rate limit among them', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'status', status: 500, errorCode: 'E0000053' });
  org.fail({ kind: 'status', status: 302, headers: { Location: 'https://evil.example.com/' } });
  org.fail({ kind: 'status', status: 429, headers: { 'X-Rate-Limit-Reset': '1, 2' } });
  org.fail({ kind: 'status', status: 429 });

  const answers = [await get(org), await get(org), await get(org), await get(org)];

  const [fiveHundred, redirect, doubled, tooMany] = answers;
  assert.equal(fiveHundred?.errorCode(), 'E0000053');
  assert.equal(redirect?.message.headers.location, 'https://evil.example.com/');
  assert.equal(doubled?.message.headers['x-rate-limit-reset'], '1, 2');
  assert.equal(tooMany?.message.headers['x-rate-limit-remaining'], '0');
});

test('status 204: has no body', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'status', status: 204 });

  const got = await get(org);

  assert.deepEqual([got.status, got.body.length], [204, 0]);
});

test('reset: cuts the connection before any answer', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'reset' });

  await assert.rejects(get(org), { code: 'ECONNRESET' });

  assert.equal(org.requests[0]?.status, undefined);
  assert.equal(org.requests[0]?.fault, 'reset');
});

for (const afterBytes of [0, 1, 40]) {
  test(`truncate: promises the whole body and ends after ${afterBytes} bytes`, async (t) => {
    const { org } = await openOrg(t);
    const whole = (await get(org)).body;
    org.fail({ kind: 'truncate', afterBytes });

    const [head, ...body] = (await rawExchange(org)).split('\r\n\r\n');

    assert.match(head ?? '', new RegExp(`content-length: ${whole.length}\\b`));
    assert.equal(body.join('\r\n\r\n'), whole.subarray(0, afterBytes).toString());
  });
}

test('truncate: is an error to an HTTP client, compressed or not', async (t) => {
  const { org } = await openOrg(t);
  for (let n = 0; n < 50; n += 1) org.add(eventOf(`more-${n}`));
  org.fail({ kind: 'truncate', afterBytes: 30 }, 2);

  await assert.rejects(get(org), { code: 'ECONNRESET' });
  await assert.rejects(get(org, '', { headers: { 'accept-encoding': 'gzip' } }), {
    code: 'ECONNRESET',
  });
});

test('cut-json: is a complete answer whose JSON stops', async (t) => {
  const { org } = await openOrg(t);
  for (let n = 0; n < 50; n += 1) org.add(eventOf(`more-${n}`));
  const page = '?limit=50'; // a full page: those are kept compressed
  const whole = (await get(org, page)).body;
  org.fail({ kind: 'cut-json', afterBytes: 1000 }, 2);

  const plain = await get(org, page);
  const zipped = await get(org, page, { headers: { 'accept-encoding': 'gzip' } });
  const later = await get(org, page, { headers: { 'accept-encoding': 'gzip' } });

  assert.deepEqual(plain.body, whole.subarray(0, 1000));
  assert.deepEqual(gunzipSync(zipped.body), whole.subarray(0, 1000));
  assert.deepEqual(gunzipSync(later.body), whole);
  assert.ok(nextOf(plain));
});

test('hang: never answers, until the org is closed', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'hang' });

  const pending = get(org);
  await org.waitForRequests(1);
  const rejected = assert.rejects(pending, { code: 'ECONNRESET' });
  await org.close();

  await rejected;
});

test('hang afterBytes: sends the head and a part of the body, then nothing', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'hang', afterBytes: 10 });

  const socket = connect(Number(new URL(org.url).port), '127.0.0.1');
  socket.write(requestText(org));
  const seen = await new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      if (/\r\n\r\n.{10}$/s.test(text)) resolve(text);
    });
  });
  socket.destroy();

  assert.match(seen, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\[\{"uuid":"$/s);
});

test('html: answers 200 with a web page', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'html' });

  const got = await get(org);

  assert.equal(got.status, 200);
  assert.match(String(got.message.headers['content-type']), /^text\/html/);
  assert.match(got.body.toString(), /^<!DOCTYPE html>/);
  assert.deepEqual(got.links, []);
});

test('slow: gives the right answer, late', async (t) => {
  const { org, clock } = await openOrg(t);
  org.fail({ kind: 'slow', ms: 25_000 });
  let answered = false;

  const pending = get(org).finally(() => {
    answered = true;
  });
  await clock.untilSomethingWaits();
  await clock.advance(24_999);
  const early = answered;
  await clock.advance(1);

  assert.equal(early, false);
  assert.deepEqual((await pending).uuids(), ['a', 'b', 'c']);
});

test('stale-link: refuses the next request that carries a cursor, and lets others pass', async (t) => {
  const { org } = await openOrg(t);
  const link = nextOf(await get(org, '?limit=2')) ?? '';
  org.fail({ kind: 'stale-link' });

  const [without, stale, again] = [await get(org), await get(org, link), await get(org, link)];

  assert.equal(without.status, 200);
  assert.deepEqual([stale.status, stale.errorCode(), stale.links], [400, 'E0000001', []]);
  assert.deepEqual(again.uuids(), ['c']);
});

test('foreign-link: sends the right page with a next link to elsewhere', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'foreign-link', url: 'https://evil.example.com/api/v1/logs?after=1_1' });

  const got = await get(org);

  assert.deepEqual(got.uuids(), ['a', 'b', 'c']);
  assert.equal(nextOf(got), 'https://evil.example.com/api/v1/logs?after=1_1');
  assert.equal(selfOf(got), `${org.url}/api/v1/logs`);
});

test('no-link: sends the right page without links', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'no-link' });

  const got = await get(org);

  assert.deepEqual([got.uuids(), got.links], [['a', 'b', 'c'], []]);
});

test('body: sends other bytes with the right links', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'body', body: Buffer.from('{"an":"object"}') });
  org.fail({ kind: 'body', body: Buffer.from([0xff, 0xfe]), contentType: 'text/plain' });

  const [json, bytes] = [await get(org), await get(org)];

  assert.equal(json.body.toString(), '{"an":"object"}');
  assert.equal(json.message.headers['content-type'], 'application/json');
  assert.ok(nextOf(json));
  assert.deepEqual([...bytes.body], [0xff, 0xfe]);
  assert.equal(bytes.message.headers['content-type'], 'text/plain');
});

test('serves faults in the order in which they were asked for, each its number of times', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'status', status: 500 }, 2);
  org.fail({ kind: 'status', status: 503 });
  org.fail({ kind: 'status', status: 504 }, 0);

  const statuses: number[] = [];
  for (let n = 0; n < 4; n += 1) statuses.push((await get(org)).status);

  assert.deepEqual(statuses, [500, 500, 503, 200]);
});

test('forgets its faults when told to', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'html' }, Number.POSITIVE_INFINITY);

  const during = await get(org);
  org.clearFaults();
  const after = await get(org);

  assert.match(during.body.toString(), /^<!DOCTYPE/);
  assert.deepEqual(after.uuids(), ['a', 'b', 'c']);
});

test('meets no fault with a request that is refused before it', async (t) => {
  const { org } = await openOrg(t);
  org.fail({ kind: 'status', status: 500 });

  const refused = await get(org, '', { headers: { authorization: 'SSWS wrong' } });
  const elsewhere = await get(org, `${org.url}/`);
  const met = await get(org);

  assert.deepEqual([refused.status, elsewhere.status, met.status], [401, 404, 500]);
});

const KINDS: readonly Fault[] = [
  { kind: 'truncate', afterBytes: 30 },
  { kind: 'reset' },
  { kind: 'status', status: 500 },
];
for (const fault of KINDS) {
  test(`hands out on a page that met "${fault.kind}" no more than it would have`, async (t) => {
    const { org } = await openOrg(t);
    org.fail(fault);
    await get(org, '?limit=2').catch(() => undefined);

    const got = await get(org, '?limit=2');

    assert.deepEqual(got.uuids(), ['a', 'b']);
  });
}

function requestText(org: PracticeOrg): string {
  return `GET /api/v1/logs HTTP/1.1\r\nhost: ${new URL(org.url).host}\r\nauthorization: SSWS ${org.token}\r\n\r\n`;
}

/** Everything that comes over the socket until the org ends it. */
async function rawExchange(org: PracticeOrg): Promise<string> {
  const socket = connect(Number(new URL(org.url).port), '127.0.0.1');
  socket.write(requestText(org));
  let text = '';
  for await (const chunk of socket) text += chunk;
  return text;
}
