/** What `status` says beside queues: gaps, silence, what is paused or switched off, and which route takes alerts. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openStateBeside } from '../../../src/state/database/schema.ts';
import type { Gap } from '../../../src/state/outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { loghook } from '../../support/front-door.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import { allTo, cursorAt, eventsOf, never, pageOf } from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const DAY = 86_400_000;
const SIEM = { key: 'name:siem', name: 'siem' };
const AUDIT = { key: 'name:audit', name: 'audit' };
const OFF = { key: 'name:off', name: 'off', enabled: false };
const ALERTS = { key: 'alerts', name: 'alerts' };

async function withState(t: TestContext, days: readonly number[]) {
  const root = tempFolder(t);
  const clock = new FakeClock(Date.now() - 60_000);
  const now = clock.now();
  const folder = join(root, 'acme.okta.com');
  const { outbox } = openOutbox(t, { folder, clock });
  await outbox.adopt([SIEM, AUDIT, OFF, ALERTS]);
  await outbox.commit(pageOf(eventsOf(1, 6), cursorAt(now)), allTo(SIEM, OFF), never);
  const gaps = days.map(
    (ago): Gap => ({
      at: now - ago * DAY,
      kind: 'refused-link',
      fromMs: now - ago * DAY - 600_000,
      toMs: now - ago * DAY,
      why: `400 E0000031 \u001b[2J ${ago}`,
    }),
  );
  await outbox.commit({ events: [], gaps }, allTo(), never);
  return { root, folder, now, outbox };
}

test('status shows the newest gaps, what each means, and how many more there are', async (t) => {
  const { root } = await withState(t, [40, 6, 5, 4, 3, 2, 1]);

  const { stdout } = await loghook(['status', '--state', root]);

  const [, shown = ''] = /^gaps {7}(.*?)\n\n/ms.exec(stdout) ?? [];
  const lines = shown.split('\n');
  assert.equal(lines[0], '6 in the last 30 days');
  assert.match(lines[1] ?? '', /^ {2}\d{4}-\S+ \S+ \(24 h ago\) {2}refused link; read again with/);
  assert.match(lines[2] ?? '', /^ {4}published \d{4}-\S+ \S+ to \d{4}-\S+ \S+$/);
  assert.equal(lines[3], '    400 E0000031 \\u001b[2J 1');
  assert.equal(lines.at(-1), '  and 1 more');
  assert.equal(lines.length, 1 + 5 * 3 + 1);
});

test('status says of what our clock has not come to yet how long that takes', async (t) => {
  const { root, outbox } = await withState(t, []);
  const inAnHour = cursorAt(Date.now() + 3_600_500);
  await outbox.commit(pageOf([], inAnHour), allTo(), never);

  const { stdout } = await loghook(['status', '--state', root]);

  assert.match(stdout, /^last poll {2}\S+ \S+ \(in 60 min\)$/m);
  assert.doesNotMatch(stdout, /-\d+ ms/);
});

test('status without a gap says nothing of gaps', async (t) => {
  const { root } = await withState(t, []);

  const { stdout } = await loghook(['status', '--state', root]);

  assert.doesNotMatch(stdout, /gaps/);
});

test('status says what is silent, paused or disabled, and what takes alerts', async (t) => {
  const { root, folder, now, outbox } = await withState(t, []);
  await outbox.saveSilence(SIEM.key, now - 3_600_000);
  const database = openStateBeside(join(folder, 'state.db'), { readOnly: false });
  database.prepare('UPDATE routes SET paused_at = ? WHERE key = ?').run(now, AUDIT.key);
  database.close();

  const { stdout } = await loghook(['status', '--state', root]);

  assert.match(
    stdout,
    /^siem +flowing .*\n {2}silent for 61 min: fewer events come than expected$/m,
  );
  assert.match(stdout, /^audit +paused .*\n {2}paused for \d+ s; to go on: loghook resume audit$/m);
  assert.match(
    stdout,
    /^off +disabled +6 .*\n {2}`enabled: false` in its file; its queue is kept$/m,
  );
  assert.match(stdout, /^alerts +flowing .*\n {2}takes loghook's own news$/m);
});

test('status --json has all of it', async (t) => {
  const { root, now, outbox } = await withState(t, [2, 1]);
  await outbox.saveSilence(SIEM.key, now);

  const { stdout } = await loghook(['status', '--state', root, '--json']);

  const { gaps, routes } = JSON.parse(stdout);
  assert.equal(gaps.count, 2);
  assert.deepEqual(gaps.newest[0], {
    at: new Date(now - DAY).toISOString(),
    kind: 'refused-link',
    from: new Date(now - DAY - 600_000).toISOString(),
    to: new Date(now - DAY).toISOString(),
    why: '400 E0000031 \u001b[2J 1',
  });
  const byName = new Map(routes.map((route: { name: string }) => [route.name, route]));
  assert.deepEqual(pick(byName.get('siem')), [true, false, new Date(now).toISOString()]);
  assert.deepEqual(pick(byName.get('off')), [false, false, null]);
  assert.deepEqual(pick(byName.get('alerts')), [true, true, null]);
});

function pick(route: unknown): unknown[] {
  // As `status --json` writes it; what it holds is compared.
  const { enabled, alerts, silentSince } = route as Record<string, unknown>;
  return [enabled, alerts, silentSince];
}
