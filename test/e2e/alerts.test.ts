/** Loghook's own events on their way out: a whole session with a practice org and receivers, real sockets and state. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { runSession } from '../../src/cli/run/run-session.ts';
import { SystemClock } from '../../src/clock.ts';
import { openLog, silentLog } from '../../src/log.ts';
import { parseDestination, type Route } from '../../src/routing/route.ts';
import { Routes } from '../../src/routing/routes.ts';
import { readStanding } from '../../src/state/beside/standing.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { verifies } from '../support/verifies.ts';

interface Session {
  readonly stop: () => Promise<number>;
  readonly logged: (msg: string) => Promise<Record<string, unknown>>;
}

async function openScene(t: TestContext) {
  const { org } = await openOrg(t);
  const [siem, alerts] = [await openReceiver(t), await openReceiver(t)];
  const folder = tempFolder(t);
  const start = (routes: readonly Route[], once = false): Session => {
    const stop = new AbortController();
    const lines: Record<string, unknown>[] = [];
    const waiting = new Set<() => void>();
    const log = openLog('info', {
      write: (line) => {
        lines.push(JSON.parse(line));
        for (const look of waiting) look();
      },
    });
    const ended = runSession({
      io: {
        env: {},
        cwd: folder,
        version: '1.2.3',
        stdin: NO_INPUT,
        stdout: SILENT,
        stderr: SILENT,
      },
      log,
      org: { url: new URL(org.url), notes: [] },
      identity: { kind: 'token', token: org.token },
      routes: new Routes(routes),
      folder,
      interval: 200,
      once,
      stop: { soft: stop.signal, hard: new AbortController().signal },
    });
    t.after(async () => {
      stop.abort();
      await ended;
    });
    return {
      stop: () => {
        if (!once) stop.abort();
        return ended;
      },
      logged: (msg) =>
        new Promise((resolve) => {
          const look = () => {
            const found = lines.find((line) => line.msg === msg);
            if (found !== undefined) resolve(found);
          };
          waiting.add(look);
          look();
        }),
    };
  };
  return { org, siem, alerts, folder, start };
}

const SILENT = { write: () => undefined };
const NO_INPUT = () => Readable.from([]);

function routeTo(url: string, name: string, more: Partial<Route> = {}): Route {
  const destination = parseDestination(url);
  assert.ok('key' in destination);
  return { ...destination, key: `name:${name}`, name, patterns: ['.*'], ...more };
}

function alertsTo(url: string, more: Partial<Route> = {}): Route {
  return routeTo(url, 'alerts', { key: 'alerts', patterns: [], ...more });
}

test('a gap and a dead letter are told, signed, each once; a restart repeats none', async (t) => {
  const { org, siem, alerts, start } = await openScene(t);
  const key = randomBytes(32);
  const routes = [
    routeTo(`${siem.url}/S3CRET`, 'siem', { maxAgeMs: 1 }),
    alertsTo(`${alerts.url}/alerts?token=S3CRET`, { secrets: [{ key }] }),
  ];
  addEvents(org, 3);

  const first = start(routes);
  await alerts.waitFor(1);
  org.fail({ kind: 'stale-link' });
  await alerts.waitFor(2);
  await first.stop();
  const again = start(routes);
  await again.logged('ready');
  await alerts.waitFor(3);
  await again.stop();

  const told = alerts.received.map(({ body }) => JSON.parse(`${body}`));
  assert.deepEqual(
    told.map(({ eventType, debugContext }) => [eventType, debugContext.debugData.count]),
    [
      ['loghook.dead', 1],
      ['loghook.gap', undefined],
      ['loghook.dead', 2],
    ],
  );
  assert.doesNotMatch(JSON.stringify(told), /S3CRET/);
  for (const request of alerts.received) {
    assert.equal(request.id, JSON.parse(`${request.body}`).uuid);
    assert.ok(verifies(request, `whsec_${key.toString('base64')}`));
  }
  assert.equal(siem.received.length, 0);
});

test('an alerts URL that is down holds only itself, and tells nothing of it', async (t) => {
  const { org, siem, alerts, folder, start } = await openScene(t);
  const gone = `${alerts.url}/`;
  await alerts.close();
  const late = routeTo(`${siem.url}/late`, 'late', { maxAgeMs: 1 });
  const session = start([routeTo(`${siem.url}/siem`, 'siem'), late, alertsTo(gone)]);

  addEvents(org, 20);
  await siem.waitFor(20);
  org.fail({ kind: 'stale-link' });
  await session.logged('route held');
  addEvents(org, 20, 0, 2);
  await siem.waitFor(40);
  await session.stop();

  const { routes } = await readStanding(folder);
  const standing = new Map(routes.map((route) => [route.name, route]));
  assert.equal(standing.get('siem')?.state.kind, 'flowing');
  assert.equal(standing.get('alerts')?.state.kind, 'held');
  const owed = standing.get('alerts')?.queued ?? 0;
  assert.ok(owed >= 2 && owed <= 4, `${owed} alerts are owed, none of them of the alerts route`);
});

test('once, what became of the events is told before it ends', async (t) => {
  const { org, siem, alerts, start } = await openScene(t);
  addEvents(org, 30);
  const routes = [routeTo(`${siem.url}/`, 'siem', { maxAgeMs: 1 }), alertsTo(`${alerts.url}/`)];

  const code = await start(routes, true).stop();

  const told = alerts.received.map(({ body }) => JSON.parse(`${body}`));
  assert.equal(code, 0);
  assert.deepEqual(
    told.map(({ debugContext }) => debugContext.debugData.count),
    [1, 29],
  );
});

test('once, a route that was held in runs before is told of before it ends', async (t) => {
  const { org, siem, alerts, folder, start } = await openScene(t);
  addEvents(org, 3);
  siem.answer = () => ({ status: 401 });
  const routes = [routeTo(`${siem.url}/`, 'siem'), alertsTo(`${alerts.url}/`)];
  const clock = new SystemClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  await outbox.adopt(routes);
  const since = clock.now() - 120_000;
  await outbox.saveRouteState('name:siem', {
    kind: 'held',
    why: '401 unauthorized',
    since,
    until: since,
  });
  await outbox.close();

  const code = await start(routes, true).stop();

  const told = alerts.received.map(({ body }) => JSON.parse(`${body}`).eventType);
  assert.equal(code, 5);
  assert.deepEqual(told, ['loghook.route.held']);
});

test('the real process tells, pings and shows; killed and started again it tells nothing twice', async (t) => {
  const { org, env } = await openOrg(t);
  const [siem, own] = [await openReceiver(t), await openReceiver(t)];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `
alerts: { url: '${own.url}/alerts?S3CRET', secrets: '\${SECRET}' }
heartbeat: ${own.url}/ping?S3CRET
routes:
  - { name: siem, match: '.*', url: '${siem.url}/', expect: 1 per 15m }
  - { name: late, match: '.*', url: '${siem.url}/late', maxAge: 1m }
`,
  );
  addEvents(org, 1, 300_000);
  const args = ['--interval', '1s', '--state', 'state'];
  const settings = { env: { ...env, SECRET: secret } };

  const killed = sandbox.start([...args, '--since', '1h'], settings);
  await killed.logged('delivery attempted', { route: 'alerts' });
  org.fail({ kind: 'stale-link' });
  await own.waitFor(3);
  await killed.stop('SIGKILL');
  const again = sandbox.start(args, settings);
  await again.logged('ready');
  await own.waitFor(4);
  const shown = await sandbox.run(['status', '--state', 'state'], { env });
  const { stdout } = await again.stop();

  const alerts = own.received.filter(({ path }) => path.startsWith('/alerts'));
  const told = new Map(alerts.map(({ id, body }) => [id, JSON.parse(`${body}`).eventType]));
  assert.deepEqual([...told.values()].sort(), ['loghook.dead', 'loghook.gap']);
  assert.ok(alerts.every((request) => verifies(request, secret)));
  assert.ok(own.received.some(({ path, method }) => method === 'GET' && path === '/ping?S3CRET'));
  assert.match(shown.stdout, /^gaps +1 in the last 30 days$/m);
  assert.match(shown.stdout, /^alerts .*\n {2}takes loghook's own news$/m);
  assert.doesNotMatch(`${killed.stdout}${stdout}${shown.stdout}${shown.stderr}`, /S3CRET|whsec_/);
});
