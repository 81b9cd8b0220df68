/** A smaller cousin of the benchmark's million: what is owed lies on disk, not in memory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Daemon } from '../support/daemon.ts';
import { addEvents, openOrg, openReceiver, Sandbox } from '../support/loghook.ts';
import { numberFrom } from '../support/seeds.ts';

const OWED = numberFrom('LOGHOOK_OWED', 50_000);
const MOST_MB = 200;
const skip = process.platform === 'linux' ? false : 'reads /proc';

test(`${OWED} events owed to a receiver that is down take no more than ${MOST_MB} MB`, {
  skip,
}, async (t) => {
  const { org } = await openOrg(t, { rateLimit: 1_000_000 });
  const receiver = await openReceiver(t);
  await receiver.close();
  addEvents(org, OWED, 60_000);
  const daemon = new Daemon(new Sandbox(t), {
    org,
    routes: [['.', receiver.url]],
    args: ['--interval', '1s', '--log-level', 'debug'],
  });

  const pages = OWED / 1_000 + 1;
  await daemon.until(() => daemon.said('page committed').length >= pages, `${pages} pages`);
  const status = readFileSync(`/proc/${daemon.loghook.child.pid}/status`, 'utf8');
  const { code } = await daemon.stop();

  const mb = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  t.diagnostic(`at most ${Math.round(mb)} MB`);
  assert.ok(mb < MOST_MB, `${mb} MB`);
  assert.equal(daemon.said('stopped')[0]?.owed, OWED);
  assert.equal(code, 0);
});
