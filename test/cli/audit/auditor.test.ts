/** The auditor by itself: what only happens while it reads. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Auditor } from '../../../src/cli/audit/auditor.ts';
import { Repair } from '../../../src/cli/audit/repair.ts';
import { sumLine } from '../../../src/cli/audit/report.ts';
import { AuditDesk } from '../../../src/state/beside/audit-desk.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { RouteDesk } from '../../../src/state/beside/route-desk.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import { A, allTo, B, cursorAt, eventsOf, never } from '../../support/outbox-events.ts';

const WANTING = { ...A, patterns: ['.*'] };

async function opened(t: TestContext) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt([WANTING], { query: '', since: 0 });
  const beside = new Beside(folder, { readOnly: false });
  t.after(() => beside.close());
  const audit = () => {
    const desk = new AuditDesk(beside);
    const window = { since: 0, until: clock.now() };
    const now = clock.now();
    const routes = namedRoutes(beside);
    return new Auditor({ desk, horizon: desk.horizon(), window, now, routes });
  };
  return { outbox, clock, beside, audit };
}

test('looks again at what a daemon has read since', async (t) => {
  const { outbox, clock, audit } = await opened(t);
  const auditor = audit();
  const lacks = auditor.take(eventsOf(1, 5));
  await outbox.commit(
    { events: eventsOf(1, 3), cursor: cursorAt(clock.now()) },
    allTo(WANTING),
    never,
  );

  auditor.finish(clock.now());

  assert.equal(lacks.length, 5);
  assert.deepEqual(auditor.tallies.map(sumLine), [
    '5 in Okta = 0 delivered + 3 owed (3 due) + 2 MISSING',
  ]);
  assert.equal(auditor.findings.length, 2);
});

test('what was repaired was missing all the same', async (t) => {
  const { outbox, clock, audit } = await opened(t);
  const auditor = audit();
  auditor.take(eventsOf(1, 1));
  await outbox.commit({ events: eventsOf(1, 1) }, allTo(WANTING), never);

  auditor.finish(clock.now(), true);

  assert.equal(auditor.tallies[0]?.terms.missing, 1);
});

test('what was repaired is not taken for a twin of itself', async (t) => {
  const { clock, beside, audit } = await opened(t);
  const auditor = audit();
  const lacks = auditor.take(eventsOf(1, 3));

  new Repair(beside, new AuditDesk(beside), undefined).owe(lacks, clock.now());
  auditor.repaired(lacks);
  auditor.finish(clock.now(), true);

  const [tally] = auditor.tallies;
  assert.deepEqual([tally?.terms.missing, tally?.duplicates, tally?.unlisted], [3, 0, 0]);
});

test('what a person moved counts where it came from and where it went', async (t) => {
  const { outbox, clock, beside, audit } = await opened(t);
  await outbox.commit({ events: eventsOf(1, 4) }, allTo(WANTING), never);
  const other = { ...B, patterns: ['^none$'] };
  await outbox.adopt([other], { query: '', since: 0 });
  const [to, from] = namedRoutes(beside);
  const turn = { now: clock.now(), rest: () => Promise.resolve() };
  await new RouteDesk(beside).move(from!, to!, turn);
  beside.database.exec('DELETE FROM owed WHERE seq = 2');

  const auditor = audit();
  auditor.take(eventsOf(1, 4));
  auditor.finish(clock.now());

  assert.deepEqual(auditor.tallies.map(sumLine), [
    '4 in Okta = 0 delivered + 3 owed (3 due) + 1 MISSING',
    '4 in Okta = 0 delivered + 4 moved to another route (+ 0 missing)',
  ]);
});

test('does not take for missing, or owe again, what a daemon forgets meanwhile', async (t) => {
  const { outbox, clock, beside, audit } = await opened(t);
  await outbox.commit({ events: eventsOf(1, 4) }, allTo(WANTING), never);
  const auditor = audit();
  const lacks = auditor.take(eventsOf(5, 1));
  const [{ published = '' } = {}] = eventsOf(1, 1);
  beside.database.exec('DELETE FROM owed; DELETE FROM events');
  beside.database.exec(`UPDATE horizons SET ledger_from = ${Date.parse(published)}`);
  const repair = new Repair(beside, new AuditDesk(beside), undefined);

  const more = auditor.take(eventsOf(1, 4));
  repair.owe(lacks, clock.now());

  assert.equal(lacks.length, 1);
  assert.deepEqual(more, []);
  assert.equal(auditor.from, Date.parse(published) + 1);
  assert.equal(repair.owed, 0);
});

test('what a daemon reads meanwhile is not held against the list', async (t) => {
  const { outbox, clock, audit } = await opened(t);
  await outbox.commit({ events: eventsOf(1, 3) }, allTo(WANTING), never);
  const auditor = audit();
  auditor.take(eventsOf(1, 2));
  await outbox.commit({ events: eventsOf(4, 5) }, allTo(WANTING), never);

  auditor.finish(clock.now());

  const { known, leftOut } = auditor.coverage;
  assert.deepEqual([known, leftOut, auditor.tallies[0]?.unlisted], [3, 1, 6]);
});

test('what no route wanted counts for what a list lacks', async (t) => {
  const { outbox, clock, audit } = await opened(t);
  await outbox.commit({ events: eventsOf(1, 3) }, allTo(), never);
  const auditor = audit();

  auditor.take([]);
  auditor.finish(clock.now());

  assert.equal(auditor.coverage.leftOut, 3);
  assert.equal(auditor.coverage.isEnough, false);
});

test('an event that stands in a list twice is compared both times, and counted once', async (t) => {
  const { outbox, clock, audit } = await opened(t);
  await outbox.commit({ events: eventsOf(1, 2) }, allTo(WANTING), never);
  const auditor = audit();
  const [one, two] = eventsOf(1, 2);
  const otherwise = { ...one!, raw: Buffer.from('{}') };

  auditor.take([one!, otherwise, two!]);
  auditor.take([otherwise, one!]);
  auditor.take([otherwise]);
  auditor.finish(clock.now());

  const [tally] = auditor.tallies;
  assert.deepEqual([auditor.events, auditor.repeated, tally?.listed, tally?.changed], [2, 4, 2, 1]);
});
