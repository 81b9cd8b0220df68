/** `loghook tail`, the real process: stdout holds events and nothing else. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { addEvents, openOrg, Sandbox } from '../support/loghook.ts';

test('prints the events of a bounded read as they are, one a line, and ends', async (t) => {
  const { org, env } = await openOrg(t);
  const events = addEvents(org, 20, 3_600_000);
  addEvents(org, 5, 60_000, 9);
  const sandbox = new Sandbox(t);

  const { code, stdout } = await sandbox.run(['tail', '--since', '2h', '--until', '30m'], { env });

  assert.equal(code, 0);
  assert.deepEqual(stdout.split('\n'), [...events.map(String), '']);
  assert.deepEqual(readdirSync(sandbox.home), []);
});

test('prints only the types that --match is found in', async (t) => {
  const { org, env } = await openOrg(t);
  const events = addEvents(org, 40, 3_600_000);
  const args = ['tail', '--since', '2h', '--until', '30m', '--match', '^user\\.session'];

  const { stdout } = await new Sandbox(t).run(args, { env });

  const wanted = events.filter((raw) =>
    JSON.parse(String(raw)).eventType.startsWith('user.session'),
  );
  assert.ok(wanted.length > 0);
  assert.deepEqual(stdout.split('\n'), [...wanted.map(String), '']);
});

test('keeps an event that holds line ends between its tokens on one line', async (t) => {
  const { org, env } = await openOrg(t);
  org.add('{\r\n  "uuid": "a",\n\t"eventType": "x.y",\n  "n": 39.0, "s": "\\n"\n}', {
    publishedAt: Date.now() - 3_600_000,
    persistedAt: Date.now() - 3_600_000,
  });

  const { stdout } = await new Sandbox(t).run(['tail', '--since', '2h', '--until', '30m'], { env });

  assert.equal(stdout, '{    "uuid": "a", \t"eventType": "x.y",   "n": 39.0, "s": "\\n" }\n');
});

test('follows the log until SIGINT and then exits 0', async (t) => {
  const { org, env } = await openOrg(t);
  const [early] = addEvents(org, 1, 60_000);
  const loghook = new Sandbox(t).start(['tail', '--interval', '1s'], { env });
  await loghook.line('stdout', (line) => line === String(early));
  const [later] = addEvents(org, 1, 0, 2);
  await loghook.line('stdout', (line) => line === String(later));

  const { code, stdout } = await loghook.stop('SIGINT');

  assert.equal(code, 0);
  assert.equal(stdout, `${early}\n${later}\n`);
});

test('ends quietly with 0 when nobody reads any more', async (t) => {
  const { org, env } = await openOrg(t);
  addEvents(org, 500, 3_600_000);
  const args = ['tail', '--since', '2h', '--until', '30m', '--log-format', 'json'];
  const { child, ended } = new Sandbox(t).start(args, { env, raw: true });
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });

  const { code } = await ended;

  assert.equal(code, 0);
  assert.doesNotMatch(stderr, /EPIPE|Error/);
});

test('exits 4 when Okta refuses the token', async (t) => {
  const { env } = await openOrg(t);

  const { code, stdout, stderr } = await new Sandbox(t).run(['tail'], {
    env: { ...env, OKTA_API_KEY: 'wrong' },
  });

  assert.equal(code, 4);
  assert.equal(stdout, '');
  assert.match(stderr, /E0000011/);
});
