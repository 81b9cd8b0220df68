import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Environment } from '../../src/config/environment.ts';
import { orgFolder, stateFolder } from '../../src/config/state-folder.ts';
import { complaintsOf, hintsOf } from './complaints.ts';

interface Case {
  readonly flag?: string;
  readonly env?: Record<string, string>;
  readonly dotEnv?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
  readonly homedir?: string;
}

function folder({ flag, env = {}, dotEnv, platform = 'linux', homedir = '/home/a' }: Case): string {
  const environment = new Environment(env, dotEnv);
  return stateFolder({ flag, environment, platform, homedir, cwd: '/home/ada/here' });
}

test('takes the flag, then LOGHOOK_STATE, then the service, then the platform', () => {
  const env = { LOGHOOK_STATE: '/b', STATE_DIRECTORY: '/c', XDG_STATE_HOME: '/d' };
  const { LOGHOOK_STATE: _, ...service } = env;
  const table: readonly (readonly [input: Case, expected: string])[] = [
    [{ flag: '/a', env }, '/a'],
    [{ env }, '/b'],
    [{ env: service }, '/c'],
    [{ env: service, dotEnv: { LOGHOOK_STATE: '/e' } }, '/e'],
    [{ env: { STATE_DIRECTORY: '/var/lib/loghook:/var/lib/other' } }, '/var/lib/loghook'],
    [{ env: { STATE_DIRECTORY: '' } }, '/home/a/.local/state/loghook'],
    [{ env: { XDG_STATE_HOME: '/d' } }, '/d/loghook'],
    [{ env: { XDG_STATE_HOME: 'relative' } }, '/home/a/.local/state/loghook'],
    [{}, '/home/a/.local/state/loghook'],
    [{ flag: 'here' }, '/home/ada/here/here'],
    [{ flag: '~/state' }, '/home/a/state'],
    [{ flag: '~state' }, '/home/ada/here/~state'],
  ];

  for (const [input, expected] of table)
    assert.equal(folder(input), expected, JSON.stringify(input));
});

test("uses each platform's own place", () => {
  const mac = { platform: 'darwin', homedir: '/Users/a' } as const;
  const windows = { platform: 'win32', homedir: 'C:\\Users\\a' } as const;

  assert.equal(folder(mac), '/Users/a/Library/Application Support/loghook');
  assert.equal(folder({ ...mac, env: { XDG_STATE_HOME: '/d' } }), folder(mac));
  assert.equal(folder(windows), 'C:\\Users\\a\\AppData\\Local\\loghook');
  assert.equal(folder({ ...windows, env: { LOCALAPPDATA: 'D:\\L' } }), 'D:\\L\\loghook');
});

test('asks for a folder where there is no home', () => {
  const read = () => folder({ homedir: '' });

  assert.deepEqual(complaintsOf(read), ['state folder: there is no home folder to keep it in']);
  assert.match(hintsOf(read).join(), /--state DIR/);
  assert.equal(folder({ homedir: '', flag: '/a' }), '/a');
  assert.match(complaintsOf(() => folder({ homedir: '', flag: '~/a' })).join(), /no home folder/);
  assert.deepEqual(
    complaintsOf(() => folder({ flag: '' })),
    ['--state: it is empty'],
  );
});

test('gives each org host a sub-folder', () => {
  const table: readonly (readonly [url: string, expected: string])[] = [
    ['https://acme.okta.com', '/s/acme.okta.com'],
    ['http://localhost:8080', '/s/localhost-8080'],
    ['http://[::1]:8080', '/s/__1-8080'],
  ];

  for (const [url, expected] of table) assert.equal(orgFolder('/s', new URL(url)), expected);
  assert.equal(orgFolder('C:\\s', new URL('http://localhost:1')), 'C:\\s\\localhost-1');
});
