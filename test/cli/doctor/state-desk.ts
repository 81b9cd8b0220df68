/** State folders for tests of doctor: real SQLite, made some time ago. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { SqliteOutbox } from '../../../src/state/sqlite-outbox.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { Sandbox } from '../../support/loghook.ts';
import { A, allTo, B, cursorAt, eventsOf, never, pageOf } from '../../support/outbox-events.ts';

export const ENV = { OKTA_ORG_URL: 'http://127.0.0.1:9', OKTA_API_KEY: 'x' };

export interface Desk {
  readonly outbox: SqliteOutbox;
  readonly clock: FakeClock;
}

/** A state folder that `fill` has filled `agoMs` ago. */
export async function stateOf(t: TestContext, agoMs: number, fill: (desk: Desk) => Promise<void>) {
  const sandbox = new Sandbox(t);
  const folder = join(sandbox.home, '.local/state/loghook/127.0.0.1-9');
  const clock = new FakeClock(Date.now() - agoMs);
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: process.pid });
  await outbox.adopt([A, B]);
  await fill({ outbox, clock });
  return { sandbox, folder, outbox };
}

export async function closedState(
  t: TestContext,
  agoMs: number,
  fill: (desk: Desk) => Promise<void>,
) {
  const made = await stateOf(t, agoMs, fill);
  await made.outbox.close();
  return made;
}

export const poll = async ({ outbox, clock }: Desk) => {
  await outbox.commit(pageOf([], cursorAt(clock.now())), allTo(A), never);
};
export const owe = async ({ outbox, clock }: Desk) => {
  await outbox.commit(pageOf(eventsOf(1, 3), cursorAt(clock.now())), allTo(A, B), never);
};
