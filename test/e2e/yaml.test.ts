/** The real process with a loghook.yaml. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';

test('runs with the routes of a loghook.yaml', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const [raw] = addEvents(org, 1);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `routes:\n  - name: all\n    match: .*\n    url: ${receiver.url}/hook\n`,
  );

  const { code, stdout } = await sandbox.run(['--once'], { env });

  assert.equal(code, 0);
  assert.match(stdout, /"route":"all"/);
  assert.deepEqual(
    receiver.received.map(({ path, body }) => [path, `${body}`]),
    [['/hook', `${raw}`]],
  );
});

test('a SIGHUP takes up a loghook.yaml that has come since the start', async (t) => {
  const { org, env } = await openOrg(t);
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', `nothing,${receiver.url}/csv\n`);
  const loghook = sandbox.start(['--interval', '1s'], { env });
  await loghook.logged('ready');
  sandbox.write(
    'loghook.yaml',
    `routes:\n  - name: all\n    match: .*\n    url: ${receiver.url}/yaml\n`,
  );

  loghook.child.kill('SIGHUP');
  await loghook.logged('routes reloaded');
  addEvents(org, 1, 0);
  await receiver.waitFor(1);
  await loghook.stop();

  assert.deepEqual(
    receiver.received.map(({ path }) => path),
    ['/yaml'],
  );
});

/** Prints each module that is asked for. */
const TELL_IMPORTS = `data:text/javascript,${encodeURIComponent(`
  import { register } from 'node:module';
  register('data:text/javascript,' + encodeURIComponent(
    "import { writeSync } from 'node:fs';" +
    "export const resolve = (name, context, next) => { writeSync(2, 'import ' + name + '\\\\n'); return next(name, context); };"
  ));`)}`;

for (const [args, file, expected] of [
  [['--version'], 'loghook.csv', []],
  [['check'], 'loghook.csv', []],
  [['check'], 'loghook.yaml', ['valibot', 'yaml']],
] as const) {
  test(`${args.join(' ')} with a ${file} loads ${expected.join(' and ') || 'no YAML'}`, async (t) => {
    const sandbox = new Sandbox(t);
    sandbox.write(
      file,
      file === 'loghook.csv' ? '.*,http://h/\n' : 'routes: [{name: a, match: b, url: "http://h/"}]',
    );
    const env = { OKTA_ORG_URL: 'https://acme.okta.com', OKTA_API_KEY: 'x' };

    const { code, stderr } = await sandbox.run(args, {
      env: { ...env, NODE_OPTIONS: `--import=${TELL_IMPORTS}` },
    });

    assert.equal(code, 0, stderr);
    assert.match(stderr, /^import commander$/m);
    const loaded = ['valibot', 'yaml'].filter((name) => stderr.includes(`import ${name}\n`));
    assert.deepEqual(loaded, [...expected]);
  });
}
