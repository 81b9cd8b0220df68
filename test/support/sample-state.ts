/**
 * Makes a small state folder that holds one of everything: `node dist/test/support/sample-state.js FOLDER`. Its output
 * at each released schema version is vendored as test/data/state-vN, which every later loghook must open.
 */
import { silentLog } from '../../src/log.ts';
import { SqliteOutbox } from '../../src/state/sqlite-outbox.ts';
import { FakeClock } from './fake-clock.ts';
import {
  A,
  allTo,
  B,
  cursorAt,
  dead,
  delivered,
  eventsOf,
  never,
  pageOf,
  postponed,
  recordAll,
  takeDue,
} from './outbox-events.ts';

/** At 2026-11-21T08:00Z: events 1-6 to A and B, of which A had 1 delivered, 2 dead, 3 postponed; B is held, then removed. */
async function makeSample(folder: string): Promise<void> {
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: 1 });
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf(eventsOf(1, 6), cursorAt(clock.now())), allTo(A, B), never);
  const leftovers = [{ raw: Buffer.from('{"uuid":"half'), why: 'the page ended early' }];
  await outbox.commit({ events: [], leftovers }, allTo(A), never);
  const [one, two, three] = await takeDue(outbox, A, clock.now(), 3);
  if (one === undefined || two === undefined || three === undefined) throw new Error('not owed');
  await recordAll(outbox, clock, A, [
    [one, delivered(clock)],
    [two, dead(clock)],
    [three, postponed(clock, 30_000)],
  ]);
  const since = clock.now();
  await outbox.saveRouteState(B.key, { kind: 'held', why: '410 Gone', since });
  await outbox.saveTrouble('okta.example: ENOTFOUND');
  await outbox.adopt([A]);
  await outbox.close();
}

await makeSample(process.argv[2] ?? '');
