/**
 * State that a loghook of schema version 3 wrote. test/data/state-v3/state.db was made by test/support/sample-state.ts,
 * which says what lies in it: `npm run build && node dist/test/support/sample-state.js FOLDER`, then its state.db copied
 * here.
 */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Auditor } from '../../../src/cli/audit/auditor.ts';
import { sumLine } from '../../../src/cli/audit/report.ts';
import { windowOf } from '../../../src/cli/audit/window.ts';
import { AuditDesk } from '../../../src/state/beside/audit-desk.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { readStanding } from '../../../src/state/beside/standing.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import { A, B, C, eventOf, eventsOf, takeDue } from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const MADE_AT = Date.parse('2026-11-21T08:00:00.000Z');

function copyOfSample(t: TestContext): string {
  const folder = tempFolder(t);
  const sample = new URL('../../../../test/data/state-v3/state.db', import.meta.url);
  copyFileSync(fileURLToPath(sample), join(folder, 'state.db'));
  return folder;
}

test('a folder of version 3 is opened, and what it owes is due', async (t) => {
  const clock = new FakeClock(MADE_AT + 60_000);
  const folder = copyOfSample(t);
  const { outbox } = openOutbox(t, { folder, clock });

  await outbox.adopt([A, B, C]);

  const due = async (route: typeof A) =>
    (await takeDue(outbox, route, clock.now())).map(({ event }) => event.id).sort();
  assert.deepEqual(
    await due(A),
    [3, 4, 5, 6, 22, 24].map((n) => eventOf(n).id),
  );
  assert.deepEqual(
    await due(B),
    [1, 2, 3, 4, 5, 6, 24].map((n) => eventOf(n).id),
  );
});

test('a folder of version 3 shows how it stands', async (t) => {
  const standing = await readStanding(copyOfSample(t));

  assert.deepEqual(
    standing.routes.map(({ name, retired, queued, dead }) => [name, retired, queued, dead]),
    [
      [A.name, false, 6, 1],
      [C.name, false, 6, 0],
      [B.name, true, 7, 0],
      ['(unreadable pages)', true, 0, 1],
    ],
  );
});

test('a folder of version 3 is audited, each event by the routes of its time', (t) => {
  const beside = new Beside(copyOfSample(t), { readOnly: true });
  t.after(() => beside.close());
  const desk = new AuditDesk(beside);
  const horizon = desk.horizon();
  const now = MADE_AT + 60_000;
  const window = windowOf({ since: 0, until: now, now }, horizon);
  const auditor = new Auditor({ desk, horizon, window, now, routes: namedRoutes(beside) });

  auditor.take([...eventsOf(1, 6), ...eventsOf(10, 7), ...eventsOf(20, 5)]);
  auditor.finish(window.until);

  assert.deepEqual(window, {
    since: MADE_AT - 300_000,
    until: MADE_AT + 500,
    notes: [
      "from 2026-11-21T07:55:00.000Z on: loghook's first start, or its first one that remembered its routes",
      'up to 2026-11-21T08:00:00.500Z: what came later loghook has not read yet',
      'after 2026-11-21T07:55:00.500Z what came late may count as missing: loghook may still read it',
    ],
  });
  assert.deepEqual(
    auditor.tallies.map((tally) => [tally.route.name, sumLine(tally)]),
    [
      [
        'a.example#1111',
        '18 in Okta = 1 delivered + 10 not wanted + 1 dead + 6 owed (6 due) (+ 0 missing)',
      ],
      ['c', '18 in Okta = 1 delivered + 11 not wanted + 6 owed (6 paused) (+ 0 missing)'],
      [
        'b.example#2222',
        '18 in Okta = 0 delivered + 11 not wanted + 7 owed (7 waiting) (+ 0 missing)',
      ],
      [
        'd',
        '18 in Okta = 1 delivered + 15 not wanted + 1 dropped by a person + 1 moved to another route (+ 0 missing)',
      ],
    ],
  );
  assert.deepEqual(auditor.findings, []);
});
