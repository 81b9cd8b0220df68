/** States of loghooks that did not remember their routes: nothing of their time is judged, all after it is. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Auditor } from '../../../src/cli/audit/auditor.ts';
import { sumLine } from '../../../src/cli/audit/report.ts';
import { windowOf } from '../../../src/cli/audit/window.ts';
import { ConfigError } from '../../../src/errors.ts';
import { AuditDesk } from '../../../src/state/beside/audit-desk.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import { A, allTo, cursorAt, eventOf, eventsOf, never } from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const MADE_AT = Date.parse('2026-11-21T08:00:00.000Z');
const NOW = MADE_AT + 3_600_000;
const ASKED = { since: 0, until: NOW, now: NOW };

for (const version of [1, 2]) {
  test(`a state of version ${version} is judged from where the first loghook that can went on`, async (t) => {
    const folder = tempFolder(t);
    const sample = new URL(`../../../../test/data/state-v${version}/state.db`, import.meta.url);
    copyFileSync(fileURLToPath(sample), join(folder, 'state.db'));
    const beside = new Beside(folder, { readOnly: false });
    t.after(() => beside.close());
    const desk = new AuditDesk(beside);
    assert.throws(() => windowOf(ASKED, desk.horizon()), ConfigError);
    const clock = new FakeClock(NOW);
    const { outbox } = openOutbox(t, { folder, clock });
    const route = { ...A, patterns: ['.*'] };
    const lastPublishedAt = (await outbox.cursor())?.lastPublishedAt ?? 0;

    await outbox.adopt([route], { query: '', since: 0 });
    const late = { ...eventOf(90), published: '2026-11-21T08:30:00.000Z' };
    await outbox.commit({ events: [late], cursor: cursorAt(NOW) }, allTo(route), never);
    const horizon = desk.horizon();
    const window = windowOf(ASKED, horizon);
    const auditor = new Auditor({
      desk,
      horizon,
      window,
      now: NOW,
      routes: namedRoutes(beside).filter(({ key }) => key === A.key),
    });
    auditor.take([...eventsOf(1, 6), late]);
    auditor.finish(window.until);

    assert.equal(window.since, lastPublishedAt + 1);
    assert.deepEqual(auditor.tallies.map(sumLine), [
      '1 in Okta = 0 delivered + 1 owed (1 due) (+ 0 missing)',
    ]);
    assert.deepEqual([auditor.findings, auditor.tallies[0]?.unlisted], [[], 0]);
  });
}
