/** What goes over the wire to Okta, and what comes back: bytes, limits, redirects, secrets. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { OktaError } from '../../src/errors.ts';
import { logsPath } from '../../src/okta/logs-path.ts';
import {
  type Answerer,
  body,
  event,
  openScriptedOkta,
  page,
  type ScriptedOkta,
  status,
} from '../support/scripted-okta.ts';
import { type Desk, openDesk, TOKEN } from '../support/system-log-desk.ts';

async function openScene(
  t: TestContext,
  ...answers: Answerer[]
): Promise<Desk & { okta: ScriptedOkta }> {
  const okta = await openScriptedOkta(...answers);
  const desk = openDesk(okta.origin);
  t.after(() => Promise.all([desk.close(), okta.close()]));
  return { ...desk, okta };
}

const ids = (read: { readonly events: readonly { readonly id: string }[] }) =>
  read.events.map(({ id }) => id);

test('sends the token, what it is, and what it takes', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));

  await next(systemLog.tail({ since: 0 }, stop.signal));

  const { authorization, accept, 'user-agent': agent } = okta.headers[0]!;
  assert.deepEqual(
    [authorization, accept, agent, okta.headers[0]!['accept-encoding']],
    [`SSWS ${TOKEN}`, 'application/json', 'loghook/test', 'gzip'],
  );
});

const QUERIES = [
  'since=2026-11-21T08:00:00.000Z&after=1_1&limit=1',
  'after=%2f%2F+%20~!*()\'"{}|\\^`[]&x=%',
  'filter=a,b;c=%22d%22&after=1,2&limit=1',
  '?a=1?b=2//..//&&==',
];

for (const query of QUERIES) {
  test(`follows a link byte for byte: ${query}`, async (t) => {
    const { okta, systemLog, stop, next } = await openScene(t, page([]));
    const target = `/api/v1/logs?${query}`;
    okta.answers.unshift(page([event('a')], okta.origin + target));
    const pages = systemLog.tail({ since: 0 }, stop.signal);

    const { cursor } = await next(pages);
    await next(pages);

    assert.equal(cursor.nextUrl, okta.origin + target);
    assert.equal(okta.asked[1], target);
  });
}

test('takes a link that names the same origin in another spelling', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  const { port } = new URL(okta.origin);
  okta.answers.unshift(
    page([event('a')], `HTTP://127.0.0.1:${port}/api/v1/logs?after=1`),
    page([event('b')], '/api/v1/logs?after=2'),
  );
  const pages = systemLog.tail({ since: 0 }, stop.signal);

  for (let n = 0; n < 3; n++) await next(pages);

  assert.deepEqual(okta.asked.slice(1), ['/api/v1/logs?after=1', '/api/v1/logs?after=2']);
});

const FOREIGN = [
  'https://evil.example/api/v1/logs',
  'http://org.example.com/api/v1/logs',
  'https://org.example.com:8443/api/v1/logs',
  'https://org.example.com.evil.example/api/v1/logs',
  'https://org.example.com@evil.example/api/v1/logs',
  'https://user:pass@org.example.com/api/v1/logs',
  'https://evil.example\\@org.example.com/api/v1/logs',
  'https://org.example.com\\.evil.example/api/v1/logs',
  'https://org.example.com/api/v1/users?after=1',
  'https://org.example.com/api/v1/logs/',
  'https://org.example.com/api/v1/../v1/logs',
  'https://org.example.com/api/v1/%6cogs',
  'https://org.example.com//evil.example/api/v1/logs',
  'https://org.example.com/api/v1/logs#?after=1',
  'https://org.example.com/api/v1/logs?after=1 HTTP/1.1',
  'https://org.example.com/api/v1/logs?after=ü',
  'https://org.example.com',
  '//evil.example/api/v1/logs',
  '/api/v1/logs',
  'javascript:alert(1)',
  '',
];

for (const url of FOREIGN) {
  test(`no credential goes to ${JSON.stringify(url)}`, () => {
    assert.throws(
      () => logsPath(new URL('https://org.example.com'), url),
      (error) => error instanceof OktaError && error.kind === 'foreign-link',
    );
  });
}

test('what is refused is named by origin and path alone', () => {
  assert.throws(
    () => logsPath(new URL('https://org.example.com'), 'https://u:pw@evil.example/p?q=secret#f'),
    (error: Error) => {
      assert.match(error.message, /https:\/\/evil\.example\/p:/);
      assert.doesNotMatch(error.message, /pw|secret/);
      return true;
    },
  );
});

for (const code of [301, 302, 303, 307, 308]) {
  test(`${code} is not followed: nothing goes to where it leads, and it is said once`, async (t) => {
    const elsewhere = await openScriptedOkta(page([event('evil')]));
    t.after(() => elsewhere.close());
    const location = `${elsewhere.origin}/login?next=secret-query`;
    const redirect = status(code, {}, { location });
    const { systemLog, stop, next, lines, said } = await openScene(
      t,
      redirect,
      redirect,
      page([event('a')], undefined),
      page([]),
    );

    await next(systemLog.tail({ since: 0 }, stop.signal));

    assert.deepEqual(elsewhere.asked, []);
    assert.equal(said()[0], 'okta answered with a redirect, which is never followed');
    assert.equal(said().filter((line) => line.includes('never followed')).length, 1);
    assert.equal(lines[0]?.to, `${elsewhere.origin}/login`);
  });
}

test('inflates gzip and keeps the bytes', async (t) => {
  const raw = '{"uuid":"a","n":39.0,"s":"\\u0026é"}';
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  const gzip = { 'content-encoding': 'gzip' };
  okta.answers.unshift(body(gzipSync(`[${raw}]`), `${okta.origin}/api/v1/logs?after=1`, gzip));

  const read = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.equal(read.events[0]?.raw.toString(), raw);
});

const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024, ' '), { level: 9 });
const BAD_BODIES: readonly (readonly [
  why: string,
  text: Buffer | string,
  encoding: string,
  RegExp,
])[] = [
  ['a gzip bomb', bomb, 'gzip', /larger than 67108864 bytes/],
  ['damaged gzip', 'this is no gzip', 'gzip', /gzip data is damaged/],
  ['cut gzip', gzipSync(`[${event('a')},${event('b')}]`).subarray(0, 60), 'gzip', /byte \d+/],
  ['an encoding that was not asked for', '[]', 'br', /not asked for/],
  ['an object', '{"errorCode":"E0000009"}', 'identity', /byte 0/],
];

for (const [why, text, encoding, reason] of BAD_BODIES) {
  test(`reads again when it gets ${why}`, async (t) => {
    const { okta, systemLog, stop, next, lines } = await openScene(t, page([]));
    const link = `${okta.origin}/api/v1/logs?after=1`;
    okta.answers.unshift(
      body(text, link, { 'content-encoding': encoding }),
      page([event('a'), event('b')], link),
    );

    const read = await next(systemLog.tail({ since: 0 }, stop.signal));

    assert.deepEqual(ids(read), ['a', 'b']);
    assert.equal(okta.asked[0], okta.asked[1]);
    assert.match(String(lines[0]?.reason), reason);
  });
}

test('gives up after five equal reads of a cut connection, and announces the gap', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([event('c')]));
  const whole = `[${event('a', '2020-01-01T00:00:00.000Z')},${event('b')}]`;
  const cut: Answerer = (response) => {
    response.writeHead(200, {
      'content-length': whole.length,
      link: `<${okta.origin}/api/v1/logs?after=1>; rel=next`,
    });
    response.write(whole.slice(0, -10), () => response.socket?.end());
  };
  okta.answers.unshift(cut, cut, cut, cut, cut);

  const read = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.deepEqual(ids(read), ['a']);
  assert.equal(read.leftovers[0]?.raw.toString(), event('b').slice(0, -9));
  const [gap] = read.gaps;
  assert.equal(gap?.kind, 'unreadable-page');
  assert.equal(gap?.fromMs, Date.parse('2020-01-01T00:00:00.000Z'));
  assert.match(gap?.why ?? '', /cut short/);
});

test('a head without a byte of its body is never given up on', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  const link = `${okta.origin}/api/v1/logs?after=1`;
  const headOnly: Answerer = (response) => {
    response.writeHead(200, { 'content-length': 100, link: `<${link}>; rel=next` });
    response.flushHeaders();
    setImmediate(() => response.socket?.end());
  };
  okta.answers.unshift(...Array(9).fill(headOnly), page([event('a')], link));

  const read = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.deepEqual(ids(read), ['a']);
});

test('HTML with a good link is given up on after five reads, and kept', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  const html = body('<html>sorry</html>', `${okta.origin}/api/v1/logs?after=1`, {
    'content-type': 'text/html',
  });
  okta.answers.unshift(html, html, html, html, html);
  const pages = systemLog.tail({ since: 0 }, stop.signal);

  const read = await next(pages);
  await next(pages);

  assert.deepEqual(ids(read), []);
  assert.equal(read.leftovers[0]?.raw.toString(), '<html>sorry</html>');
  assert.equal(okta.asked[5], '/api/v1/logs?after=1');
});

test('reads links that are longer than the usual limit of all headers', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  const link = `${okta.origin}/api/v1/logs?filter=${'x'.repeat(30_000)}&after=1`;
  okta.answers.unshift(page([event('a')], link));

  const { cursor } = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.equal(cursor.nextUrl, link);
});

test('links that something on the way strips for good: events flow, said once', async (t) => {
  const published = '2026-11-21T07:59:00.000Z';
  const { systemLog, stop, next, said } = await openScene(t, page([event('a', published)]));
  const pages = systemLog.tail({ since: 0 }, stop.signal);

  for (let n = 0; n < 5; n++) assert.deepEqual(ids(await next(pages)), ['a']);

  assert.deepEqual(said(), [
    'okta sent a page that cannot be read, reading it again',
    'gave up on a page that cannot be read, kept what came of it',
  ]);
});

test('429s that go on are said once, and so is their end', async (t) => {
  const { okta, systemLog, stop, next, said } = await openScene(t, page([]));
  okta.answers.unshift(...Array(20).fill(status(429, {}, { 'x-rate-limit-limit': '0' })));

  await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.deepEqual(said(), [
    'okta keeps refusing requests over its rate limit',
    'okta grants requests again',
  ]);
});

test('a Link header that cannot be read is an error, not the end', async (t) => {
  const { okta, systemLog, stop, next, lines } = await openScene(t, page([]));
  const link = `${okta.origin}/api/v1/logs?after=1`;
  okta.answers.unshift(page([event('a')], undefined, { link: link }), page([event('a')], link));

  const read = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.equal(read.cursor.nextUrl, link);
  assert.match(String(lines[0]?.reason), /Link header/);
});

test('a next link that leads back to a page of events is not followed round and round', async (t) => {
  const { clock, okta, systemLog, stop, next, said } = await openScene(t, page([]));
  okta.answers.unshift((response, request) =>
    page([event('a', '2026-11-21T07:59:00.000Z')], okta.origin + request.url)(response, request),
  );
  okta.answers.splice(1, 0, ...Array(4).fill(okta.answers[0]));
  const start = clock.now();

  const read = await next(systemLog.tail({ since: start }, stop.signal));

  assert.deepEqual(ids(read), ['a']);
  assert.match(read.cursor.nextUrl, /since=2026-11-21T07%3A49%3A00/);
  assert.ok(said().includes('gave up on a page that cannot be read, kept what came of it'));
});

test('a link that was made with another limit tells a full page by its own', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  const link = `${okta.origin}/api/v1/logs?limit=2&after=1`;
  okta.answers.unshift(page([event('a'), event('b')], `${link}2`));

  const cursor = { nextUrl: link, query: '', readAt: 0 };
  const read = await next(systemLog.tail({ cursor }, stop.signal));

  assert.equal(read.full, true);
});

test('the cursor’s last event is not led astray by an event from the future', async (t) => {
  const { clock, okta, systemLog, stop, next } = await openScene(t, page([]));
  const date = new Date(clock.now()).toUTCString();
  okta.answers.unshift(
    page(
      [
        event('a', '2026-11-01T00:00:00.000Z'),
        event('b', '2999-01-01T00:00:00.000Z'),
        event('c', '2020-11-25 21:27:03.496000000'),
        event('d'),
      ],
      `${okta.origin}/api/v1/logs?after=1`,
      { date },
    ),
  );

  const { cursor } = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.equal(cursor.lastPublishedAt, Date.parse('2026-11-01T00:00:00.000Z'));
});

test('what Okta echoes of the token, and control characters, never reach the log', async (t) => {
  const echo = status(
    503,
    { errorCode: 'E0000010', errorSummary: `no \u001b[31m${TOKEN}\u202e` },
    { date: new Date().toUTCString() },
  );
  const { okta, systemLog, stop, next, lines } = await openScene(t, page([]));
  okta.answers.unshift(echo, status(302, {}, { location: `https://x.example/${TOKEN}` }));
  const html = body(TOKEN, undefined, { 'content-type': TOKEN });
  const foreign = page([event('a')], `https://evil.example/${TOKEN}`);
  okta.answers.splice(2, 0, html, foreign);

  await next(systemLog.tail({ since: 0 }, stop.signal));

  const said = JSON.stringify(lines);
  assert.equal(lines.filter(({ level }) => level >= 40).length, 4);
  assert.ok(!said.includes(TOKEN));
  for (const { reason = '' } of lines) assert.doesNotMatch(String(reason), /\p{Cc}|\p{Cf}/u);
  assert.match(said, /\[redacted\]/);
});

test('an error answer of any size is read only as far as its envelope needs', async (t) => {
  const { okta, systemLog, stop, next } = await openScene(t, page([]));
  okta.answers.unshift((response) => {
    response.writeHead(500);
    response.end(Buffer.alloc(3_000_000, 'x'));
  });

  const read = await next(systemLog.tail({ since: 0 }, stop.signal));

  assert.deepEqual(ids(read), []);
});

for (const code of [400, 404, 410]) {
  test(`${code} for a link falls back, and what was read stays read`, async (t) => {
    const { okta, systemLog, stop, next, clock } = await openScene(t, page([]));
    okta.answers.unshift(
      page([event('a', '2026-11-21T07:00:00.000Z')], `${okta.origin}/api/v1/logs?after=1`),
      status(code, { errorCode: 'E0000001' }, { date: new Date(clock.now()).toUTCString() }),
    );
    const pages = systemLog.tail({ since: 0 }, stop.signal);

    await next(pages);
    await next(pages);

    assert.match(okta.asked[2]!, /since=2026-11-21T06%3A50%3A00\.000Z/);
  });
}

for (const code of [100 + 104, 206, 402, 404, 405, 408, 410, 414, 431, 500, 502, 503, 504, 599]) {
  test(`${code} for a start of our own is retried`, async (t) => {
    const { okta, systemLog, stop, next } = await openScene(t, status(code), page([]));

    await next(systemLog.tail({ since: 0 }, stop.signal));

    assert.equal(okta.asked.length, 2);
    assert.equal(okta.asked[0], okta.asked[1]);
  });
}

test('nobody at the address: tried for ever, from 1 s apart up to a minute', async (t) => {
  const okta = await openScriptedOkta(page([]));
  await okta.close();
  const { systemLog, stop, clock, said, close } = openDesk(okta.origin, { random: () => 0.999 });
  t.after(close);
  const ending = systemLog.tail({ since: 0 }, stop.signal).next();
  const waits: number[] = [];

  for (let n = 0; n < 10; n++) {
    await clock.untilSomethingWaits();
    waits.push(clock.nextTimerMs()!);
    await clock.advance(clock.nextTimerMs()!);
  }
  stop.abort();
  await ending;

  assert.deepEqual(said(), ['okta unreachable']);
  assert.deepEqual(
    waits.map((ms) => Math.round(ms / 1_000)),
    [2, 4, 8, 16, 32, 60, 60, 60, 60, 60],
  );
});

test('an address that speaks no TLS is trouble in words, not in those of OpenSSL', async (t) => {
  const okta = await openScriptedOkta(page([]));
  const { systemLog, stop, clock, lines, close } = openDesk(okta.origin.replace('http:', 'https:'));
  t.after(() => Promise.all([close(), okta.close()]));

  const ending = systemLog.tail({ since: 0 }, stop.signal).next();
  await clock.untilSomethingWaits();
  while (lines.length === 0) await clock.advance(clock.nextTimerMs() ?? 0);
  stop.abort();
  await ending;

  assert.match(String(lines[0]?.reason), /^TLS failed \(ERR_SSL_\w+\)$/);
});
