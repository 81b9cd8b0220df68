/** The tail against the practice org: pages, cursors, waits and what each fault means. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { OktaError } from '../../src/errors.ts';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { event } from '../support/scripted-okta.ts';
import {
  type Desk,
  type DeskOptions,
  INTERVAL_MS,
  openDesk,
  TOKEN,
} from '../support/system-log-desk.ts';

interface Scene extends Desk {
  readonly org: PracticeOrg;
  /** Adds events that can be seen from now on. */
  add(...uuids: string[]): void;
  /** A start before everything that the test adds. */
  readonly since: number;
}

async function openScene(
  t: TestContext,
  options: DeskOptions = {},
  orgOptions: PracticeOrgOptions = {},
): Promise<Scene> {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, token: TOKEN, rateLimit: 1_000, ...orgOptions });
  const desk = openDesk(org.url, { clock, ...options });
  t.after(() => Promise.all([desk.close(), org.close()]));
  const add = (...uuids: string[]) => {
    for (const uuid of uuids) org.add(event(uuid, new Date(clock.now()).toISOString()));
  };
  return { ...desk, org, add, since: clock.now() - 120_000 };
}

function uuids(page: { readonly events: readonly { readonly id: string }[] }): string[] {
  return page.events.map(({ id }) => id);
}

test('asks for what polls: since to the millisecond, ascending, no until', async (t) => {
  const { org, systemLog, stop, next, since } = await openScene(t);

  await next(systemLog.tail({ since }, stop.signal));

  const asked = new URL(org.requests[0]!.url, org.url);
  assert.equal(asked.pathname, '/api/v1/logs');
  assert.deepEqual(Object.fromEntries(asked.searchParams), {
    since: '2026-11-21T07:58:00.000Z',
    limit: '1000',
    sortOrder: 'ASCENDING',
  });
  assert.equal(org.requests[0]!.acceptEncoding, 'gzip');
});

test('a start that is in the future of Okta’s clock is put right by it, and said', async (t) => {
  const oktaClock = new FakeClock(Date.parse('2026-11-21T07:00:00.000Z'));
  const { org, systemLog, stop, next, said, since } = await openScene(t, {}, { clock: oktaClock });
  org.add(event('a', '2026-11-21T06:59:00.000Z'));

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.equal(page.headAt, undefined);
  const asked = org.requests.map(({ url }) => new URL(url, org.url).searchParams.get('since'));
  assert.deepEqual(asked, ['2026-11-21T07:58:00.000Z', '2026-11-21T06:58:00.000Z']);
  assert.deepEqual(said(), ["the clock is ahead of okta's, reading from earlier"]);
});

test('follows a full page at once and waits the interval after a short one', async (t) => {
  const { clock, systemLog, stop, next, add, since } = await openScene(t, { limit: 2 });
  add('a', 'b', 'c');
  const pages = systemLog.tail({ since }, stop.signal);
  const start = clock.now();

  const first = await next(pages);
  const second = await next(pages);
  const afterSecond = clock.now();
  const third = await next(pages);

  assert.deepEqual([uuids(first), first.full], [['a', 'b'], true]);
  assert.deepEqual([uuids(second), second.full, afterSecond - start], [['c'], false, 0]);
  assert.deepEqual([uuids(third), clock.now() - start], [[], INTERVAL_MS]);
});

test('goes on from a stored cursor without losing or repeating an event', async (t) => {
  const { systemLog, stop, next, add, since } = await openScene(t, { limit: 2 });
  add('a', 'b', 'c');
  const { cursor } = await next(systemLog.tail({ since }, stop.signal));

  const page = await next(systemLog.tail({ cursor }, stop.signal));

  assert.deepEqual(uuids(page), ['c']);
});

test('sees an event that was persisted late, behind others by its published', async (t) => {
  const { clock, org, systemLog, stop, next, add, since } = await openScene(t);
  add('a');
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.add(event('late', new Date(clock.now() - 90_000).toISOString()));

  const page = await next(pages);

  assert.deepEqual(uuids(page), ['late']);
});

test('a refused link falls back to ten minutes before the last event, said once', async (t) => {
  const { clock, org, systemLog, stop, next, add, since, lines } = await openScene(t);
  add('a');
  const { cursor } = await next(systemLog.tail({ since }, stop.signal));
  org.fail({ kind: 'stale-link' });

  const page = await next(systemLog.tail({ cursor }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  const [gap, ...more] = page.gaps;
  assert.equal(gap?.kind, 'refused-link');
  assert.deepEqual([gap?.fromMs, gap?.toMs], [clock.now() - 600_000, clock.now()]);
  assert.equal(more.length, 0);
  const asked = new URL(org.requests.at(-1)!.url, org.url);
  assert.equal(asked.searchParams.get('since'), new Date(clock.now() - 600_000).toISOString());
  const said = lines.filter(({ msg }) => msg === 'cursor refused; reading again from earlier');
  assert.equal(said.length, 1);
});

test('links that are refused again and again are left slowly, and said once', async (t) => {
  const { clock, org, systemLog, stop, next, add, since, said } = await openScene(t);
  add('a');
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  org.fail({ kind: 'stale-link' }, 3);
  const start = clock.now();

  const gaps = [];
  for (let read = 0; read < 3; read++) gaps.push(...(await next(pages)).gaps);

  assert.equal(gaps.length, 1);
  assert.ok(clock.now() - start >= 2 * 60_000, 'two of the three were waited for');
  assert.deepEqual(said(), ['cursor refused; reading again from earlier']);
});

test('a link refused after four months announces what the 89 days cut off', async (t) => {
  const { clock, org, systemLog, stop, next, add, since } = await openScene(t);
  add('a');
  const { cursor } = await next(systemLog.tail({ since }, stop.signal));
  const lastEventAt = clock.now();
  await clock.jump(120 * 86_400_000);
  add('b');
  org.fail({ kind: 'stale-link' });

  const page = await next(systemLog.tail({ cursor }, stop.signal));

  assert.deepEqual(uuids(page), ['b']);
  const [gap] = page.gaps;
  assert.equal(gap?.kind, 'beyond-retention');
  assert.equal(gap?.fromMs, lastEventAt - 600_000);
  assert.equal(gap?.toMs, clock.now() - 89 * 86_400_000);
});

test('a changed filter starts again with the overlap, and asks for the new one', async (t) => {
  const { org, clock, systemLog, stop, next, add, since } = await openScene(t);
  add('a');
  const { cursor } = await next(systemLog.tail({ since }, stop.signal));
  const filter = 'eventType eq "user.session.start"';
  const desk = openDesk(org.url, { clock, filter });
  t.after(() => desk.close());

  const page = await next(desk.systemLog.tail({ cursor }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.equal(new URL(org.requests.at(-1)!.url, org.url).searchParams.get('filter'), filter);
  assert.notEqual(page.cursor.query, cursor.query);
  assert.deepEqual(page.gaps, []);
});

test('a stored link to another origin is not followed: it reads again from earlier', async (t) => {
  const { org, systemLog, stop, next, add, since, said } = await openScene(t);
  const other = await PracticeOrg.open({ token: TOKEN });
  t.after(() => other.close());
  add('a');
  const { cursor } = await next(systemLog.tail({ since }, stop.signal));
  const nextUrl = cursor.nextUrl.replace(org.url, other.url);

  const page = await next(systemLog.tail({ cursor: { ...cursor, nextUrl } }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.equal(other.requestCount, 0);
  assert.deepEqual(said(), ['cursor refused; reading again from earlier']);
});

test('a next link to another place gets no credential, is said once, and loses no place', async (t) => {
  const { clock, org, systemLog, stop, next, add, since, said, lines } = await openScene(t);
  const other = await PracticeOrg.open({ token: TOKEN });
  t.after(() => other.close());
  add('a');
  org.fail({ kind: 'foreign-link', url: `${other.url}/api/v1/logs?after=secret-query` }, 2);
  const start = clock.now();

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.equal(other.requestCount, 0);
  assert.ok(clock.now() - start >= 120_000);
  assert.deepEqual(said(), [
    'a link that leads away from the org was not followed',
    'okta links to the org again',
  ]);
  assert.ok(!JSON.stringify(lines).includes('secret-query'));
});

test('a refused token ends a first start, with Okta’s code, a hint and no token', async (t) => {
  const { systemLog, stop, next, since } = await openScene(t, {}, { token: 'another' });

  const refused = next(systemLog.tail({ since }, stop.signal));

  await assert.rejects(refused, (error: OktaError) => {
    assert.equal(error.kind, 'credentials');
    assert.equal(error.status, 401);
    assert.equal(error.oktaCode, 'E0000011');
    assert.match(error.message, /could not read the System Log of 127\.0\.0\.1:\d+: HTTP 401/);
    assert.match(error.hint ?? '', /30 days/);
    assert.ok(!JSON.stringify({ ...error, message: error.message }).includes(TOKEN));
    return true;
  });
});

for (const status of [401, 403]) {
  test(`${status} later is loud once, slow, and going on`, async (t) => {
    const { clock, org, systemLog, stop, next, add, since, lines, said } = await openScene(t);
    const pages = systemLog.tail({ since }, stop.signal);
    await next(pages);
    add('a');
    org.fail({ kind: 'status', status }, 4);
    const start = clock.now();

    const page = await next(pages);

    assert.deepEqual(uuids(page), ['a']);
    assert.equal(clock.now() - start, INTERVAL_MS + 4 * 60_000);
    assert.deepEqual(said(), [
      'okta refused the credentials',
      'okta accepts the credentials again',
    ]);
    const refused = lines.find(({ level }) => level === 50);
    assert.equal(refused?.status, status);
    assert.match(String(refused?.hint), /token|role/i);
  });
}

test('a refused token does not end a start from a cursor', async (t) => {
  const { org, systemLog, stop, next, add, since } = await openScene(t);
  add('a');
  const { cursor } = await next(systemLog.tail({ since }, stop.signal));
  add('b');
  const again = openDesk(org.url);
  t.after(() => again.close());
  org.fail({ kind: 'status', status: 401 }, 2);

  const page = await again.next(again.systemLog.tail({ cursor }, stop.signal));

  assert.deepEqual(uuids(page), ['b']);
  assert.ok(again.said().includes('okta refused the credentials'));
});

test('a refused filter ends a first start as a bad request', async (t) => {
  const { systemLog, stop, next, since } = await openScene(t, { filter: 'this is no filter' });

  const refused = next(systemLog.tail({ since }, stop.signal));

  await assert.rejects(refused, (error: OktaError) => {
    assert.equal(error.kind, 'request');
    assert.equal(error.status, 400);
    assert.match(error.hint ?? '', /filter/i);
    return true;
  });
});

test('5xx and resets are retried for ever: one line when it starts, one when it ends', async (t) => {
  const { clock, org, systemLog, stop, next, add, since, said, lines } = await openScene(t);
  add('a');
  org.fail({ kind: 'status', status: 500, errorCode: 'E0000009' }, 20);
  org.fail({ kind: 'reset' }, 20);
  const start = clock.now();

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.deepEqual(said(), ['okta unreachable', 'okta reachable again']);
  assert.match(String(lines[0]?.reason), /HTTP 500 E0000009/);
  assert.deepEqual(lines[1]?.attempts, 40);
  assert.equal(lines[1]?.forMs, clock.now() - start);
});

test('a line that flaps is said once a minute at most', async (t) => {
  const { org, systemLog, stop, next, since, said } = await openScene(t);
  const pages = systemLog.tail({ since }, stop.signal);

  for (let read = 0; read < 3; read++) {
    org.fail({ kind: 'reset' });
    await next(pages);
  }

  assert.deepEqual(said(), ['okta unreachable', 'okta reachable again']);
});

test('429 is waited out until Reset by Okta’s Date, and discards nothing', async (t) => {
  const { clock, org, systemLog, stop, next, add, since, lines } = await openScene(
    t,
    {},
    { rateLimit: 100 },
  );
  add('a');
  const reset = String(Math.floor(clock.now() / 1000) + 30);
  org.fail({ kind: 'status', status: 429, headers: { 'x-rate-limit-reset': reset } });
  const start = clock.now();

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.ok(clock.now() - start >= 30_000 && clock.now() - start <= 35_000);
  assert.equal(lines.filter(({ msg }) => msg === 'rate limit reached, waiting').length, 1);
});

test('a concurrency 429 (Limit 0) is retried after a short wait, whatever its Reset says', async (t) => {
  const { clock, org, systemLog, stop, next, since } = await openScene(t);
  const headers = {
    'x-rate-limit-limit': '0',
    'x-rate-limit-remaining': '0',
    'x-rate-limit-reset': String(Math.floor(clock.now() / 1000) + 600),
  };
  org.fail({ kind: 'status', status: 429, headers }, 3);
  const start = clock.now();

  await next(systemLog.tail({ since }, stop.signal));

  assert.ok(clock.now() - start <= 20_000);
});

test('catching up uses at most its share of the rate limit and never the last request', async (t) => {
  const { clock, org, systemLog, stop, next, since } = await openScene(
    t,
    { limit: 1 },
    { rateLimit: 10 },
  );
  for (let n = 0; n < 40; n++) org.add(event(`e${n}`, new Date(clock.now()).toISOString()));
  const pages = systemLog.tail({ since }, stop.signal);

  for (let n = 0; n < 40; n++) await next(pages);

  assert.equal(org.violations, 0);
  const times = org.requests.map(({ at }) => at);
  const most = Math.max(
    ...times.map((at) => times.filter((t2) => t2 >= at && t2 < at + 60_000).length),
  );
  assert.ok(most <= 2 * 5, `${most} requests in a minute: at most a share in each of two windows`);
});

test('a page cut by the connection is read again and then whole', async (t) => {
  const { org, systemLog, stop, next, add, since, said } = await openScene(t);
  add('a', 'b');
  org.fail({ kind: 'truncate', afterBytes: 30 }, 2);

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a', 'b']);
  assert.deepEqual(page.leftovers, []);
  assert.deepEqual(said(), [
    'okta sent a page that cannot be read, reading it again',
    'okta sends whole pages again',
  ]);
});

test('a page that is bad five times the same gives its whole events and keeps the rest', async (t) => {
  const { org, systemLog, stop, next, add, since, said, lines } = await openScene(t);
  add('a', 'b');
  const cutAt = event('a', new Date(0).toISOString()).length + 10;
  org.fail({ kind: 'cut-json', afterBytes: cutAt }, 5);
  const pages = systemLog.tail({ since }, stop.signal);

  const page = await next(pages);
  add('c');
  const after = await next(pages);

  assert.deepEqual(uuids(page), ['a']);
  assert.equal(page.leftovers.length, 1);
  assert.equal(page.leftovers[0]?.raw.length, cutAt - page.events[0]!.raw.length - 2);
  assert.deepEqual(
    page.gaps.map(({ kind }) => kind),
    ['unreadable-page'],
  );
  assert.deepEqual(uuids(after), ['c']);
  assert.equal(org.requestCount, 6);
  assert.ok(said().includes('gave up on a page that cannot be read, kept what came of it'));
  assert.equal(lines.filter(({ level }) => level === 50).length, 1);
});

test('different bad reads never add up to giving up', async (t) => {
  const { org, systemLog, stop, next, add, since } = await openScene(t);
  add('a', 'b');
  for (let n = 0; n < 12; n++) org.fail({ kind: 'cut-json', afterBytes: 20 + n });

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a', 'b']);
  assert.equal(org.requestCount, 13);
});

test('a captive portal’s page never moves the position and is said once', async (t) => {
  const { org, systemLog, stop, next, add, since, said, lines } = await openScene(t);
  add('a');
  org.fail({ kind: 'html' }, 12);

  const page = await next(systemLog.tail({ since }, stop.signal));

  assert.deepEqual(uuids(page), ['a']);
  assert.deepEqual(page.leftovers, []);
  assert.deepEqual(said(), [
    'okta answered with something else than events',
    'okta answers with events again',
  ]);
  assert.equal(lines[0]?.contentType, 'text/html; charset=utf-8');
});

test('a page of events without a next link is read again, and is never the end', async (t) => {
  const { org, systemLog, stop, next, add, since } = await openScene(t);
  add('a');
  org.fail({ kind: 'no-link' }, 5);
  const pages = systemLog.tail({ since }, stop.signal);

  const page = await next(pages);
  add('b');
  const after = await next(pages);

  assert.deepEqual(uuids(page), ['a']);
  assert.deepEqual(uuids(after), ['a', 'b'], 'the overlap comes again, and with it what is new');
});

test('an empty page without a next link keeps its place', async (t) => {
  const { org, systemLog, stop, next, add, since } = await openScene(t);
  org.fail({ kind: 'no-link' });
  const pages = systemLog.tail({ since }, stop.signal);

  const empty = await next(pages);
  add('a');
  const page = await next(pages);

  assert.deepEqual(uuids(empty), []);
  assert.deepEqual(uuids(page), ['a']);
  assert.equal(org.requests[0]!.url, org.requests[1]!.url);
});

test('polls at once when the machine wakes, whatever it was waiting for', async (t) => {
  const { clock, org, systemLog, stop, next, add, since } = await openScene(t);
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);
  add('a');
  const waiting = pages.next();
  await clock.untilSomethingWaits();

  await clock.jump(8 * 3_600_000);
  const { value: page } = await waiting;

  assert.deepEqual(uuids(page), ['a']);
  assert.equal(org.requestCount, 2);
});

for (const afterBytes of [undefined, 5]) {
  const what = afterBytes === undefined ? 'an answer' : 'the rest of an answer';
  test(`${what} that was awaited when the machine slept is asked for again, quietly`, async (t) => {
    const { clock, org, systemLog, stop, add, since, said } = await openScene(t);
    add('a');
    org.fail({ kind: 'hang', ...(afterBytes !== undefined && { afterBytes }) });
    const waiting = systemLog.tail({ since }, stop.signal).next();
    await org.waitForRequests(1);
    for (let n = 0; n < 20; n++) await settle(); // lets the head of the answer arrive

    await clock.jump(3_600_000);
    const { value: page } = await waiting;

    assert.deepEqual(uuids(page), ['a']);
    assert.deepEqual(said(), []);
    assert.equal(org.requestCount, 2);
  });
}

test('an abort ends it quietly while it waits for the interval', async (t) => {
  const { systemLog, stop, next, until, since, said } = await openScene(t);
  const pages = systemLog.tail({ since }, stop.signal);
  await next(pages);

  const ending = pages.next();
  stop.abort();
  const result = await until(ending);

  assert.equal(result.done, true);
  assert.deepEqual(said(), []);
});

test('an abort ends it quietly while Okta does not answer', async (t) => {
  const { org, systemLog, stop, until, since, said } = await openScene(t);
  org.fail({ kind: 'hang' });
  const ending = systemLog.tail({ since }, stop.signal).next();
  await org.waitForRequests(1);

  stop.abort();
  const result = await until(ending);

  assert.equal(result.done, true);
  assert.deepEqual(said(), []);
});

test('an abort ends it quietly between two tries', async (t) => {
  const { clock, org, systemLog, stop, until, since } = await openScene(t);
  org.fail({ kind: 'reset' }, 100);
  const ending = systemLog.tail({ since }, stop.signal).next();
  await clock.untilSomethingWaits();

  stop.abort();
  const result = await until(ending);

  assert.equal(result.done, true);
});

test('a bounded read gives the events in order and ends', async (t) => {
  const { clock, org, systemLog, stop, until, since } = await openScene(t, { limit: 2 });
  for (const [n, uuid] of ['c', 'a', 'b', 'd'].entries()) {
    org.add(event(uuid, new Date(clock.now() - 60_000 + uuid.charCodeAt(0)).toISOString()), {
      publishedAt: clock.now() - 60_000 + uuid.charCodeAt(0),
      persistedAt: clock.now() - 1_000 + n,
    });
  }

  const read: string[] = [];
  await until(
    (async () => {
      for await (const page of systemLog.read({ since, until: clock.now() }, stop.signal)) {
        read.push(...uuids(page));
      }
    })(),
  );

  assert.deepEqual(read, ['a', 'b', 'c', 'd']);
});

test('a bounded read that Okta will not let go on is an error', async (t) => {
  const { clock, org, systemLog, stop, next, add, since } = await openScene(t, { limit: 1 });
  add('a', 'b');
  await clock.advance(1_000);
  const pages = systemLog.read({ since, until: clock.now() }, stop.signal);
  await next(pages);
  org.fail({ kind: 'stale-link' });

  const refused = next(pages);

  await assert.rejects(refused, { name: 'OktaError', kind: 'request', status: 400 });
});
