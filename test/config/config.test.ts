import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Flags, loadConfig } from '../../src/config/config.ts';
import { readAll } from '../../src/config/problems.ts';
import { allTextOf, complaintsOf, settled } from './complaints.ts';
import { file, tempFolder, withoutPermissionUntil } from './temp-folder.ts';

const now = Date.parse('2026-11-21T08:00:00.000Z');
const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: '00abc' };

async function load(cwd: string, variables: Record<string, string> = env, flags: Flags = {}) {
  const outside = { platform: 'linux', homedir: '/home/a', isTerminal: false, now } as const;
  return await loadConfig({ ...outside, flags, env: variables, cwd });
}

test('makes one frozen Config with the defaults of the original', async (t) => {
  const cwd = tempFolder(t);
  file(cwd, 'loghook.csv', '^a,https://h.example/\n');

  const { org, routes, proxyFor, ...rest } = await load(cwd);

  assert.equal(org.url.href, 'https://acme.okta.com/');
  assert.equal(routes.all.length, 1);
  assert.equal(proxyFor(new URL('https://h.example')), undefined);
  assert.deepEqual(rest, {
    identity: { kind: 'token', token: '00abc' },
    identityFrom: 'OKTA_API_KEY in the environment',
    orgFrom: 'OKTA_ORG_URL in the environment',
    notes: [],
    routesFile: join(cwd, 'loghook.csv'),
    routesFileShownAs: 'loghook.csv',
    stateFolder: '/home/a/.local/state/loghook',
    interval: 15_000,
    logLevel: 'info',
    logFormat: 'json',
    once: false,
  });
  assert.ok(
    Object.isFrozen(await load(cwd)) && Object.isFrozen(org) && Object.isFrozen(routes.all),
  );
});

test('lets flags win over everything else', async (t) => {
  const cwd = tempFolder(t);
  file(cwd, 'other.csv', '^a,https://h.example/\n');

  const config = await load(
    cwd,
    { ...env, LOGHOOK_STATE: '/b', LOGHOOK_RETRY_SECONDS: '30', LOGHOOK_LOG_LEVEL: 'warn' },
    {
      config: 'other.csv',
      state: '/a',
      since: '2h',
      interval: '5s',
      filter: 'x eq "y"',
      logLevel: 'debug',
      logFormat: 'pretty',
      once: true,
    },
  );

  const { org: _org, routes: _routes, identity: _identity, identityFrom: _from, ...more } = config;
  const { proxyFor: _proxyFor, orgFrom: _orgFrom, ...rest } = more;
  assert.deepEqual(rest, {
    notes: [],
    routesFile: join(cwd, 'other.csv'),
    routesFileShownAs: 'other.csv',
    stateFolder: '/a',
    interval: 5_000,
    logLevel: 'debug',
    logFormat: 'pretty',
    since: now - 7_200_000,
    filter: 'x eq "y"',
    once: true,
  });
});

test('reports every problem of every part at once', async (t) => {
  const cwd = tempFolder(t);
  file(cwd, 'loghook.csv', '(,https://h.example/\n^b\n');
  const read = await settled(
    load(
      cwd,
      { OKTA_ORG_URL: 'http://acme.okta.com', LOGHOOK_RETRY_SECONDS: 'x' },
      { since: 'x', logLevel: 'x', logFormat: 'x', state: '' },
    ),
  );

  assert.deepEqual(
    complaintsOf(read).map((complaint) => complaint.split(':')[0]),
    [
      'OKTA_ORG_URL',
      'OKTA_API_KEY',
      'loghook.csv line 1',
      'loghook.csv line 2',
      '--state',
      'LOGHOOK_RETRY_SECONDS',
      '--log-level',
      '--log-format',
      '--since',
    ],
  );
});

test('reports an unreadable .env together with the rest', async (t) => {
  const cwd = tempFolder(t);
  const path = file(cwd, '.env', 'OKTA_API_KEY=00abc\n');

  const complaints = complaintsOf(await withoutPermissionUntil(path, () => settled(load(cwd))));

  assert.match(complaints[0] ?? '', /^\.env: could not read it/);
  assert.match(complaints[1] ?? '', /^loghook\.csv: /);
  assert.equal(complaints.length, 2);
});

test('names a routes file outside the working directory by its whole path', async (t) => {
  const cwd = tempFolder(t);
  const elsewhere = file(tempFolder(t), 'routes.csv', '(,https://h.example/\n');

  assert.match(
    complaintsOf(await settled(load(cwd, env, { config: elsewhere }))).join(),
    /^\/.*routes\.csv line 1/,
  );
});

test('shows no secret, whatever is wrong', async (t) => {
  const cwd = tempFolder(t);
  const url = 'https://SECRET:SECRET@h.example/SECRET?SECRET';
  file(cwd, 'loghook.csv', `(,${url}\n${url}\n^a,${url} #\n${url}(,^a\n"^a,${url}\n^a,b,${url}\n`);
  const bad: readonly Record<string, string>[] = [
    { OKTA_ORG_URL: url, OKTA_API_KEY: 'SECRET SECRET' },
    { OKTA_ORG_URL: '00SECRET', OKTA_API_KEY: 'https://SECRET.example/ SECRET' },
    { OKTA_ORG_URL: 'SECRET:SECRET@acme.okta.com', OKTA_API_KEY_FILE: '00SECRET' },
    { OKTA_ORG_URL: 'http://acme.okta.com/SECRET', OKTA_API_KEY: 'SECRET', OKTA_API_KEY_FILE: 'x' },
  ];

  for (const variables of bad) {
    const text = allTextOf(await settled(load(cwd, variables)));
    assert.match(text, /OKTA_ORG_URL/);
    assert.match(text, /loghook\.csv line 6/);
    assert.doesNotMatch(text, /SECRET/i);
  }
});

test('lets a bug through as it is', () => {
  const bug = new TypeError('x is not a function');

  assert.throws(
    () =>
      readAll({
        part: () => {
          throw bug;
        },
      }),
    bug,
  );
});
