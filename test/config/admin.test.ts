/** What `--admin` and its variables say, and what is refused. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminSettings, pollAgeNotes } from '../../src/config/admin.ts';
import { Environment } from '../../src/config/environment.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Interval } from '../../src/okta/poll-interval.ts';
import { tempFolder } from '../support/temp-folder.ts';

const TOKEN = 'a-token-of-32-characters-0123456';

function settings(flag: string | undefined, variables: Record<string, string> = {}, cwd = '/') {
  return adminSettings(flag, new Environment(variables), cwd);
}

/** `where: message → hint` of each. */
function refusals(
  flag: string | undefined,
  variables: Record<string, string> = {},
  cwd = '/',
): string[] {
  try {
    settings(flag, variables, cwd);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ where, message, hint }) => `${where}: ${message} → ${hint}`);
  }
  return [];
}

test('there is none unless it is asked for', () => {
  assert.equal(settings(undefined, { LOGHOOK_ADMIN_TOKEN: 'short' }), undefined);
});

const ADDRESSES: readonly (readonly [
  written: string,
  host: string,
  port: number,
  isLoopback: boolean,
])[] = [
  ['9464', '127.0.0.1', 9464, true],
  ['127.0.0.1:9464', '127.0.0.1', 9464, true],
  ['127.1.2.3:1', '127.1.2.3', 1, true],
  ['localhost:9464', '127.0.0.1', 9464, true],
  ['[::1]:9464', '::1', 9464, true],
  [' 9464 ', '127.0.0.1', 9464, true],
  ['127.0.0.1:0', '127.0.0.1', 0, true],
  ['0.0.0.0:9464', '0.0.0.0', 9464, false],
  ['[::]:9464', '::', 9464, false],
  ['10.0.0.5:9464', '10.0.0.5', 9464, false],
  ['box.internal:9464', 'box.internal', 9464, false],
  ['127.evil.example:9464', '127.evil.example', 9464, false],
];

for (const [written, host, port, isLoopback] of ADDRESSES) {
  test(`--admin ${written} listens on ${host}, port ${port}`, () => {
    assert.deepEqual(settings(written)?.address, { host, port, isLoopback });
  });
}

for (const written of [
  '',
  ':9464',
  '127.0.0.1',
  'http://127.0.0.1:9464/',
  '::1:9464',
  '1:2:3',
  'x',
  '9464/',
  '-1',
  '127.1:9464',
  '2130706433:9464',
  '256.1.1.1:9464',
  '[1::2::3]:9464',
]) {
  test(`--admin "${written}" is refused`, () => {
    assert.match(refusals(written).join(), /^--admin: .* → write an address and a port/);
  });
}

test('a port that there is not is refused', () => {
  assert.match(refusals('65536').join(), /^--admin: there is no port 65536/);
});

test('LOGHOOK_ADMIN asks for it too, and the flag wins', () => {
  const variables = { LOGHOOK_ADMIN: '1111' };

  assert.equal(settings(undefined, variables)?.address.port, 1111);
  assert.equal(settings('2222', variables)?.address.port, 2222);
  assert.match(refusals(undefined, { LOGHOOK_ADMIN: 'x' }).join(), /^LOGHOOK_ADMIN: /);
});

test('names are cut at commas and white space, in small letters', () => {
  const found = settings('1', { LOGHOOK_ADMIN_HOSTS: 'Box, loghook.example\nother' });

  assert.deepEqual(found?.hosts, ['box', 'loghook.example', 'other']);
  assert.match(
    refusals('1', { LOGHOOK_ADMIN_HOSTS: 'box:9464' }).join(),
    /^LOGHOOK_ADMIN_HOSTS: "box:9464" is not a host name/,
  );
});

test('ages are durations; a bare number is seconds', () => {
  const found = settings('1', { LOGHOOK_HEALTH_POLL_AGE: '90', LOGHOOK_HEALTH_QUEUE_AGE: '2h' });

  assert.deepEqual([found?.pollAgeMs, found?.queueAgeMs], [90_000, 7_200_000]);
  assert.deepEqual([settings('1')?.pollAgeMs, settings('1')?.queueAgeMs], [undefined, 3_600_000]);
  for (const wrong of ['soon', '0', '-5m']) {
    const [first = ''] = refusals('1', { LOGHOOK_HEALTH_QUEUE_AGE: wrong });
    assert.match(first, /^LOGHOOK_HEALTH_QUEUE_AGE: ".*" is not a duration/);
  }
});

test('the token comes from the environment, a file or a systemd credential', (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'token'), `${TOKEN}\n`);
  writeFileSync(join(folder, 'loghook-admin-token'), `${TOKEN}2\n`);

  const found = [
    settings('1', { LOGHOOK_ADMIN_TOKEN: ` ${TOKEN} ` }),
    settings('1', { LOGHOOK_ADMIN_TOKEN_FILE: 'token' }, folder),
    settings('1', { CREDENTIALS_DIRECTORY: folder }),
    settings('1', { CREDENTIALS_DIRECTORY: join(folder, 'none') }),
  ];

  assert.deepEqual(
    found.map((one) => one?.token),
    [TOKEN, TOKEN, `${TOKEN}2`, undefined],
  );
});

test('a token file that everyone may read is said', (t) => {
  const folder = tempFolder(t);
  const notes = (mode: number) => {
    const path = join(folder, 'token');
    writeFileSync(path, TOKEN);
    chmodSync(path, mode);
    return settings('1', { LOGHOOK_ADMIN_TOKEN_FILE: 'token' }, folder)?.notes.join();
  };

  assert.equal(notes(0o600), '');
  assert.match(notes(0o644) ?? '', /^LOGHOOK_ADMIN_TOKEN_FILE: .* read by everyone .* chmod 600/);
});

test('a poll age that is red between two polls is said', () => {
  const notes = (age: string | undefined, interval: Interval) => {
    const found = settings('1', age === undefined ? {} : { LOGHOOK_HEALTH_POLL_AGE: age });
    assert.ok(found);
    return pollAgeNotes(found, interval).join();
  };

  assert.deepEqual([notes('20s', 15_000), notes(undefined, 900_000)], ['', '']);
  assert.match(notes('15s', 15_000), /^LOGHOOK_HEALTH_POLL_AGE: 15 s is no more than .*\(15 s\)/);
  assert.match(notes('20s', 'auto'), /\(30 s\)/);
});

test('a token that is none is refused, and nothing of it is repeated', (t) => {
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'sub'));
  writeFileSync(join(folder, 'empty'), '');
  writeFileSync(join(folder, 'latin1'), Buffer.from([0xe9, 0x20, 0x80]));
  const table: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ LOGHOOK_ADMIN_TOKEN: 'S3CRET-short' }, /fewer than 16 characters → make one/],
    [{ LOGHOOK_ADMIN_TOKEN: 'S3CRET with white space' }, /no header can carry/],
    [{ LOGHOOK_ADMIN_TOKEN: 'S3CRET-ümläut-0123456789' }, /no header can carry/],
    [{ LOGHOOK_ADMIN_TOKEN: TOKEN, LOGHOOK_ADMIN_TOKEN_FILE: 'x' }, /both .* unset one/],
    [{ LOGHOOK_ADMIN_TOKEN_FILE: 'S3CRET-0123456789' }, /there is no such file/],
    [{ LOGHOOK_ADMIN_TOKEN_FILE: 'sub' }, /is a folder/],
    [{ LOGHOOK_ADMIN_TOKEN_FILE: 'empty' }, /is empty → put the admin token in it/],
    [{ LOGHOOK_ADMIN_TOKEN_FILE: 'latin1' }, /is not UTF-8/],
  ];

  for (const [variables, reason] of table) {
    const found = refusals('1', variables, folder).join();
    assert.match(found, reason);
    assert.doesNotMatch(found, /S3CRET/);
  }
});

test('everything that is wrong is reported at once', () => {
  const found = refusals('x', { LOGHOOK_ADMIN_TOKEN: 'short', LOGHOOK_HEALTH_POLL_AGE: 'x' });

  assert.equal(found.length, 3);
});
