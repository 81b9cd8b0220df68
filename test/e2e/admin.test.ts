/** The real daemon with `--admin`: what it counts and says of itself, and what may be asked of it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '../../src/state/database/sqlite.ts';
import { selfSigned } from '../support/certificates.ts';
import { addEvents, type Loghook, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { assertNoMark, secretUrl } from '../support/marks.ts';
import { adminUrl, type Scrape, scrape } from '../support/scrape.ts';
import { openTlsReceiver } from '../support/tls-receiver.ts';
import { until } from '../support/until.ts';

const ADMIN_TOKEN = 'S3CRET-admin-token-0123456789';

function yaml(routes: readonly object[]): string {
  return JSON.stringify({ routes }); // YAML holds all of JSON
}

interface Health {
  readonly status: number;
  readonly words: string;
  readonly reasons: readonly string[];
  readonly text: string;
}

async function health(url: string): Promise<Health> {
  const response = await fetch(`${url}/healthz`);
  const text = await response.text();
  const { status: words, reasons } = JSON.parse(text);
  return { status: response.status, words, reasons, text };
}

/** A daemon that answers on a port of its own, polling every second. */
async function started(
  t: TestContext,
  routes: readonly object[],
  env: Readonly<Record<string, string>> = {},
) {
  const { org, env: orgEnv } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', yaml(routes));
  const options = '--state state --log-format json --interval 1s --admin 127.0.0.1:0';
  const all = { ...orgEnv, ...env };
  const start = () => sandbox.start(['run', ...options.split(' ')], { env: all });
  const loghook = start();
  const url = await adminUrl(loghook);
  await loghook.logged('ready');
  return { org, env: all, sandbox, loghook, url, restart: start };
}

function databaseOf({ cwd }: Sandbox): string {
  const [folder = ''] = readdirSync(join(cwd, 'state'));
  return join(cwd, 'state', folder, 'state.db');
}

async function plainRoutes(t: TestContext) {
  const receiver = await openReceiver(t);
  return { receiver, routes: [{ name: 'siem', match: '.*', url: `${receiver.url}/siem` }] };
}

function change(url: string, path: string, token = ADMIN_TOKEN): Promise<Response> {
  return fetch(`${url}${path}`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
}

/** What the receiver says to each route; `poison` refuses the first event it sees, for ever. */
const ANSWERS: Readonly<Record<string, number>> = {
  ok: 204,
  moved: 302,
  verdict: 404,
  auth: 401,
  down: 503,
  many: 429,
};

test('every metric moves as it should', async (t) => {
  const receiver = await openReceiver(t);
  let poisoned: string | undefined;
  receiver.answer = ({ path, id }) => {
    const route = path.slice(1);
    if (route !== 'poison') return { status: ANSWERS[route] ?? 204 };
    poisoned ??= id;
    return { status: id === poisoned ? 422 : 204 };
  };
  const to = (name: string, more: object = {}) => ({
    name,
    match: '.*',
    url: `${receiver.url}/${name}`,
    ...more,
  });
  const { port } = await openTlsReceiver(t, selfSigned(['IP:127.0.0.1']));
  const { org, loghook, url } = await started(t, [
    ...Object.keys(ANSWERS).map((name) => to(name)),
    to('poison', { retry: { schedule: ['1s'] } }),
    to('expires', { maxAge: '1m' }),
    to('refused', { url: 'http://127.0.0.1:9/' }),
    to('nowhere', { url: 'http://nowhere.invalid/' }),
    to('tls', { url: `https://127.0.0.1:${port}/` }),
    to('off', { enabled: false }),
    to('wants-none', { match: '^no\\.such\\.type$' }),
  ]);

  const types = new Set(
    addEvents(org, 3, 90_000).map((raw) => JSON.parse(raw.toString()).eventType),
  );
  const attempted = (seen: Scrape, route: string, outcome: string) =>
    seen.value('loghook_delivery_attempts_total', { route, outcome }) ?? 0;
  const outcomes = {
    moved: 'http_3xx',
    verdict: 'http_4xx',
    auth: 'auth',
    down: 'http_5xx',
    many: 'throttled',
    refused: 'connect',
    nowhere: 'dns',
    tls: 'tls',
  };
  const seen = await until(
    () => scrape(url),
    (now) =>
      Object.entries(outcomes).every(([route, word]) => attempted(now, route, word) > 0) &&
      now.value('loghook_dead_letters', { route: 'poison' }) === 1 &&
      now.value('loghook_queue_depth', { route: 'ok' }) === 0 &&
      now.value('loghook_queue_depth', { route: 'poison' }) === 0 &&
      now.value('loghook_route_state', { route: 'down', state: 'held' }) === 1,
  );

  for (const [route, word] of Object.entries(outcomes)) {
    assert.equal(attempted(seen, route, 'ok'), 0, route);
    assert.ok(attempted(seen, route, word) > 0, route);
    assert.equal(seen.value('loghook_deliveries_total', { route, result: 'delivered' }), 0);
    assert.equal(seen.value('loghook_queue_depth', { route }), 3);
    assert.ok((seen.value('loghook_queue_oldest_seconds', { route }) ?? 0) > 0, route);
  }
  const table: readonly (readonly [
    name: string,
    labels: Readonly<Record<string, string>>,
    expected: number | undefined,
  ])[] = [
    ['loghook_events_polled_total', {}, 3],
    ['loghook_events_unmatched_total', {}, 0],
    ['loghook_events_repeated_total', {}, 0],
    ['loghook_events_matched_total', { route: 'ok' }, 3],
    ['loghook_events_matched_total', { route: 'wants-none' }, 0],
    ['loghook_delivery_attempts_total', { route: 'ok', outcome: 'ok' }, 3],
    ['loghook_delivery_attempts_total', { route: 'poison', outcome: 'http_4xx' }, 2],
    ['loghook_delivery_attempts_total', { route: 'poison', outcome: 'ok' }, 2],
    ['loghook_deliveries_total', { route: 'ok', result: 'delivered' }, 3],
    ['loghook_deliveries_total', { route: 'poison', result: 'dead' }, 1],
    ['loghook_deliveries_total', { route: 'poison', result: 'delivered' }, 2],
    ['loghook_deliveries_total', { route: 'expires', result: 'expired' }, 3],
    ['loghook_delivery_attempts_total', { route: 'expires', outcome: 'ok' }, 0],
    ['loghook_dead_letters', { route: 'expires' }, 3],
    ['loghook_regex_seconds_count', { route: 'ok' }, types.size],
    ['loghook_regex_seconds_count', { route: 'wants-none' }, types.size],
    ['loghook_regex_seconds_count', { route: 'off' }, undefined],
    ['loghook_delivery_seconds_count', { route: 'ok' }, 3],
    ['loghook_delivery_seconds_count', { route: 'poison' }, 4],
    ...['okta', 'poll', 'queue', 'send'].map(
      (part) => ['loghook_event_lag_seconds_count', { route: 'ok', part }, 3] as const,
    ),
    ['loghook_queue_oldest_seconds', { route: 'ok' }, 0],
    ['loghook_route_state', { route: 'ok', state: 'flowing' }, 1],
    ['loghook_route_state', { route: 'ok', state: 'held' }, 0],
    ['loghook_route_state', { route: 'off', state: 'disabled' }, 1],
    ['loghook_okta_rate_limit', {}, 6_000],
    ['loghook_state_writable', {}, 1],
    ['loghook_healthy', {}, 1],
    ['loghook_build_info', { node: process.versions.node }, 1],
  ];
  for (const [name, labels, expected] of table) {
    assert.equal(seen.value(name, labels), expected, `${name} ${JSON.stringify(labels)}`);
  }
  assert.ok((seen.value('loghook_okta_rate_limit_remaining') ?? 6_000) < 6_000);
  assert.ok((seen.value('loghook_poll_lag_seconds') ?? 99) < 60);
  const disk = seen.value('loghook_disk_used_ratio') ?? -1;
  assert.ok(disk > 0 && disk <= 1);
  // The events happened 90 s before they could be read.
  const parts = ['okta', 'poll'].map(
    (part) => seen.value('loghook_event_lag_seconds_sum', { route: 'ok', part }) ?? 0,
  );
  assert.ok((parts[0] ?? 0) + (parts[1] ?? 0) >= 3 * 90);
  assert.equal((await loghook.stop()).code, 0);
});

test('the log read again counts as known, what nobody wants as unmatched', async (t) => {
  const { receiver, routes } = await plainRoutes(t);
  const { org, url } = await started(t, [{ ...routes[0], match: '^user\\.' }]);
  const before = addEvents(org, 20).filter((raw) => /"eventType":"user\./.test(raw.toString()));
  await receiver.waitFor(before.length);
  org.fail({ kind: 'stale-link' });

  const seen = await until(
    () => scrape(url),
    (now) => (now.value('loghook_events_repeated_total') ?? 0) === 20,
  );

  assert.equal(seen.value('loghook_events_polled_total'), 40);
  assert.equal(seen.value('loghook_events_matched_total', { route: 'siem' }), before.length);
  assert.equal(seen.value('loghook_events_unmatched_total'), 20 - before.length);
});

test('health is red while okta refuses, says why, and is green again after', async (t) => {
  const { routes } = await plainRoutes(t);
  const { org, url } = await started(t, routes, { LOGHOOK_HEALTH_POLL_AGE: '3s' });
  const well = await health(url);

  org.fail({ kind: 'status', status: 500 }, 1_000);
  const red = await until(
    () => health(url),
    ({ status }) => status === 503,
  );
  const gauge = (await scrape(url)).value('loghook_healthy');
  org.clearFaults();
  const green = await until(
    () => health(url),
    ({ status }) => status === 200,
  );

  assert.deepEqual([well.status, well.words, well.reasons], [200, 'ok', []]);
  assert.equal(red.words, 'failing');
  assert.match(
    red.reasons.join(),
    /^the System Log was last read \d+ s ago, which should be at most 3 s: okta /,
  );
  assert.equal(gauge, 0);
  assert.equal(green.words, 'ok');
});

test('health is red while an event waits too long, unless a person paused its route', async (t) => {
  const { org, url } = await started(
    t,
    [{ name: 'siem', match: '.*', url: 'http://127.0.0.1:9/' }],
    { LOGHOOK_HEALTH_QUEUE_AGE: '1s', LOGHOOK_ADMIN_TOKEN: ADMIN_TOKEN },
  );
  addEvents(org, 1);

  const red = await until(
    () => health(url),
    ({ status }) => status === 503,
  );
  await change(url, '/routes/siem/pause');
  const paused = await health(url);
  await change(url, '/routes/siem/resume');
  const resumed = await health(url);

  assert.match(
    red.reasons.join(),
    /^an event has waited \d+ s for route siem \((held|flowing)\), which should be at most 1 s$/,
  );
  assert.equal(paused.status, 200);
  assert.equal(resumed.status, 503);
});

test('health is red while the state cannot be written', async (t) => {
  const { receiver, routes } = await plainRoutes(t);
  const { org, sandbox, loghook, url } = await started(t, routes);
  const other = openDatabase(databaseOf(sandbox));
  t.after(() => other.close());

  other.exec('BEGIN IMMEDIATE');
  addEvents(org, 1);
  const red = await until(
    () => health(url),
    ({ status }) => status === 503,
  );
  const gauge = (await scrape(url)).value('loghook_state_writable');
  other.exec('ROLLBACK');
  await receiver.waitFor(1);
  const green = await until(
    () => health(url),
    ({ status }) => status === 200,
  );

  assert.match(red.reasons.join(), /^the state cannot be written/);
  assert.equal(gauge, 0);
  assert.equal(green.words, 'ok');
  assert.equal((await loghook.stop()).code, 0);
});

test('pause, resume and reload over HTTP are obeyed at once', async (t) => {
  const { receiver, routes } = await plainRoutes(t);
  const { org, sandbox, loghook, url } = await started(t, routes, {
    LOGHOOK_ADMIN_TOKEN: ADMIN_TOKEN,
  });

  const paused = await change(url, '/routes/siem/pause');
  const state = (await scrape(url)).value('loghook_route_state', { state: 'paused' });
  addEvents(org, 2, 0);
  await until(
    () => scrape(url),
    (now) => now.value('loghook_queue_depth', { route: 'siem' }) === 2,
  );
  const meanwhile = receiver.received.length;
  const resumed = await change(url, '/routes/siem/resume');
  await receiver.waitFor(2);
  const again = await change(url, '/routes/siem/resume');
  const unknown = await change(url, '/routes/nope/resume');
  sandbox.write('loghook.yaml', yaml([{ ...routes[0], name: 'renamed' }]));
  const reloaded = await change(url, '/reload');
  const renamed = (await scrape(url)).value('loghook_route_state', { route: 'renamed' });
  sandbox.write('loghook.yaml', yaml([{ ...routes[0], match: '(' }]));
  const refused = await change(url, '/reload');

  assert.deepEqual(
    [paused, resumed, again, unknown, reloaded, refused].map(({ status }) => status),
    [200, 200, 200, 404, 200, 422],
  );
  assert.equal(
    await paused.text(),
    'siem is paused: 0 events wait; new ones are still owed, and kept\n',
  );
  assert.deepEqual([state, meanwhile, renamed], [1, 0, 1]);
  assert.equal(await resumed.text(), 'siem goes on: 2 events wait\n');
  assert.match(await again.text(), /^siem is neither paused nor held/);
  assert.match(await refused.text(), /^the routes are not reloaded.*\n.*line 1 column/);
  await loghook.logged('routes not reloaded, the old ones stay in force');
});

test('a reload over HTTP says when the credentials could not be read anew, and what to do', async (t) => {
  const { org } = await openOrg(t, { token: '00token-of-the-org' });
  const { routes } = await plainRoutes(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', yaml(routes));
  sandbox.write('token', '00token-of-the-org');
  const loghook = sandbox.start(['run', '--admin', '127.0.0.1:0', '--log-format', 'json'], {
    env: {
      OKTA_ORG_URL: org.url,
      OKTA_API_KEY_FILE: 'token',
      LOGHOOK_ADMIN_TOKEN: ADMIN_TOKEN,
    },
  });
  const url = await adminUrl(loghook);
  await loghook.logged('ready');

  sandbox.write('token', '00garbage\u0007 of the org');
  sandbox.write('loghook.yaml', yaml([{ ...routes[0], name: 'renamed' }]));
  const garbage = await change(url, '/reload');
  const renamed = (await scrape(url)).value('loghook_route_state', { route: 'renamed' });
  rmSync(join(sandbox.cwd, 'token'));
  const gone = await change(url, '/reload');
  sandbox.write('token', '00token-of-the-org');
  const good = await change(url, '/reload');
  const words = await Promise.all([garbage, gone, good].map((answer) => answer.text()));
  const { stdout } = await loghook.stop();

  assert.deepEqual(
    [garbage, gone, good].map(({ status }) => status),
    [422, 422, 200],
  );
  const KEPT =
    /^the routes are in force, but the credentials are not reloaded: the old ones stay in use\nOKTA_API_KEY_FILE.*\nput that right, and reload again\n$/;
  assert.match(words[0] ?? '', KEPT);
  assert.match(words[1] ?? '', KEPT);
  assert.equal(words[2], 'the routes are in force\n');
  assert.equal(renamed, 1);
  assert.equal(stdout.split('"msg":"credentials not reloaded').length - 1, 2);
  assert.ok(!(words.join() + stdout).includes('garbage'));
});

test('what a person drops beside it is counted, and not again after a restart', async (t) => {
  const { routes } = await plainRoutes(t);
  const { org, env, sandbox, loghook, url, restart } = await started(
    t,
    routes.map((route) => ({ ...route, maxAge: '1m' })),
  );
  addEvents(org, 3, 90_000);
  const dropped = { route: 'siem', result: 'dropped' };
  const until3 = (name: string, labels: Readonly<Record<string, string>>) =>
    until(
      () => scrape(url),
      (now) => now.value(name, labels) === 3,
    );
  const before = await until3('loghook_dead_letters', { route: 'siem' });

  await sandbox.run(['dead', 'drop', '--all', '--yes', '--state', 'state'], { env });
  const after = await until3('loghook_deliveries_total', dropped);
  await loghook.stop();
  const again = await scrape(await adminUrl(restart()));

  assert.equal(before.value('loghook_deliveries_total', dropped), 0);
  assert.equal(after.value('loghook_dead_letters', { route: 'siem' }), 0);
  assert.equal(again.value('loghook_deliveries_total', dropped), 0);
});

test('a change that the state does not take is refused in words', async (t) => {
  const { routes } = await plainRoutes(t);
  const { sandbox, loghook, url } = await started(t, routes, { LOGHOOK_ADMIN_TOKEN: ADMIN_TOKEN });
  const other = openDatabase(databaseOf(sandbox));
  t.after(() => other.close());

  other.exec('BEGIN IMMEDIATE');
  const refused = await change(url, '/routes/siem/pause');
  other.exec('ROLLBACK');
  const done = await change(url, '/routes/siem/pause');

  assert.deepEqual([refused.status, done.status], [503, 200]);
  assert.match(await refused.text(), /^could not pause: .*try again/);
  await loghook.logged('the admin server could not change a route', {
    reason: 'database is locked',
  });
});

test('a port that is in use is refused before anything is opened', async (t) => {
  const { routes } = await plainRoutes(t);
  const { url, sandbox } = await started(t, routes);
  const { host } = new URL(url);
  const { env } = await openOrg(t);

  const { code, stderr } = await sandbox.run(['run', '--state', 'other', '--admin', host], { env });

  assert.equal(code, 2);
  assert.equal(
    stderr,
    `loghook: --admin: could not listen on ${host}: the port is in use (EADDRINUSE)\n  → another loghook may run already; else choose another port\n`,
  );
  assert.ok(!readdirSync(sandbox.cwd).includes('other'));
});

test('an address that is not of the loopback is warned of', async (t) => {
  const { routes } = await plainRoutes(t);
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.yaml', yaml(routes));

  const loghook = sandbox.start(['run', '--admin', '0.0.0.0:0', '--log-format', 'json'], { env });
  const warned = await loghook.logged('others on the network can read health and metrics');

  assert.match(String(warned.admin), /^0\.0\.0\.0:\d+$/);
  assert.equal(warned.level, 40);
});

test('the terminal is told where it listens, whatever port is free', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const loghook = sandbox.start(['run', '--admin', '0', '--log-format', 'pretty'], { env });
  const line = await loghook.line('stdout', /^health and metrics on/);
  const { status } = await fetch(`${line.replace(/^.* on /, '')}/healthz`);

  assert.equal(status, 200);
});

test('check says where it would listen, and what could be done there', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');
  const check = async (more: Record<string, string>) => {
    const { stdout } = await sandbox.run(['check'], { env: { ...env, ...more } });
    return /^admin {5}(.*)$/m.exec(stdout)?.[1];
  };

  assert.equal(await check({}), undefined);
  assert.equal(await check({ LOGHOOK_ADMIN: '9464' }), '127.0.0.1:9464 (reading only)');
  assert.equal(
    await check({ LOGHOOK_ADMIN: '0.0.0.0:9464', LOGHOOK_ADMIN_TOKEN: ADMIN_TOKEN }),
    '0.0.0.0:9464 (with a token for changes, OPEN TO THE NETWORK)',
  );
});

test('a client that never ends does not hold up a stop', async (t) => {
  const { routes } = await plainRoutes(t);
  const { loghook, url } = await started(t, routes);
  const { port } = new URL(url);
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  socket.write('GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ');
  await health(url);

  const { code } = await loghook.stop();

  assert.equal(code, 0);
});

async function everyAnswer(url: string): Promise<string> {
  const paths = ['/healthz', '/metrics', '/', '/nope'];
  const changes = ['/reload', '/routes/siem/pause', '/routes/siem/resume', '/routes/S3/pause'];
  const read = await Promise.all(paths.map((path) => fetch(`${url}${path}`)));
  const asked = [];
  for (const path of changes) asked.push(await change(url, path), await change(url, path, 'x'));
  const all = await Promise.all([...read, ...asked].map((answer) => answer.text()));
  return all.join('\n');
}

test('no answer and no log line holds a secret, a URL, an actor or a uuid', async (t) => {
  const receiver = await openReceiver(t);
  const csv = [secretUrl(receiver.url), secretUrl('http://127.0.0.1:9')];
  const { org, env } = await openOrg(t, { token: 'S3CRET-token' });
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', csv.map((url) => `.*,${url}\n`).join(''));
  const loghook: Loghook = sandbox.start(
    ['run', '--admin', '127.0.0.1:0', '--log-format', 'json', '--interval', '1s'],
    {
      env: { ...env, LOGHOOK_ADMIN_TOKEN: ADMIN_TOKEN, LOGHOOK_HEALTH_QUEUE_AGE: '1s' },
    },
  );
  const url = await adminUrl(loghook);
  const events = addEvents(org, 5);
  await receiver.waitFor(5);
  await until(
    () => health(url),
    ({ status }) => status === 503,
  );

  const answers = await everyAnswer(url);
  const { stdout, stderr } = await loghook.stop();

  assertNoMark(answers, 'an answer');
  assertNoMark(`${stdout}${stderr}`, 'the log');
  assert.doesNotMatch(answers, /http:|https:|\/S3|state\.db/);
  for (const raw of events) {
    const { uuid, actor } = JSON.parse(raw.toString());
    for (const secret of [uuid, actor.id, actor.alternateId]) assert.ok(!answers.includes(secret));
  }
});

test('promtool finds nothing wrong with what is scraped', async (t) => {
  const promtool = spawnSync('promtool', ['--version']);
  if (promtool.error !== undefined) return t.skip('promtool is not installed (Debian: prometheus)');
  const { receiver, routes } = await plainRoutes(t);
  const { org, url } = await started(t, routes);
  addEvents(org, 3);
  await receiver.waitFor(3);
  const { text: input } = await scrape(url);

  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input,
    encoding: 'utf8',
  });

  assert.deepEqual([status, stdout, stderr], [0, '', '']);
});
