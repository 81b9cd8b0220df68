/**
 * Makes a small state folder that holds one of everything: `node dist/test/support/sample-state.js FOLDER`. Its output
 * at each released schema version is vendored as test/data/state-vN, which every later loghook must open.
 */
import { join } from 'node:path';
import { silentLog } from '../../src/log.ts';
import { Beside } from '../../src/state/beside/beside.ts';
import { BesideIntake } from '../../src/state/beside/beside-intake.ts';
import { namedRoutes } from '../../src/state/beside/named-routes.ts';
import { RouteDesk } from '../../src/state/beside/route-desk.ts';
import { DATABASE_FILE } from '../../src/state/database/folder.ts';
import { openStateBeside } from '../../src/state/database/schema.ts';
import type { Database } from '../../src/state/database/sqlite.ts';
import { Bundles } from '../../src/state/intake/bundles.ts';
import type { Delivery, Outbox, RouteRef } from '../../src/state/outbox.ts';
import { Settlements } from '../../src/state/owed/settlements.ts';
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
 * Since version 3 each of them was wanted when it was read by those that had it. Events 20-23 to D: 20 delivered twice,
 * as a person asked; 21 dropped by a person; 22 moved to A, since D is removed; 23 wanted by nobody, and 24 backfilled to A and B.
 */
async function makeSample(folder: string): Promise<void> {
  const clock = new FakeClock();
  const outbox = SqliteOutbox.open({ folder, clock, log: silentLog(), pid: 1 });
  await adopt(outbox, clock, [A, B], [C]);
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
  await adopt(outbox, clock, [C], [A, B]);
  await addOrdered(outbox, clock);
  await addAudited(outbox, clock, folder);
  const gap = { at: since, kind: 'refused-link', why: 'Okta answered 400' } as const;
  await outbox.commit({ events: [], gaps: [gap] }, allTo(A), never);
  await adopt(outbox, clock, [A, C], []);
  await outbox.close();
  await moveFromBeside(folder, clock.now());
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

/** In force for a while. */
const D: RouteRef = { key: 'name:d', name: 'd' };

/** Puts them in force, of which some want every event. */
function adopt(
  outbox: Outbox,
  clock: FakeClock,
  wanting: readonly RouteRef[],
  others: readonly RouteRef[],
): Promise<void> {
  return outbox.adopt(
    [
      ...wanting.map((route) => ({ ...route, patterns: ['^user'] })),
      ...others.map((route) => ({ ...route, patterns: ['^none$'] })),
    ],
    { query: '', since: clock.now() - 300_000 },
  );
}

async function addAudited(outbox: Outbox, clock: FakeClock, folder: string): Promise<void> {
  await adopt(outbox, clock, [D], [A, C]);
  await outbox.commit(pageOf(eventsOf(20, 3)), allTo(D), never);
  const [twenty, twentyOne] = await takeDue(outbox, D, clock.now(), 2);
  await recordAll(outbox, clock, D, [
    [owed(twenty), delivered(clock)],
    [owed(twentyOne), dead(clock)],
  ]);
  beside(folder, (database) => {
    const settlements = new Settlements(database, new Bundles(database));
    settlements.replay(idOf(database, D), seqOf(database, 20), clock.now());
    settlements.drop(idOf(database, D), seqOf(database, 21), clock.now());
  });
  await outbox.tidy();
  const again = await takeDue(outbox, D, clock.now());
  const replayed = again.filter(({ replay }) => replay);
  await recordAll(
    outbox,
    clock,
    D,
    replayed.map((delivery) => [delivery, delivered(clock)]),
  );
  for (const delivery of again) if (!delivery.replay) outbox.release(D, delivery);
  await adopt(outbox, clock, [], [A, C]);
  await outbox.commit(
    { events: eventsOf(23, 1), cursor: cursorAt(clock.now(), 2), full: false },
    allTo(),
    never,
  );
  backfill(folder, clock.now());
}

/** As `loghook backfill` does. */
function backfill(folder: string, now: number): void {
  beside(folder, (database) => {
    const intake = new BesideIntake(database);
    const routes = [idOf(database, A), idOf(database, B)];
    intake.owe(intake.look([{ event: eventOf(24), routes }]), { now, config: undefined });
  });
}

/** As `loghook route move` does. */
async function moveFromBeside(folder: string, now: number): Promise<void> {
  const state = new Beside(folder, { readOnly: false });
  const routes = namedRoutes(state);
  const [from, to] = [D, A].map(({ key }) => routes.find((route) => route.key === key));
  if (from === undefined || to === undefined) throw new Error('no such routes');
  await new RouteDesk(state).move(from, to, { now, rest: () => Promise.resolve() });
  state.close();
}

function beside(folder: string, work: (database: Database) => void): void {
  const database = openStateBeside(join(folder, DATABASE_FILE), { readOnly: false });
  work(database);
  database.close();
}

function idOf(database: Database, { key }: RouteRef): number {
  return Number(database.prepare('SELECT id FROM routes WHERE key = ?').get(key)?.id);
}

function seqOf(database: Database, n: number): number {
  return Number(database.prepare('SELECT seq FROM events WHERE id = ?').get(eventOf(n).id)?.seq);
}

/** As `loghook dead replay` and `loghook pause` do. */
function askFromBeside(folder: string, now: number): void {
  beside(folder, (database) => {
    const settlements = new Settlements(database, new Bundles(database));
    settlements.replay(idOf(database, C), seqOf(database, 11), now);
    database.prepare('UPDATE routes SET paused_at = ? WHERE key = ?').run(now, C.key);
  });
}

function owed(delivery: Delivery | undefined): Delivery {
  if (delivery === undefined) throw new Error('not owed');
  return delivery;
}

await makeSample(process.argv[2] ?? '');
