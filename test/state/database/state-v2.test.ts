/**
 * State that a loghook of schema version 2 wrote. test/data/state-v2/state.db was made by test/support/sample-state.ts,
 * which says what lies in it: `npm run build && node dist/test/support/sample-state.js FOLDER`, then its state.db copied
 * here.
 */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Beside } from '../../../src/state/beside/beside.ts';
import { DeadLetters } from '../../../src/state/beside/dead-letters.ts';
import { readStanding } from '../../../src/state/beside/standing.ts';
import { openStateBeside } from '../../../src/state/database/schema.ts';
import { Bundles } from '../../../src/state/intake/bundles.ts';
import type { Outbox } from '../../../src/state/outbox.ts';
import { Settlements } from '../../../src/state/owed/settlements.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import {
  A,
  B,
  C,
  delivered,
  eventOf,
  idsOf,
  recordAll,
  takeDue,
} from '../../support/outbox-events.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const MADE_AT = Date.parse('2026-11-21T08:00:00.000Z');

function copyOfSample(t: TestContext): string {
  const folder = tempFolder(t);
  const sample = new URL('../../../../test/data/state-v2/state.db', import.meta.url);
  copyFileSync(fileURLToPath(sample), join(folder, 'state.db'));
  return folder;
}

/** Delivers what is due on C until nothing is. Returns the events in the order in which they went, one group a turn. */
async function deliverAll(outbox: Outbox, clock: FakeClock): Promise<string[][]> {
  const turns: string[][] = [];
  for (;;) {
    const due = await takeDue(outbox, C, clock.now());
    if (due.length === 0) return turns;
    turns.push(idsOf(due));
    await recordAll(
      outbox,
      clock,
      C,
      due.map((delivery) => [delivery, delivered(clock)]),
    );
  }
}

test('a folder of version 2 is opened, and what it owes is delivered in its order', async (t) => {
  const clock = new FakeClock(MADE_AT + 60_000);
  const folder = copyOfSample(t);
  const { outbox } = openOutbox(t, { folder, clock });

  await outbox.adopt([A, B, C]);

  assert.deepEqual(await outbox.wishes(), [
    { key: A.key, paused: false },
    { key: B.key, paused: false },
    { key: C.key, paused: true },
  ]);
  // 11 was replayed and is of 13's lane, which may be out; 12 is due again.
  assert.deepEqual(
    await deliverAll(outbox, clock),
    [
      [13, 12],
      [14, 11],
      [15, 16],
    ].map((turn) => turn.map((n) => eventOf(n).id)),
  );
  assert.equal((await takeDue(outbox, A, clock.now())).length, 4);
});

test('a folder of version 2 shows how it stands, and its dead letters', async (t) => {
  const folder = copyOfSample(t);

  const standing = await readStanding(folder);
  const beside = new Beside(folder, { readOnly: false });
  const letters = new DeadLetters(beside);
  t.after(() => beside.close());

  assert.deepEqual(
    standing.routes.map(({ name, retired, queued, dead }) => [name, retired, queued, dead]),
    [
      [A.name, false, 4, 1],
      [C.name, false, 6, 0],
      [B.name, true, 6, 0],
      ['(unreadable pages)', true, 0, 1],
    ],
  );
  assert.equal(standing.routes[1]?.oldest?.readAt, MADE_AT + 100);
  assert.deepEqual(
    [...letters.list()].map((letter) => letters.raw(letter).toString()),
    ['{"uuid":"half', eventOf(2).raw.toString()],
  );
});

test('what a folder of version 2 keeps as history can be sent again', async (t) => {
  const folder = copyOfSample(t);
  const beside = openStateBeside(join(folder, 'state.db'), { readOnly: false });
  t.after(() => beside.close());
  const seq = beside.prepare('SELECT seq FROM events WHERE id = ?').get(eventOf(10).id)?.seq;
  const route = beside.prepare('SELECT id FROM routes WHERE key = ?').get(C.key)?.id;

  const settlements = new Settlements(beside, new Bundles(beside));

  assert.equal(settlements.replay(Number(route), Number(seq), MADE_AT), 'replayed');
});
