/** `--interval auto`, the real process: what it says of itself, and that the parts of a delay are all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { until } from '../support/until.ts';

test('polls by the rate limit, says so, and shows where the time went', async (t) => {
  const { org, env } = await openOrg(t, { rateLimit: 240 });
  const receiver = await openReceiver(t);
  const sandbox = new Sandbox(t);
  sandbox.write(
    'loghook.yaml',
    `routes: [{ name: siem, match: .*, url: "${receiver.url}/siem" }]\n`,
  );
  const daemon = sandbox.start(['--interval', 'auto', '--state', 'state'], { env });
  await daemon.logged('starting', { interval: 'auto' });
  await daemon.logged('ready');

  // Late ones: published a minute ago, to be had from now on.
  addEvents(org, 3, 60_000);
  await receiver.waitFor(3);
  addEvents(org, 3, 0, 2);
  await receiver.waitFor(6);

  const json = async (...args: string[]) =>
    JSON.parse((await sandbox.run([...args, '--json', '--state', 'state'], { env })).stdout);
  const { routes } = await until(
    () => json('status'),
    (status) => status.routes[0]?.delays?.deliveries === 6,
  );
  for (const { id } of receiver.received.map(({ body }) => ({
    id: JSON.parse(body.toString()).uuid,
  }))) {
    const shown = await json('show', id);
    const { at, delayMs } = shown.routes[0];
    const { okta, poll, queue, send } = delayMs;
    assert.equal(okta + poll + queue + send, Date.parse(at) - Date.parse(shown.published));
  }
  const { medianMs, p95Ms } = routes[0].delays;
  assert.ok(medianMs.whole >= 0 && p95Ms.whole >= 60_000);
  assert.equal(org.violations, 0);
});

test('the terminal is told too', async (t) => {
  const { env } = await openOrg(t);
  const sandbox = new Sandbox(t);
  sandbox.write('loghook.csv', '.*,http://127.0.0.1:9/\n');

  const { stdout } = await sandbox.run(['--once', '--log-format', 'pretty', '--state', 'state'], {
    env: { ...env, LOGHOOK_RETRY_SECONDS: 'auto' },
  });

  assert.match(
    stdout,
    /^polling as often as our share of the rate limit allows while events come/m,
  );
});
