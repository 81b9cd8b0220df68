import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { BIN, Sandbox } from '../support/loghook.ts';

const COMMANDS = [
  ...['run', 'listen', 'check', 'doctor', 'tail', 'demo', 'practice-org', 'service print'],
  ...['sign', 'verify', 'secret new', 'secret check', 'try', 'test', 'convert'],
  ...['status', 'deliveries', 'show', 'replay', 'dead', 'pause', 'resume', 'route'],
  ...['audit', 'backfill'],
];

test('prints its version', async (t) => {
  const { code, stdout } = await new Sandbox(t).run(['--version']);

  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

for (const command of COMMANDS) {
  test(`${command} --help begins with examples and fits into 80 columns`, async (t) => {
    const { code, stdout } = await new Sandbox(t).run([...command.split(' '), '--help']);

    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Examples:\n  (?:\\(umask 077; )?loghook ${command}`));
    const tooLong = stdout.split('\n').filter((line) => line.length > 80);
    assert.deepEqual(tooLong, []);
  });
}

test('loghook --help lists every command, each on a line, and the exit codes', async (t) => {
  const { code, stdout } = await new Sandbox(t).run(['--help']);

  assert.equal(code, 0);
  const tooLong = stdout.split('\n').filter((line) => line.length > 80);
  assert.deepEqual(tooLong, []);
  for (const command of COMMANDS)
    assert.match(stdout, new RegExp(`^  ${command.split(' ')[0]} .*  \\S.{20,}$`, 'm'));
  assert.doesNotMatch(stdout, /^ {10,}\S/m);
  assert.match(stdout, /^Exit codes:\n {2}0 {2}stopped as asked$/m);
});

test('of the commands below another none is lost', async (t) => {
  const { stdout } = await new Sandbox(t).run(['dead', '--help']);

  const listed = [...stdout.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name);
  assert.deepEqual(listed.slice(-4), ['list', 'show', 'replay', 'drop']);
});

const USAGE: readonly (readonly [args: string, stderr: RegExp])[] = [
  ['rnu', /unknown command 'rnu'\n\(Did you mean run\?\)/],
  ['lisen 3000', /unknown command 'lisen'\n\(Did you mean listen\?\)/],
  ['--onec', /unknown option '--onec'\n\(Did you mean --once\?\)/],
  ['run extra', /too many arguments for 'run'/],
  ['route move old', /missing required argument 'to'\nRun `loghook route move --help` for how/],
  ['route lst', /\(Did you mean list\?\)\nRun `loghook route --help` for how/],
  ['test siem --set', /option '--set <path=value>' argument missing/],
  ['listen', /missing required argument 'target'/],
  ['listen 70000', /"70000" is not a port\n {2}→ ports go from 1 to 65535/],
  ['listen ftp://h/x', /scheme is ftp, not http or https\n {2}→ write a port like 3000/],
  ['listen nonsense', /no http:\/\/ or https:\/\/\n {2}→ write a port like 3000/],
  ['listen 3000 --match (', /--match: "\(" is not a regular expression \(missing closing \)/],
  ['tail --match (', /--match: "\(" is not a regular expression/],
  ['tail --until 1h', /--until: it needs --since too/],
  ['tail --since 1h --until 2h', /--until: it is not after --since/],
  ['tail --since 1h --until later', /"later" is neither a duration like 2h nor a time/],
  ['demo --events many', /--events: "many" is not a whole number from 1/],
  ['practice-org --port x --every y', /--port: .*\n(.*\n)*.*--every: /],
  ['service print windows', /"windows" is none of systemd, systemd-user, launchd/],
];
for (const [args, message] of USAGE) {
  test(`loghook ${args}: a usage error that helps`, async (t) => {
    const env = { OKTA_ORG_URL: 'http://127.0.0.1:9', OKTA_API_KEY: 'x' };

    const { code, stdout, stderr } = await new Sandbox(t).run(args.split(' '), { env });

    assert.equal(code, 2);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  });
}

test('repeats no word that may be a secret', async (t) => {
  const words = ['https://u:S3CRET@h.example/S3CRET', '--token=S3CRET', `S3CRET${'x'.repeat(40)}`];

  for (const word of words) {
    const { code, stderr } = await new Sandbox(t).run([word]);

    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /S3CRET/);
  }
});

const FULL = '/dev/full';

test('what a full disk does not take is no success', { skip: !existsSync(FULL) }, () => {
  for (const args of [['secret', 'new'], ['--help'], ['service', 'print', 'systemd']]) {
    const stdout = openSync(FULL, 'w');

    const { status, stderr } = spawnSync(process.execPath, [BIN, ...args], {
      stdio: ['ignore', stdout, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(stdout);

    assert.equal(status, 3);
    assert.match(stderr, /^loghook: could not write to standard output \(ENOSPC/m);
  }
});

test('says so when its working folder is gone', async (t) => {
  const { cwd } = new Sandbox(t);

  const { status, stderr } = spawnSync(
    'sh',
    ['-c', 'rmdir "$1" && exec "$2" "$3" status', 'sh', cwd, process.execPath, BIN],
    { cwd, encoding: 'utf8' },
  );

  assert.equal(status, 2);
  assert.match(stderr, /^loghook: the working folder: it is not there any more\n {2}→ cd to one/);
});
