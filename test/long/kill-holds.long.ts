/** Routes that are held, slowed or gone when the daemon is SIGKILLed are so when it comes back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { type Answer, PracticeReceiver } from '../../src/practice/receiver.ts';
import { Daemon } from '../support/daemon.ts';
import { addEvents, Sandbox } from '../support/loghook.ts';

const clock = new SystemClock();

test('held, slowed and gone routes are so still after each of 10 kills', async (t) => {
  const counts = new Map<string, number>();
  const answers: Record<string, Answer> = {
    '/gone': { status: 410 },
    '/broken': { status: 500 },
    '/paused': { status: 429, headers: { 'retry-after': '3600' } },
  };
  let healed = false;
  const receivers = await Promise.all(
    Object.keys(answers).map(() => PracticeReceiver.open({ keepRequests: 1 })),
  );
  const org = await PracticeOrg.open({ rateLimit: 1_000_000 });
  t.after(() => Promise.all([org, ...receivers].map((server) => server.close())));
  const paths = Object.keys(answers);
  for (const [n, path] of paths.entries()) {
    receivers[n]!.answer = () => {
      counts.set(path, (counts.get(path) ?? 0) + 1);
      return healed ? { status: 204 } : answers[path]!;
    };
  }
  addEvents(org, 100);
  const sandbox = new Sandbox(t);
  const start = () =>
    new Daemon(sandbox, {
      org,
      args: ['--interval', '1s'],
      routes: paths.map((path, n) => ['.', `${receivers[n]!.url}${path}`]),
    });
  const first = start();
  await first.until(() => first.said('route held').length === 2, 'two routes held');
  await first.untilSaid('route slowed');
  await clock.sleep(100);
  await first.kill();

  for (let n = 0; n < 10; n += 1) {
    counts.clear();
    const daemon = start();
    await daemon.untilSaid('ready');
    await clock.sleep(200);
    await daemon.kill();
    // One probe, and one with another event: that may have been its own fault.
    assert.ok((counts.get('/gone') ?? 0) <= 2, `gone: ${counts.get('/gone')} probes`);
    assert.ok((counts.get('/broken') ?? 0) <= 2, `broken: ${counts.get('/broken')} probes`);
    assert.equal(counts.get('/paused'), undefined);
    assert.deepEqual(daemon.said('route held'), [], 'held routes are not news after a kill');
  }

  healed = true;
  counts.clear();
  const last = start();
  await last.until(() => (counts.get('/gone') ?? 0) >= 100, 'what was gone');
  await last.until(() => (counts.get('/broken') ?? 0) >= 100, 'what was broken');
  const { code } = await last.stop();
  assert.equal(counts.get('/paused'), undefined);
  assert.equal(last.said('stopped')[0]?.owed, 100);
  assert.equal(code, 0);
});
