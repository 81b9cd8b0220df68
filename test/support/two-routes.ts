/** A state folder as a daemon has it after a while, for commands that look at one. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { FakeClock } from './fake-clock.ts';
import { openOutbox } from './open-outbox.ts';
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
import { tempFolder } from './temp-folder.ts';

/** Of A: event 1 delivered, 2 and 3 dead, 4 waiting, 5 and 6 due. B is held with all 6, for a minute now. */
export async function twoRoutes(t: TestContext, org = 'acme.okta.com') {
  const root = tempFolder(t);
  const folder = join(root, org);
  const clock = new FakeClock(Date.now() - 60_000);
  const { outbox } = openOutbox(t, { folder, clock });
  await outbox.adopt([A, B]);
  await outbox.commit(pageOf(eventsOf(1, 6), cursorAt(clock.now())), allTo(A, B), never);
  const due = await takeDue(outbox, A, clock.now(), 4);
  await recordAll(outbox, clock, A, [
    [due[0]!, delivered(clock)],
    [due[1]!, dead(clock)],
    [due[2]!, dead(clock)],
    [due[3]!, postponed(clock, 3_600_000)],
  ]);
  await outbox.saveRouteState(B.key, {
    kind: 'held',
    why: 'ECONNREFUSED',
    since: clock.now() - 60_000,
    until: clock.now() + 600_000,
  });
  return { root, folder, clock, outbox };
}
