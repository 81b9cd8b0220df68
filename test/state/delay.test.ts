/** The four parts of a delivery's delay: whose doing each is, and that together they are what a person waits for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '../../src/log.ts';
import { delayOf, delayParts } from '../../src/state/delay.ts';
import type { Delivery, Intake } from '../../src/state/outbox.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { A, allTo, cursorAt, eventOf, never, takeDue } from '../support/outbox-events.ts';
import { tempFolder } from '../support/temp-folder.ts';

const NOW = Date.parse('2026-11-21T08:00:00.000Z');
const HOUR = 3_600_000;

function at(ms: number): string {
  return new Date(NOW + ms).toISOString();
}

function intakeOf(fields: Partial<Intake>): Intake {
  return { events: [], cursor: cursorAt(NOW), ...fields };
}

const DELAYS: readonly [
  what: string,
  published: string | undefined,
  intake: Partial<Intake>,
  expected: ReturnType<typeof delayOf>,
][] = [
  [
    'an event since the last look',
    at(-700),
    { headAt: NOW - 1_000, oktaAheadMs: 0 },
    { oktaMs: 0, pollMs: 700 },
  ],
  ['a late event', at(-9_000), { headAt: NOW - 1_000 }, { oktaMs: 8_000, pollMs: 1_000 }],
  ['after downtime, or at a first start', at(-HOUR), {}, { oktaMs: 0, pollMs: HOUR }],
  ['from the future', at(5_000), { headAt: NOW - 1_000 }, { oktaMs: 0, pollMs: 0 }],
  [
    'our clock is an hour ahead',
    at(-HOUR - 700),
    { oktaAheadMs: -HOUR },
    { oktaMs: 0, pollMs: 700 },
  ],
  [
    'our clock is an hour behind',
    at(HOUR - 700),
    { oktaAheadMs: HOUR },
    { oktaMs: 0, pollMs: 700 },
  ],
  [
    "a late event, by Okta's clock alone",
    at(HOUR - 9_000),
    { oktaAheadMs: HOUR, headAt: NOW + HOUR - 1_000 },
    { oktaMs: 8_000, pollMs: 1_000 },
  ],
  [
    'nothing is known of the clocks',
    at(-700),
    { cursor: cursorAt(NOW - 200) },
    { oktaMs: 0, pollMs: 500 },
  ],
  ['it does not say when', undefined, {}, undefined],
  ['it does not say so that it can be read', 'yesterday', {}, undefined],
  ["loghook's own news", at(-700), { source: 'news' }, undefined],
];

for (const [what, published, intake, expected] of DELAYS) {
  test(`until it was read: ${what}`, () => {
    const { published: _, ...rest } = eventOf(1);
    const event = published === undefined ? rest : { ...rest, published };

    assert.deepEqual(delayOf(event, intakeOf(intake), NOW), expected);
  });
}

const DELIVERY: Delivery = {
  seq: 1,
  bundle: 1,
  event: eventOf(1),
  dueAt: 0,
  attempts: 0,
  tries: 0,
  readAt: NOW,
  replay: false,
  oktaMs: 8_000,
  pollMs: 1_000,
};

test('the queue has what lies between the reading and the attempt that delivered', () => {
  const retried = { ...DELIVERY, attempts: 3 };
  const settlement = { kind: 'delivered', at: NOW + 60_000, status: 200, ms: 250.4 } as const;

  const parts = delayParts(retried, settlement);

  assert.deepEqual(parts, { oktaMs: 8_000, pollMs: 1_000, queueMs: 59_750, sendMs: 250 });
});

test('a clock that was set back leaves the queue no time, never less', () => {
  const settlement = { kind: 'delivered', at: NOW - HOUR, status: 200, ms: 250 } as const;

  assert.equal(delayParts(DELIVERY, settlement)?.queueMs, 0);
});

test('what a person asked for again, and what was not delivered, has no parts', () => {
  const delivered = { kind: 'delivered', at: NOW, status: 200, ms: 1 } as const;

  assert.equal(delayParts({ ...DELIVERY, replay: true }, delivered), undefined);
  assert.equal(delayParts(DELIVERY, { kind: 'expired', at: NOW, why: 'too old' }), undefined);
});

test('from memory and from disk the parts are the same, and add up to what a person waits', async (t) => {
  const folder = tempFolder(t);
  const clock = new FakeClock(NOW);
  const open = async () => {
    const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
    await outbox.adopt([A]);
    return outbox;
  };
  const outbox = await open();
  // Okta's clock is ten minutes ahead; the log was read to its end two seconds ago.
  const oktaAheadMs = 600_000;
  const published = at(oktaAheadMs - 5_000);
  const page = intakeOf({
    events: [{ ...eventOf(1), published }],
    headAt: NOW + oktaAheadMs - 2_000,
    oktaAheadMs,
  });

  await outbox.commit(page, allTo(A), never);
  const [inMemory] = await takeDue(outbox, A, clock.now());
  await outbox.close();
  const again = await open();
  t.after(() => again.close());
  const [onDisk] = await takeDue(again, A, clock.now());
  await clock.advance(400);
  const settlement = { kind: 'delivered', at: clock.now(), status: 200, ms: 300 } as const;

  assert.deepEqual([onDisk?.oktaMs, onDisk?.pollMs], [3_000, 2_000]);
  const parts = [inMemory, onDisk].map((one) => one && delayParts(one, settlement));
  assert.deepEqual(parts[0], parts[1]);
  const { oktaMs = 0, pollMs = 0, queueMs = 0, sendMs = 0 } = parts[0] ?? {};
  assert.equal(
    oktaMs + pollMs + queueMs + sendMs,
    settlement.at + oktaAheadMs - Date.parse(published),
  );
});
