/**
 * No secret is ever shown: every command is driven with marked ones, in good and in failing situations, and everything
 * that comes out is searched: stdout, stderr, file names and files below the home folder, and what `ps` lists.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { loadRoutes } from '../../src/config/csv/read.ts';
import { silentLog } from '../../src/log.ts';
import type { PracticeOrg } from '../../src/practice/org.ts';
import type { Routes } from '../../src/routing/routes.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import {
  assertNoMark,
  assertNoMarkIn,
  secretUrl,
  TOKEN,
  titleOf,
  USERINFO,
} from '../support/marks.ts';

const FORMATS = ['json', 'pretty'] as const;

async function secretOrg(
  t: TestContext,
): Promise<{ org: PracticeOrg; env: Record<string, string> }> {
  const { org, env } = await openOrg(t, { token: TOKEN });
  return { org, env };
}

interface Situation {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly routes?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const BAD_ROUTES = [
  `(,${secretUrl('https://h.example')}`,
  `${secretUrl('https://h.example')},.*`,
  secretUrl('https://h.example'),
  `.*,${secretUrl('ftp://h.example')}`,
  `.*,${secretUrl('https://h.example')} # mine`,
  `.*,${secretUrl('https://h.example')},x`,
  `.*,"${secretUrl('https://h.example')}`,
  '.*,https://S3CRET-user:S3CRET-pass%@h.example/',
  '.*,S3CRET-user:S3CRET-pass@h.example/S3CRET-path',
  '.*,https://S3CRET-user:12#S3CRET@h.example/',
].join('\n');
const GOOD_ROUTES = `.*,${secretUrl('https://h.example')}\n`;

const SITUATIONS: readonly Situation[] = [
  { name: 'check, all well', args: ['check'], code: 0, routes: GOOD_ROUTES },
  { name: 'check, bad routes', args: ['check'], code: 2, routes: BAD_ROUTES },
  { name: 'doctor, bad routes', args: ['doctor', '--send'], code: 1, routes: BAD_ROUTES },
  {
    name: 'doctor, org URL with everything in it',
    args: ['doctor', '--json'],
    code: 1,
    env: { OKTA_ORG_URL: secretUrl('https://acme.okta.com') },
  },
  {
    name: 'doctor, refused token',
    args: ['doctor', '--send'],
    code: 1,
    routes: `.*,${secretUrl('http://h.invalid')}\n`,
    env: { OKTA_API_KEY: 'S3CRET-wrong' },
  },
  {
    name: 'doctor, a URL for a route',
    args: ['doctor', '--send', secretUrl('https://h.example')],
    code: 2,
    routes: GOOD_ROUTES,
  },
  { name: 'run, bad routes', args: ['run'], code: 2, routes: BAD_ROUTES },
  { name: 'run, no routes', args: ['run'], code: 2 },
  {
    name: 'run, org URL with everything in it',
    args: ['run'],
    code: 2,
    routes: GOOD_ROUTES,
    env: { OKTA_ORG_URL: secretUrl('https://acme.okta.com') },
  },
  {
    name: 'run, org URL that is the token',
    args: ['run'],
    code: 2,
    env: { OKTA_ORG_URL: TOKEN },
  },
  { name: 'run, token of two words', args: ['run'], code: 2, env: { OKTA_API_KEY: `${TOKEN} x` } },
  {
    name: 'run, token for its file',
    args: ['run'],
    code: 2,
    env: { OKTA_API_KEY: '', OKTA_API_KEY_FILE: TOKEN },
  },
  {
    name: 'tail, refused token',
    args: ['tail'],
    code: 4,
    env: { OKTA_API_KEY: 'S3CRET-wrong' },
  },
  {
    name: 'run, refused token',
    args: ['run'],
    code: 4,
    routes: GOOD_ROUTES,
    env: { OKTA_API_KEY: 'S3CRET-wrong' },
  },
  { name: 'tail, all well', args: ['tail', '--since', '2h', '--until', '1m'], code: 0 },
  { name: 'listen, bad URL', args: ['listen', secretUrl('ftp://h.example')], code: 2 },
  { name: 'listen, no URL', args: ['listen', 'S3CRET-user:S3CRET-pass@h/S3CRET-path'], code: 2 },
  { name: 'status, no state', args: ['status'], code: -1 },
  { name: 'dead list, no state', args: ['dead', 'list'], code: -1 },
  { name: 'try, all well', args: ['try', '--since', '2h'], code: 0, routes: GOOD_ROUTES },
  { name: 'try, bad routes', args: ['try'], code: 2, routes: BAD_ROUTES },
  {
    name: 'try, a URL for a route',
    args: ['try', '--route', secretUrl('https://h.example')],
    code: 2,
    routes: GOOD_ROUTES,
  },
  {
    name: 'try, refused token',
    args: ['try'],
    code: 4,
    routes: GOOD_ROUTES,
    env: { OKTA_API_KEY: 'S3CRET-wrong' },
  },
  {
    name: 'test, no connection',
    args: ['test', 'h.'],
    code: 5,
    routes: `.*,${secretUrl('http://h.invalid')}\n`,
  },
  { name: 'test, bad routes', args: ['test', 'h.'], code: 2, routes: BAD_ROUTES },
  {
    name: 'test, a URL for a route',
    args: ['test', secretUrl('https://h.example')],
    code: 2,
    routes: GOOD_ROUTES,
  },
  { name: 'unknown word', args: [secretUrl('https://h.example')], code: 2 },
  { name: 'unknown option', args: [`--token=${TOKEN}`], code: 2 },
  { name: 'service print', args: ['service', 'print', 'systemd'], code: -1 },
  { name: 'service print, a secret', args: ['service', 'print', secretUrl('https://h')], code: 2 },
];

for (const { name, args, code, routes, env: own } of SITUATIONS) {
  test(`shows no secret: ${name}`, async (t) => {
    const { env } = await secretOrg(t);
    const sandbox = new Sandbox(t);
    if (routes !== undefined) sandbox.write('loghook.csv', routes);

    const ended = await sandbox.run(args, { env: { ...env, ...own } });

    if (code >= 0) assert.equal(ended.code, code, ended.stderr);
    assertNoMark(ended.stdout, 'stdout');
    assertNoMark(ended.stderr, 'stderr');
    assertNoMarkIn(sandbox.home);
  });
}

const ANSWERS = {
  200: { status: 200 },
  302: { status: 302, headers: { location: '/S3CRET-path' }, body: 'S3CRET' },
  401: { status: 401, body: 'S3CRET' },
  404: { status: 404, body: 'S3CRET' },
  500: { status: 500, body: 'S3CRET' },
} as const;

for (const format of FORMATS) {
  for (const [status, answer] of Object.entries(ANSWERS)) {
    test(`shows no secret: a receiver that answers ${status}, ${format}`, async (t) => {
      const { org, env } = await secretOrg(t);
      const receiver = await openReceiver(t);
      receiver.answer = () => answer;
      addEvents(org, 8);
      const sandbox = new Sandbox(t);
      sandbox.write('loghook.csv', `.*,${secretUrl(receiver.url)}\n`);

      const ended = await sandbox.run(['--once', '--log-format', format], { env });
      const after = [
        await sandbox.run(['status'], { env }),
        await sandbox.run(['status', '--json'], { env }),
      ];

      assert.equal(ended.code, status === '200' ? 0 : 5);
      assert.ok(receiver.received.length > 0);
      assert.equal(receiver.received[0]?.path, '/S3CRET-path?key=S3CRET-query');
      for (const { stdout, stderr } of [ended, ...after]) assertNoMark(stdout + stderr, 'output');
      assertNoMarkIn(sandbox.home);
    });
  }

  test(`shows no secret: receivers that cannot be reached, ${format}`, async (t) => {
    const { org, env } = await secretOrg(t);
    const plain = await openReceiver(t);
    addEvents(org, 8);
    const sandbox = new Sandbox(t);
    const urls = [
      'http://127.0.0.1:9',
      plain.url.replace('http:', 'https:'),
      'http://no-such.invalid',
    ];
    sandbox.write('loghook.csv', urls.map((url) => `.*,${secretUrl(url)}\n`).join(''));

    const ended = await sandbox.run(['--once', '--log-format', format], { env });

    assert.equal(ended.code, 5);
    assert.match(ended.stdout, /ECONNREFUSED/);
    assertNoMark(ended.stdout + ended.stderr, 'output');
    assertNoMarkIn(sandbox.home);
  });

  test(`shows no secret: reload, crash and restart of a daemon, ${format}`, async (t) => {
    const { org, env } = await secretOrg(t);
    const receiver = await openReceiver(t);
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.csv', `.*,${secretUrl(receiver.url)}\n`);
    const args = ['--interval', '1s', '--log-format', format];
    const first = sandbox.start(args, { env });
    await first.line('stdout', /ready/);
    sandbox.write('loghook.csv', BAD_ROUTES);
    first.child.kill('SIGHUP');
    await first.line('stdout', /routes not reloaded/);
    addEvents(org, 1, 0);
    await receiver.waitFor(1);
    const title = process.platform === 'linux' ? titleOf(first.child.pid) : '';
    const held = await sandbox.run(['--once'], { env });
    const killed = await first.stop('SIGKILL');
    sandbox.write('loghook.csv', `.*,${secretUrl(receiver.url)}\n`);

    const again = await sandbox.run(['--once', '--log-format', format], { env });

    assert.equal(again.code, 0);
    assertNoMark(title, 'the title');
    for (const { stdout, stderr } of [held, killed, again]) assertNoMark(stdout + stderr, 'output');
    assertNoMarkIn(sandbox.home);
  });

  test(`shows no secret: an org that answers with it, links away or is gone, ${format}`, async (t) => {
    const { org, env } = await secretOrg(t);
    org.fail({ kind: 'foreign-link', url: `https://${USERINFO}@evil.example/${TOKEN}?k=${TOKEN}` });
    const sandbox = new Sandbox(t);
    sandbox.write('loghook.csv', GOOD_ROUTES);
    const args = ['--interval', '1s', '--log-format', format];

    const away = sandbox.start(args, { env });
    await away.line('stdout', /a link that leads away/);
    const ended = await away.stop();
    await org.close();
    const gone = sandbox.start(args, { env });
    await gone.line('stdout', /okta unreachable/);
    const unreachable = await gone.stop();

    for (const { stdout, stderr } of [ended, unreachable]) assertNoMark(stdout + stderr, 'output');
    assertNoMarkIn(sandbox.home);
  });
}

test('shows no secret: dead letters', async (t) => {
  const { org, env } = await secretOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  const file = sandbox.write('loghook.csv', `.*,${secretUrl(receiver.url)}\n`);
  const [raw = Buffer.alloc(0)] = addEvents(org, 1);
  receiver.answer = () => ({ status: 400, body: 'S3CRET' });
  await sandbox.run(['--once', '--state', 'state'], { env });
  const [folder = ''] = readdirSync(join(sandbox.cwd, 'state'));
  await buryAll(join(sandbox.cwd, 'state', folder), loadRoutes(file));
  const id = JSON.parse(`${raw}`).uuid;

  for (const args of [['list'], ['list', '--json'], ['show', id], ['replay', id], ['drop', id]]) {
    const { stdout, stderr } = await sandbox.run(['dead', ...args, '--state', 'state'], { env });
    if (args[0] === 'list') assert.match(stdout, new RegExp(id.slice(0, 6)));
    assertNoMark(stdout + stderr, `dead ${args.join(' ')}`);
  }
  assertNoMarkIn(join(sandbox.cwd, 'state'));
});

/** What a receiver's verdict takes half an hour for. */
async function buryAll(folder: string, routes: Routes): Promise<void> {
  const clock = new SystemClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  await outbox.adopt(routes.all);
  const later = clock.now() + 3_600_000;
  const room = async () => undefined;
  for (const { key } of routes.all) {
    for await (const delivery of outbox.due({ key, room }, new AbortController().signal, later)) {
      await outbox.record({ key }, delivery, { kind: 'dead', at: later, status: 400, why: '400' });
    }
  }
  await outbox.close();
}

test('shows no secret: listen to a URL', { skip: process.platform !== 'linux' }, async (t) => {
  const { org, env } = await secretOrg(t);
  const receiver = await openReceiver(t);
  addEvents(org, 1);
  const sandbox = new Sandbox(t);
  const loghook = sandbox.start(['listen', secretUrl(receiver.url), '--interval', '1s'], { env });
  await receiver.waitFor(1);

  const title = titleOf(loghook.child.pid);
  const { code, stdout, stderr } = await loghook.stop();

  assert.equal(code, 0);
  assertNoMark(title, 'the title');
  assertNoMark(stdout + stderr, 'output');
  assertNoMarkIn(sandbox.home);
});
