/** What doctor finds out about daemons, what is overdue, and several orgs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOrg, Sandbox } from '../../support/loghook.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import { A, allTo, B, eventsOf, never, pageOf } from '../../support/outbox-events.ts';
import { diagnose, found } from './desk.ts';
import { closedState, ENV, poll, stateOf } from './state-desk.ts';

test('a daemon that runs here, and has not polled for an hour', async (t) => {
  const { sandbox, outbox } = await stateOf(t, 3_600_000, async (desk) => {
    await poll(desk);
    await desk.outbox.saveTrouble('HTTP 503');
    await desk.clock.advance(1_000);
  });
  t.after(() => outbox.close());

  const { findings } = await diagnose(sandbox, ENV);

  found(findings, 'daemon-running', new RegExp(`\\(pid ${process.pid}\\)`));
  found(findings, 'poll-late', /last good poll was .*60 min ago/, /log/);
  found(findings, 'trouble-noted', /the daemon cannot read Okta/);
});

test('a daemon that is over the rate limit: Okta is not asked for more', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  const folder = join(sandbox.home, '.local/state/loghook', `127.0.0.1-${new URL(org.url).port}`);
  const clock = new FakeClock(Date.now());
  const { outbox } = openOutbox(t, { folder, clock });
  await outbox.saveTrouble('HTTP 429 E0000047 API call exceeded rate limit');
  await clock.advance(1_000);

  const { findings } = await diagnose(sandbox, env);

  found(findings, 'rate-spent', /over the rate limit just now, so Okta was not asked/);
  found(findings, 'credentials-untested', /over the rate limit/);
  assert.equal(org.requestCount, 0);
});

test('several orgs: each is looked at, and named', async (t) => {
  const { org, env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `routes:
  - { name: siem, match: '.', url: 'http://127.0.0.1:9/' }
orgs:
  - { name: emea, url: '${env.OKTA_ORG_URL}', token: '\${EMEA}' }
  - { name: apac, url: 'http://127.0.0.1:9', token: '\${APAC}' }
`,
  );
  const tokens = { EMEA: org.token, APAC: 'other-token-of-apac' };

  const both = await diagnose(sandbox, tokens);
  const one = await diagnose(sandbox, tokens, ['--org', 'emea']);
  const shown = await sandbox.run(['doctor'], { env: tokens });
  const broken = await diagnose(sandbox, { EMEA: org.token });

  assert.equal(found(both.findings, 'credentials-good', /./).org, 'emea');
  assert.equal(found(both.findings, 'org-unreachable', /./).org, 'apac');
  assert.deepEqual([...new Set(one.findings.map((each) => each.org))], ['emea']);
  assert.match(shown.stdout, /^org emea\nsettings\n/);
  assert.match(shown.stdout, /\n\norg apac\nsettings\n/);
  found(broken.findings, 'setting-wrong', /APAC/);
  for (const id of ['org-unknown', 'folder-unknown'] as const) {
    assert.doesNotMatch(found(broken.findings, id, /./, /said above/).fix ?? '', /OKTA_ORG_URL/);
  }
});

test('routes that are held, paused or gone, and what waits too long', async (t) => {
  const { sandbox, folder } = await closedState(t, 3 * 3_600_000, async (desk) => {
    const { outbox, clock } = desk;
    await outbox.adopt([A, B, { key: 'name:left', name: 'left' }]);
    await outbox.commit(
      pageOf(eventsOf(1, 2)),
      allTo(A, B, { key: 'name:left', name: 'left' }),
      never,
    );
    await outbox.saveRouteState(A.key, { kind: 'held', why: '410 gone', since: clock.now() });
    await outbox.adopt([A, B]);
  });
  const database = openDatabase(join(folder, 'state.db'));
  database
    .prepare('UPDATE routes SET paused_at = ? WHERE key = ?')
    .run(Date.now() - 7_200_000, B.key);
  database.close();

  const { findings } = await diagnose(sandbox, ENV);

  found(
    findings,
    'route-held',
    /^a\.example#1111 is held for 3 h: 410 gone$/,
    /loghook resume a\.example/,
  );
  found(
    findings,
    'delivery-overdue',
    /^a\.example#1111: 2 queued, the oldest for 3 h$/,
    /no daemon runs here/,
  );
  found(
    findings,
    'route-paused',
    /^b\.example#2222 is paused for 2 h, 2 queued$/,
    /loghook resume/,
  );
  found(findings, 'queue-left', /^left is in the routes no more, and 2 events/, /route move left/);
});

/** A process of its own that holds the folder, as a daemon does. */
async function hold(t: TestContext, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const holder = fileURLToPath(new URL('../../support/hold-folder.js', import.meta.url));
  const child = spawn(process.execPath, [holder, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.once('close', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child.pid ?? 0;
}

test('of several orgs each is said once to run, and one that its daemon does not run', async (t) => {
  const sandbox = new Sandbox(t);
  const state = join(sandbox.cwd, 'state');
  const orgs = [1, 2, 3].map(
    (n) => `  o${n}: { url: 'http://127.0.0.1:${n}', token: '\${T${n}}' }`,
  );
  const routes = "routes: [{ name: siem, match: '.*', url: 'http://127.0.0.1:9/' }]";
  sandbox.write('loghook.yaml', `${routes}\norgs:\n${orgs.join('\n')}\n`);
  const pid = await hold(t, join(state, '127.0.0.1-1'));
  await hold(t, join(state, '127.0.0.1-2'));
  const tokens = { T1: 'x1', T2: 'x2', T3: 'x3' };

  const { findings } = await diagnose(sandbox, tokens, ['--state', state]);

  const running = findings.filter(({ id }) => id === 'daemon-running');
  assert.deepEqual(
    running.map(({ org }) => org),
    ['o1', 'o2'],
  );
  const words = new RegExp(`^the daemon \\(pid ${pid}\\) runs other orgs of the file`);
  assert.equal(found(findings, 'daemon-partly', words, /SIGHUP/).org, 'o3');
  assert.deepEqual(
    findings.filter(({ found: said }) => /another org's daemon/.test(said)),
    [],
  );
});

test('other daemons: of this org elsewhere, of another org, of listen', async (t) => {
  const sandbox = new Sandbox(t);
  const usual = join(sandbox.home, '.local/state/loghook');
  const twin = await hold(t, join(usual, '127.0.0.1-9'));
  const other = await hold(t, join(usual, 'other.okta.com'));
  const state = join(sandbox.cwd, 'state');
  const listening = await hold(t, join(state, '127.0.0.1-9/listen-1234abcd'));
  await hold(t, join(state, '127.0.0.1-9'));

  const { findings } = await diagnose(sandbox, ENV, ['--state', state]);

  found(
    findings,
    'daemon-twin',
    new RegExp(`127\\.0\\.0\\.1-9 \\(pid ${twin}\\): .*twice`),
    /stop one/,
  );
  found(
    findings,
    'daemon-elsewhere',
    new RegExp(`another org's daemon .*other\\.okta\\.com \\(pid ${other}\\)`),
  );
  found(findings, 'daemon-listening', new RegExp(`runs \\(pid ${listening}\\)`));
});
