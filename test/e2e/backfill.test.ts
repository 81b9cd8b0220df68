/** `loghook backfill`, the real process, beside the real daemon and without one. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { practiceEvent, seededRandom } from '../../src/practice/events.ts';
import type { PracticeOrg, PracticeOrgOptions } from '../../src/practice/org.ts';
import type { PracticeReceiver } from '../../src/practice/receiver.ts';
import { openDatabase } from '../../src/state/database/sqlite.ts';
import { contentOf, factsOf } from '../support/folder-hash.ts';
import {
  addEvents,
  type Ended,
  type Loghook,
  openOrg,
  openReceiver,
  Sandbox,
} from '../support/loghook.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 3_600_000;

async function desk(t: TestContext, options: PracticeOrgOptions = {}) {
  const { org, env } = await openOrg(t, options);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const route = (name: string, more = '') =>
    `  - { name: ${name}, match: .*, url: "${receiver.url}/${name}"${more} }\n`;
  return {
    org,
    env,
    receiver,
    sandbox,
    routes: (...lines: readonly string[]) =>
      sandbox.write('loghook.yaml', `routes:\n${lines.join('')}`),
    route,
    daemon: (...args: string[]): Loghook =>
      sandbox.start(['run', '--interval', '1s', '--state', 'state', ...args], { env }),
    backfill: (...args: string[]): Promise<Ended> =>
      sandbox.run(['backfill', '--state', 'state', ...args], { env }),
    beside: (...args: string[]): Promise<Ended> =>
      sandbox.run([...args, '--state', 'state'], { env }),
    startBackfill: (...args: string[]): Loghook =>
      sandbox.start(['backfill', '--state', 'state', ...args], { env }),
  };
}

function idsAt(receiver: PracticeReceiver, path: string): string[] {
  return receiver.received.filter((one) => one.path === path).map(({ id }) => String(id));
}

/** So many events, one after the other from `fromMs` ago. */
function spreadEvents(org: PracticeOrg, count: number, fromMs: number, seed = 1): Buffer[] {
  const random = seededRandom(seed);
  const from = Date.now() - fromMs;
  return Array.from({ length: count }, (_, index) => {
    const at = from + index;
    const raw = practiceEvent(random, at);
    org.add(raw, { publishedAt: at, persistedAt: at });
    return raw;
  });
}

/** What `order: key` parts events by: the first target of type User, else the actor. */
function laneKey(raw: Buffer): string {
  const { actor, target } = JSON.parse(`${raw}`);
  const user = (target ?? []).find(({ type }: { type?: string }) => type === 'User');
  return String(user?.id ?? actor?.id);
}

function idsOf(raws: readonly Buffer[]): string[] {
  return raws.map((raw) => JSON.parse(`${raw}`).uuid);
}

test('owes the history from before the first start, once, as replays, beside the daemon', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  const old = addEvents(org, 30, 2 * HOUR_MS, 1);
  const live = addEvents(org, 3, 30_000, 2);
  const running = daemon();
  await running.line('stdout', /ready/);
  await receiver.waitFor(3);

  const first = await backfill('--since', '1d');
  await receiver.waitFor(33);
  const second = await backfill('--since', '1d', '--json');
  await running.stop();

  assert.equal(first.code, 0, first.stderr);
  assert.match(
    first.stdout,
    /33 events read\nROUTE +WANTED +ALREADY THERE +OWED NOW\nsiem +33 +3 +30\n/,
  );
  assert.deepEqual(idsAt(receiver, '/siem').sort(), idsOf([...old, ...live]).sort());
  const replays = receiver.received.filter(({ headers }) => headers['loghook-replay'] === 'true');
  assert.deepEqual(replays.map(({ id }) => id).sort(), idsOf(old).sort());
  assert.deepEqual(JSON.parse(second.stdout).routes, [
    { route: 'siem', wanted: 33, alreadyThere: 33, forgotten: 0, owed: 0 },
  ]);
});

test('without a daemon it says that loghook run will send them, and a dry run changes nothing', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  addEvents(org, 10, HOUR_MS, 1);
  addEvents(org, 1, 30_000, 2);
  const first = daemon();
  await receiver.waitFor(1);
  await first.stop();

  const dry = await backfill('--since', '1d', '--dry-run');
  const real = await backfill('--since', '1d');
  const second = daemon();
  await receiver.waitFor(11);
  await second.stop();

  assert.match(dry.stdout, /WOULD OWE\nsiem +11 +1 +10\n/);
  assert.match(real.stdout, /OWED NOW\nsiem +11 +1 +10\n/);
  assert.match(real.stderr, /no daemon is running here: `loghook run` will send them/);
  assert.equal(receiver.received.length, 11);
});

/** What `start` starts has read some pages, and waits for one that does not come. */
async function hanging<T>(org: PracticeOrg, start: () => T): Promise<T> {
  const asked = org.requestCount;
  const started = start();
  await org.waitForRequests(asked + 2);
  org.fail({ kind: 'hang' });
  await until(
    async () => org.requests.map(({ fault }) => fault),
    (faults) => faults.includes('hang'),
  );
  return started;
}

test('a killed one goes on where it was, and nothing comes twice', async (t) => {
  const { org, receiver, routes, route, daemon, backfill, startBackfill } = await desk(t);
  routes(route('siem'), route('audit'));
  const old = spreadEvents(org, 6_000, 2 * HOUR_MS);
  const live = addEvents(org, 1, 30_000, 2);
  const running = daemon('--interval', '1h');
  await receiver.waitFor(2);
  const first = await hanging(org, () => startBackfill('--since', '3h'));
  await first.stop('SIGKILL');

  const second = await backfill('--since', '3h');
  const third = await backfill('--since', '3h', '--json');
  await receiver.waitFor(2 * 6_001);
  await running.stop();

  assert.match(second.stderr, /goes on with the backfill that began at .*, from 2/);
  assert.match(second.stdout, /6,001 events read/);
  assert.match(second.stdout, /siem +6,001 +1 +6,000\n/);
  assert.equal(JSON.parse(third.stdout).owed, 0);
  for (const path of ['/siem', '/audit']) {
    assert.deepEqual(idsAt(receiver, path).sort(), idsOf([...old, ...live]).sort());
  }
});

test('a route that was added later gets what it missed, judged by the routes as they are now', async (t) => {
  const { org, env, sandbox, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  const events = spreadEvents(org, 40, 60_000);
  const running = daemon('--log-format', 'json', '--since', '1h');
  await receiver.waitFor(40);
  routes(route('siem'), route('late'));
  const tooEarly = await backfill('--since', '1h');
  running.child.kill('SIGHUP');
  await running.logged('routes reloaded');

  const { code, stdout } = await backfill('--since', '1h', '--route', 'late');
  await receiver.waitFor(80);
  await running.stop();
  const audited = await sandbox.run(
    ['audit', '--state', 'state', '--since', '50m', '--until', '20s'],
    { env },
  );

  assert.equal(audited.code, 0, `${audited.stdout}${audited.stderr}`);
  assert.equal(tooEarly.code, 2);
  assert.match(tooEarly.stderr, /the daemon of this state folder does not have late in force/);
  assert.equal(code, 0);
  assert.match(stdout, /\nlate +40 +0 +40\n$/);
  assert.deepEqual(idsAt(receiver, '/late').sort(), idsOf(events).sort());
  assert.equal(idsAt(receiver, '/siem').length, 40);
});

test('routes with an order get the past in the order of the log', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('strict', ', order: strict'), route('keyed', ', order: key'));
  const old = spreadEvents(org, 300, 2 * HOUR_MS);
  const running = daemon();
  await running.line('stdout', /ready/);

  const { code } = await backfill('--since', '3h', '--until', '1h');
  await receiver.waitFor(600);
  await running.stop();

  assert.equal(code, 0);
  assert.deepEqual(idsAt(receiver, '/strict'), idsOf(old));
  const actors = new Map(old.map((raw) => [JSON.parse(`${raw}`).uuid, laneKey(raw)]));
  for (const actor of new Set(actors.values())) {
    const isOfActor = (id: string) => actors.get(id) === actor;
    assert.deepEqual(idsAt(receiver, '/keyed').filter(isOfActor), idsOf(old).filter(isOfActor));
  }
});

test('a paused route is owed and waits, a disabled one is not owed', async (t) => {
  const { org, receiver, routes, route, daemon, backfill, beside } = await desk(t);
  routes(route('siem'), route('off', ', enabled: false'));
  spreadEvents(org, 10, 2 * HOUR_MS);
  const running = daemon('--log-format', 'json');
  await running.logged('ready');
  await beside('pause', 'siem');
  await running.logged('route paused');

  const named = await backfill('--since', '3h', '--route', 'off');
  const all = await backfill('--since', '3h', '--until', '1h');
  const waiting = await beside('deliveries', '--json', '--status', 'paused');
  const before = receiver.received.length;
  await beside('resume', 'siem');
  await receiver.waitFor(10);
  await running.stop();

  assert.equal(named.code, 2);
  assert.match(named.stderr, /--route: off is disabled in the routes file/);
  assert.match(all.stdout, /OWED NOW\nsiem +10 +0 +10\n$/);
  assert.match(all.stderr, /siem is paused: its events wait until `loghook resume siem`/);
  assert.equal(waiting.stdout.trim().split('\n').length, 10);
  assert.equal(before, 0);
});

test('a dry run leaves the state as it is, without a daemon, and but for who reads beside one', async (t) => {
  const { org, sandbox, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  spreadEvents(org, 10, 2 * HOUR_MS);
  addEvents(org, 1, 30_000, 2);
  const running = daemon('--interval', '1h');
  await receiver.waitFor(1);
  running.child.kill('SIGSTOP'); // what it records by itself is not what is looked at here
  const folder = join(sandbox.cwd, 'state');
  const state = join(folder, `127.0.0.1-${new URL(org.url).port}`, 'state.db');
  const before = factsOf(state);

  const first = await backfill('--since', '3h', '--dry-run');
  const beside = factsOf(state);
  running.child.kill('SIGCONT');
  await running.stop();
  const stopped = contentOf(folder);
  const second = await backfill('--since', '3h', '--dry-run');

  assert.match(first.stdout, /WOULD OWE\nsiem +11 +1 +10\n$/);
  assert.equal(beside, before);
  assert.match(second.stdout, /WOULD OWE\nsiem +11 +1 +10\n$/);
  assert.equal(contentOf(folder), stopped);
});

test('a daemon that reads new events meanwhile loses none, and none comes twice', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'), route('users', '').replace('.*', '^user'));
  const events = spreadEvents(org, 3_000, 2 * HOUR_MS);
  const running = daemon();
  await running.line('stdout', /ready/);
  const add = () => {
    events.push(...addEvents(org, 20, 0, events.length));
  };
  add();
  const isDone = backfill('--since', '3h').finally(() => clearInterval(timer));
  const timer = setInterval(add, 50);

  const { code, stderr } = await isDone;
  const wanted = (raw: Buffer) => /^user/.test(JSON.parse(`${raw}`).eventType);
  await receiver.waitFor(events.length + events.filter(wanted).length);
  await running.stop();

  assert.equal(code, 0, stderr);
  assert.deepEqual(idsAt(receiver, '/siem').sort(), idsOf(events).sort());
  assert.deepEqual(idsAt(receiver, '/users').sort(), idsOf(events.filter(wanted)).sort());
});

test('daemon and backfill together keep to half of the rate limit, and take no last request', async (t) => {
  const { org, receiver, routes, route, daemon, startBackfill } = await desk(t, { rateLimit: 24 });
  routes(route('siem'));
  spreadEvents(org, 10_000, 2 * HOUR_MS);
  addEvents(org, 1, 30_000, 2);
  const running = daemon('--log-level', 'debug', '--log-format', 'json');
  await receiver.waitFor(1);

  const reading = startBackfill('--since', '3h', '--log-level', 'debug');
  await Promise.all([reading.line('stderr', /rate limit/), running.line('stdout', /rate limit/)]);
  await reading.stop('SIGINT');
  await running.stop();

  const windows = new Map<number, number>();
  for (const { at } of org.requests) {
    const window = Math.floor((at - 17_000) / 60_000);
    windows.set(window, (windows.get(window) ?? 0) + 1);
  }
  for (const requests of windows.values()) assert.ok(requests <= 12, `${requests} requests`);
  assert.equal(org.violations, 0);
});

test('is stopped by ^C between two pages, and goes on from there', async (t) => {
  const { org, receiver, routes, route, daemon, backfill, startBackfill } = await desk(t);
  routes(route('siem'));
  spreadEvents(org, 5_000, 2 * HOUR_MS);
  addEvents(org, 1, 30_000, 2);
  const running = daemon('--interval', '1h');
  await receiver.waitFor(1);
  const first = await hanging(org, () => startBackfill('--since', '3h'));

  const stopped = await first.stop('SIGINT');
  const { stderr, stdout } = await backfill('--since', '3h');
  await receiver.waitFor(5_001);
  await running.stop();

  assert.equal(stopped.code, 0, stopped.stderr);
  assert.match(stopped.stdout, /: 2,000 events read\n/);
  assert.match(stopped.stderr, /the same command goes on from here/);
  assert.match(stderr, /goes on with the backfill/);
  assert.match(stdout, /siem +5,001 +1 +5,000\n/);
});

test('does not take the last hours of yesterday for those of today', async (t) => {
  const { org, sandbox, receiver, routes, route, daemon, backfill, startBackfill } = await desk(t);
  routes(route('siem'));
  spreadEvents(org, 3_000, 2 * HOUR_MS);
  addEvents(org, 1, 30_000, 2);
  const running = daemon('--interval', '1h');
  await receiver.waitFor(1);
  const first = await hanging(org, () => startBackfill('--since', '3h'));
  await first.stop('SIGKILL');
  await running.stop();
  const url = new URL(org.url);
  const path = join(sandbox.cwd, 'state', `${url.hostname}-${url.port}`, 'state.db');
  const database = openDatabase(path, { timeout: 5_000 });
  database.exec(`UPDATE backfills SET since = since - 86400000, until = until - 86400000,
    read_to = read_to - 86400000, started_at = started_at - 86400000`);
  database.close();

  const { code, stdout, stderr } = await backfill('--since', '3h');

  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^the backfill of these words that began at \S+ was cut off, and is left so/m,
  );
  assert.doesNotMatch(stderr, /goes on/);
  assert.match(stdout, /: 3,001 events read\n/);
});

test('begins again from where it came to when Okta refuses its link', async (t) => {
  const { org, receiver, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  const old = spreadEvents(org, 3_000, 2 * HOUR_MS);
  const running = daemon('--interval', '1h');
  await running.line('stdout', /ready/);
  org.fail({ kind: 'stale-link' });

  const { code, stderr } = await backfill('--since', '3h', '--until', '1h');
  await receiver.waitFor(3_000);
  await running.stop();

  assert.equal(code, 0, stderr);
  assert.deepEqual(idsAt(receiver, '/siem').sort(), idsOf(old).sort());
});

const REFUSED: readonly (readonly [args: readonly string[], message: RegExp])[] = [
  [[], /--since: it is missing/],
  [['--since', 'soon'], /--since: "soon" is neither a duration/],
  [['--since', '1h', '--until', '2h'], /--until: it is not after --since/],
  [['--since', '1h', '--until', '2099-01-01'], /--until: it lies in the future/],
  [['--since', '1h', '--route', 'https://x/S3CRET'], /--route: no route has this name/],
];

test('refuses in words what it cannot do', async (t) => {
  const { sandbox, env, routes, route, daemon, backfill } = await desk(t);
  routes(route('siem'));
  const none = await backfill('--since', '1h');
  const running = daemon();
  await running.line('stdout', /ready/);
  await running.stop();

  for (const [args, message] of REFUSED) {
    const { code, stderr } = await backfill(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /S3CRET/);
  }
  const refused = await sandbox.run(['backfill', '--since', '1h', '--state', 'state'], {
    env: { ...env, OKTA_API_KEY: 'wrong' },
  });
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /E0000011/);
  assert.equal(none.code, 3);
});
