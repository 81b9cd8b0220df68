/**
 * Makes a small state folder that holds one of everything: `node dist/test/support/sample-state.js FOLDER`. Its output
 * at each released schema version is vendored as test/data/state-vN, which every later loghook must open.
 */
import { join } from 'node:path';
import { silentLog } from '../../src/log.ts';
import { Bundles } from '../../src/state/bundles.ts';
import { DATABASE_FILE } from '../../src/state/folder.ts';
import type { Delivery, Outbox } from '../../src/state/outbox.ts';
import { openStateBeside } from '../../src/state/schema.ts';
import { Settlements } from '../../src/state/settlements.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from './fake-clock.ts';
import {
  A,
  allTo,
  B,
  C,
  cursorAt,
  dead,
  delivered,
  eventOf,
  eventsOf,
  never,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from './outbox-events.ts';

/**
 * From 2026-11-21T08:00Z on. Events 1-6 to A and B: A had 1 delivered, 2 dead, 3 postponed; B is held, then removed.
 * Event 10 to C alone: delivered, so its bytes are history. Events 11-16 to C, in two lanes: 11 dead and replayed while
 * nobody could find its lane, 12 postponed, the others parked or due. C is paused. There is a gap.
 */
async function makeSample(folder: string): Promise<void> {
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: 1 });
  await outbox.adopt([A, B, C]);
  await outbox.commit(pageOf(eventsOf(1, 6), cursorAt(clock.now())), allTo(A, B), never);
  const leftovers = [{ raw: Buffer.from('{"uuid":"half'), why: 'the page ended early' }];
  await outbox.commit({ events: [], leftovers }, allTo(A), never);
  const [one, two, three] = await takeDue(outbox, A, clock.now(), 3);
  await recordAll(outbox, clock, A, [
    [owed(one), delivered(clock)],
    [owed(two), dead(clock)],
    [owed(three), postponed(clock, 30_000)],
  ]);
  const since = clock.now();
  await outbox.saveRouteState(B.key, { kind: 'held', why: '410 Gone', since });
  await outbox.saveTrouble('okta.example: ENOTFOUND');
  await addOrdered(outbox, clock);
  const gap = { at: since, kind: 'refused-link', why: 'Okta answered 400' } as const;
  await outbox.commit({ events: [], gaps: [gap] }, allTo(A), never);
  await outbox.adopt([A, C]);
  await outbox.close();
  askFromBeside(folder, clock.now());
}

async function addOrdered(outbox: Outbox, clock: FakeClock): Promise<void> {
  for (const events of [eventsOf(10, 1), eventsOf(11, 6)]) {
    await outbox.commit(pageOf(events), allTo(C), never);
  }
  const [ten, eleven] = await takeDue(outbox, C, clock.now());
  const answer = { head: Buffer.from('{"ok":true}') };
  const trace = { dnsMs: 1, connectMs: 2, tlsMs: 3, firstByteMs: 40, answer };
  await recordAll(outbox, clock, C, [
    [owed(ten), { kind: 'delivered', at: clock.now(), status: 200, ms: 46, trace }],
    [owed(eleven), dead(clock)],
  ]);
  const [twelve] = await takeDue(outbox, C, clock.now());
  await recordAll(outbox, clock, C, [[owed(twelve), postponed(clock, 30_000)]]);
}

/** As `loghook dead replay` and `loghook pause` do. */
function askFromBeside(folder: string, now: number): void {
  const database = openStateBeside(join(folder, DATABASE_FILE), { readOnly: false });
  const row = database.prepare(`SELECT id FROM routes WHERE key = ?`).get(C.key);
  const seq = database.prepare('SELECT seq FROM events WHERE id = ?').get(eventOf(11).id)?.seq;
  new Settlements(database, new Bundles(database)).replay(Number(row?.id), Number(seq), now);
  database.prepare('UPDATE routes SET paused_at = ? WHERE key = ?').run(now, C.key);
  database.close();
}

function owed(delivery: Delivery | undefined): Delivery {
  if (delivery === undefined) throw new Error('not owed');
  return delivery;
}

await makeSample(process.argv[2] ?? '');
