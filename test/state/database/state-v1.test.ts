/**
 * State that an older loghook wrote. test/data/state-v1/state.db was made by test/support/sample-state.ts, which says
 * what lies in it: `npm run build && node dist/test/support/sample-state.js FOLDER`, then its state.db copied here.
 */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Beside } from '../../../src/state/beside/beside.ts';
import { DeadLetters } from '../../../src/state/beside/dead-letters.ts';
import { readStanding } from '../../../src/state/beside/standing.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  allTo,
  B,
  cursorAt,
  delivered,
  eventOf,
  eventsOf,
  never,
  pageOf,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const MADE_AT = Date.parse('2026-11-21T08:00:00.000Z');
/** After the outcomes were recorded. */
const TROUBLE_AT = MADE_AT + 100;

function copyOfSample(t: TestContext): string {
  const folder = tempFolder(t);
  const sample = new URL('../../../../test/data/state-v1/state.db', import.meta.url);
  copyFileSync(fileURLToPath(sample), join(folder, 'state.db'));
  return folder;
}

test('a folder of version 1 is opened, and what it owes is delivered', async (t) => {
  const folder = copyOfSample(t);
  const clock = new FakeClock(MADE_AT + 60_000);
  const { outbox } = openOutbox(t, { folder, clock });

  await outbox.adopt([A, B]);
  const due = await takeDue(outbox, A, clock.now());
  await recordAll(
    outbox,
    clock,
    A,
    due.map((delivery) => [delivery, delivered(clock)]),
  );
  const again = await outbox.commit(pageOf(eventsOf(1, 6)), allTo(A, B), never);

  assert.deepEqual(await outbox.cursor(), cursorAt(MADE_AT));
  assert.deepEqual(
    due.map(({ event, attempts }) => [event.raw.toString(), attempts]),
    [
      [eventOf(4).raw.toString(), 0],
      [eventOf(5).raw.toString(), 0],
      [eventOf(6).raw.toString(), 0],
      [eventOf(3).raw.toString(), 1],
    ],
  );
  assert.deepEqual(await outbox.routeState(B.key), {
    kind: 'held',
    why: '410 Gone',
    since: TROUBLE_AT,
  });
  assert.equal(again?.repeated, 6);
  assert.equal(await outbox.owedCount(), 6);
});

test('a folder of version 1 shows how it stands, and its dead letters', async (t) => {
  const folder = copyOfSample(t);

  const standing = await readStanding(folder);
  const beside = new Beside(folder, { readOnly: false });
  const letters = new DeadLetters(beside);
  const dead = [...letters.list()];

  assert.deepEqual(
    standing.routes.map(({ name, retired, queued, dead }) => [name, retired, queued, dead]),
    [
      [A.name, false, 4, 1],
      [B.name, true, 6, 0],
      ['(unreadable pages)', true, 0, 1],
    ],
  );
  assert.deepEqual(standing.trouble, { what: 'okta.example: ENOTFOUND', since: TROUBLE_AT });
  assert.deepEqual(
    dead.map((letter) => letters.raw(letter).toString()),
    ['{"uuid":"half', eventOf(2).raw.toString()],
  );
  beside.close();
});
