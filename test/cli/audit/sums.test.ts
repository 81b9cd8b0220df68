/** What one event comes to in the sums, by the rows that the state has of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Auditor } from '../../../src/cli/audit/auditor.ts';
import { sumLine } from '../../../src/cli/audit/report.ts';
import { Tally, talliesShown } from '../../../src/cli/audit/tally.ts';
import type { LogEvent } from '../../../src/event.ts';
import { AuditDesk } from '../../../src/state/beside/audit-desk.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { PARKED, SOURCES, UNPLACED } from '../../../src/state/database/schema.ts';
import { digestOf } from '../../../src/state/owed/digest.ts';
import { openOutbox } from '../../support/open-outbox.ts';
import { A, allTo, cursorAt, eventOf, eventsOf, never } from '../../support/outbox-events.ts';

const WANTING = { ...A, patterns: ['.*'] };
const EVENT = eventOf(1);
const PUBLISHED = Date.parse(String(EVENT.published));
const OTHERWISE: LogEvent = { ...EVENT, raw: Buffer.from('{}') };

/** The route is owed the event, and that is all. */
async function opened(t: TestContext, events: readonly LogEvent[] = [EVENT]) {
  const { folder, clock, outbox } = openOutbox(t);
  await outbox.adopt([WANTING], { query: '', since: 0 });
  await outbox.commit({ events, cursor: cursorAt(clock.now()) }, allTo(WANTING), never);
  const beside = new Beside(folder, { readOnly: false });
  t.after(() => beside.close());
  const audit = (listed: readonly LogEvent[], window: { since?: number; until?: number } = {}) => {
    const { since = 0, until = clock.now() } = window;
    const desk = new AuditDesk(beside);
    const routes = namedRoutes(beside);
    const horizon = desk.horizon();
    const parts = { desk, horizon, routes, window: { since, until }, now: clock.now() };
    const auditor = new Auditor(parts);
    auditor.take(listed);
    auditor.finish(until);
    return auditor;
  };
  return { outbox, clock, audit, exec: (sql: string) => beside.database.exec(sql) };
}

const DIGEST = `x'${digestOf(EVENT.raw).toString('hex')}'`;
const DONE = 'DELETE FROM owed;';
const DEAD = `${DONE} INSERT INTO dead (route, seq, died_at, why, attempts) VALUES (1, 1, 0, '', 5);`;
const MOVED = `${DONE} INSERT INTO moves (seq, route, to_route) VALUES (1, 1, 9);`;

function settled(result: string, digest = 'NULL'): string {
  return `${DONE} INSERT INTO ledger (seq, route, result, at, attempts, digest)
    VALUES (1, 1, '${result}', 0, 1, ${digest});`;
}

const DELIVERED = settled('delivered', DIGEST);

function sent(n: number, result = 'delivered'): string {
  return `INSERT INTO attempts (seq, route, n, at, result) VALUES (1, 1, ${n}, 0, '${result}');`;
}

function asked(times: number): string {
  return `INSERT INTO replays (seq, route, times) VALUES (1, 1, ${times});`;
}

interface Counts {
  readonly changed?: number;
  readonly duplicates?: number;
  readonly uncomparable?: number;
  readonly unlisted?: number;
  readonly leftOut?: number;
}

const CASES: readonly (readonly [
  what: string,
  sql: string,
  sum: string,
  counts?: Counts,
  listed?: LogEvent | undefined,
])[] = [
  ['is owed', '', '1 in Okta = 0 delivered + 1 owed (1 due) (+ 0 missing)'],
  [
    'waits for another of its lane',
    `UPDATE owed SET due_at = ${PARKED}`,
    '1 in Okta = 0 delivered + 1 owed (1 waiting) (+ 0 missing)',
  ],
  [
    'has no lane yet',
    `UPDATE owed SET due_at = ${UNPLACED}`,
    '1 in Okta = 0 delivered + 1 owed (1 waiting) (+ 0 missing)',
  ],
  [
    'is to be tried again',
    'UPDATE owed SET due_at = 9e15',
    '1 in Okta = 0 delivered + 1 owed (1 waiting) (+ 0 missing)',
  ],
  ['is dead', DEAD, '1 in Okta = 0 delivered + 1 dead (+ 0 missing)'],
  [
    'was dropped',
    settled('dropped'),
    '1 in Okta = 0 delivered + 1 dropped by a person (+ 0 missing)',
  ],
  ['was moved', MOVED, '1 in Okta = 0 delivered + 1 moved to another route (+ 0 missing)'],
  ['was delivered', DELIVERED, '1 in Okta = 1 delivered (+ 0 missing)'],
  ['is missing', DONE, '1 in Okta = 0 delivered + 1 MISSING'],
  [
    'is an unreadable piece that is dead',
    `${DELIVERED} INSERT INTO dead (route, seq, died_at, why, attempts) VALUES (0, 1, 0, '', 0)`,
    '1 in Okta = 1 delivered (+ 0 missing)',
  ],
  [
    'was delivered without a digest',
    settled('delivered'),
    '1 in Okta = 1 delivered (+ 0 missing)',
    { changed: 1 },
  ],
  [
    'was delivered before there were digests',
    `${settled('delivered')} UPDATE events SET config = NULL`,
    '1 in Okta = 1 delivered (+ 0 missing)',
    { uncomparable: 1 },
  ],
  [
    'was sent otherwise',
    settled('delivered', 'zeroblob(16)'),
    '1 in Okta = 1 delivered (+ 0 missing)',
    { changed: 1 },
  ],
  [
    'is dead with other bytes',
    DEAD,
    '1 in Okta = 0 delivered + 1 dead (+ 0 missing)',
    { changed: 1 },
    OTHERWISE,
  ],
  [
    'was dropped with other bytes',
    settled('dropped'),
    '1 in Okta = 0 delivered + 1 dropped by a person (+ 0 missing)',
    {},
    OTHERWISE,
  ],
  [
    'was moved with other bytes',
    MOVED,
    '1 in Okta = 0 delivered + 1 moved to another route (+ 0 missing)',
    {},
    OTHERWISE,
  ],
  [
    'was replayed and delivered again',
    `${DELIVERED} ${sent(1)} ${asked(1)}`,
    '1 in Okta = 1 delivered (+ 0 missing)',
  ],
  [
    'was delivered three times, replayed once',
    `${DELIVERED} ${sent(1)} ${sent(2)} ${asked(1)}`,
    '1 in Okta = 1 delivered (+ 0 missing)',
    { duplicates: 1 },
  ],
  [
    'was delivered three times',
    `${DELIVERED} ${sent(1)} ${sent(2)}`,
    '1 in Okta = 1 delivered (+ 0 missing)',
    { duplicates: 2 },
  ],
  [
    'was delivered after it failed',
    `${DELIVERED} ${sent(1, 'failed')} ${sent(2, 'dead')}`,
    '1 in Okta = 1 delivered (+ 0 missing)',
  ],
  [
    'was delivered, replayed, and is dead',
    `${DEAD} ${sent(1)} ${asked(1)}`,
    '1 in Okta = 0 delivered + 1 dead (+ 0 missing)',
  ],
  [
    'was delivered twice before it died',
    `${DEAD} ${sent(1)} ${sent(2)}`,
    '1 in Okta = 0 delivered + 1 dead (+ 0 missing)',
    { duplicates: 1 },
  ],
  [
    'is owed though it was delivered',
    DELIVERED.replace(DONE, ''),
    '1 in Okta = 0 delivered + 1 owed (1 due) (+ 0 missing)',
    { duplicates: 1 },
  ],
  ...(
    [
      ['delivered', DELIVERED],
      ['dead', DEAD],
      ['owed', ''],
      ['dropped', settled('dropped')],
    ] as const
  ).map(
    ([what, sql]) =>
      [
        `is ${what} and not listed`,
        sql,
        '0 in Okta = 0 delivered (+ 0 missing)',
        { unlisted: 1, leftOut: 1 },
        undefined,
      ] as const,
  ),
  [
    'was moved and is not listed',
    MOVED,
    '0 in Okta = 0 delivered (+ 0 missing)',
    { leftOut: 1 },
    undefined,
  ],
  [
    'is news of ours, which Okta knows nothing of',
    `UPDATE events SET source = ${SOURCES.news}`,
    '0 in Okta = 0 delivered (+ 0 missing)',
    {},
    undefined,
  ],
];

for (const [what, sql, sum, counts = {}, ...more] of CASES) {
  test(`an event that ${what}`, async (t) => {
    const { audit, exec } = await opened(t);
    exec(sql);
    const listed = more.length === 0 ? EVENT : more[0];

    const auditor = audit(listed === undefined ? [] : [listed]);

    const [tally] = auditor.tallies;
    const { changed, duplicates, uncomparable, unlisted } = tally ?? {};
    const { leftOut, listed: covered } = auditor.coverage;
    assert.equal(tally && sumLine(tally), sum);
    assert.deepEqual(
      { changed, duplicates, uncomparable, unlisted, leftOut },
      { changed: 0, duplicates: 0, uncomparable: 0, unlisted: 0, leftOut: 0, ...counts },
    );
    assert.equal(covered, listed === undefined ? 0 : 1);
  });
}

test('an event that the ledger does not have covers nothing of it', async (t) => {
  const { audit } = await opened(t);

  const { coverage } = audit([EVENT, eventOf(2)]);

  assert.deepEqual([coverage.listed, coverage.leftOut], [1, 0]);
});

test('what was published at the start is in the window, what was at its end is not', async (t) => {
  const { audit } = await opened(t);

  const counted = (window: { since?: number; until?: number }) => {
    const { coverage: missed } = audit([], window);
    return [audit([EVENT], window).events, missed.leftOut];
  };

  assert.deepEqual(counted({ since: PUBLISHED }), [1, 1]);
  assert.deepEqual(counted({ since: PUBLISHED + 1 }), [0, 0]);
  assert.deepEqual(counted({ until: PUBLISHED }), [0, 0]);
  assert.deepEqual(counted({ until: PUBLISHED + 1 }), [1, 1]);
});

test('finds what is not listed in a long ledger, however its time is written', async (t) => {
  const elsewhere = { ...eventOf(9_000), published: '2026-11-21T02:59:00.000-05:00' };
  const { audit } = await opened(t, [elsewhere, ...eventsOf(1, 4_200)]);

  const { coverage, tallies } = audit([], { since: PUBLISHED - 1 });

  assert.deepEqual([coverage.leftOut, tallies[0]?.unlisted], [4_201, 4_201]);
});

test('what a backfill read is judged by its time, what the tail read by what was in force then', async (t) => {
  const { outbox, clock, audit, exec } = await opened(t);
  await clock.advance(60_000);
  await outbox.adopt([{ ...A, patterns: ['^none$'] }], { query: '', since: 0 });
  exec(`${DONE} UPDATE events SET config = (SELECT max(id) FROM configs)`);

  const byTail = audit([EVENT]).tallies[0]?.terms;
  exec(`UPDATE events SET source = ${SOURCES.backfill}`);
  const byBackfill = audit([EVENT]).tallies[0]?.terms;

  assert.deepEqual([byTail?.notWanted, byTail?.missing], [1, 0]);
  assert.deepEqual([byBackfill?.notWanted, byBackfill?.missing], [0, 1]);
});

const SHOWN: readonly (readonly [what: string, disabled: boolean, of: string, isShown: boolean])[] =
  [
    ['in force until the start of the window', false, 'first', true],
    ['in force from the end of the window on', false, 'third', false],
    ['never in force', false, 'none', false],
    ['switched off', true, 'none', true],
  ];

for (const [what, disabled, of, isShown] of SHOWN) {
  test(`${isShown ? 'shows' : 'does not show'} a route that was ${what}`, () => {
    const state = { kind: 'flowing' } as const;
    const tally = new Tally({ id: 1, key: 'a', name: 'siem', retired: true, disabled, state });
    tally.terms.notWanted = 3;
    const versions = ['first', 'second', 'third'].map((name, n) => ({
      id: n,
      at: n * 10,
      query: '',
      routes: name === of ? [{ id: 1, patterns: [] }] : [],
    }));

    const shown = talliesShown([tally], versions, { since: 10, until: 20 });

    assert.deepEqual(shown, isShown ? [tally] : []);
  });
}

test('shows a route of the first version where the window ends before it', () => {
  const state = { kind: 'flowing' } as const;
  const tally = new Tally({ id: 1, key: 'a', name: 'siem', retired: true, disabled: false, state });
  const versions = [{ id: 1, at: 30, query: '', routes: [{ id: 1, patterns: [] }] }];

  assert.deepEqual(talliesShown([tally], versions, { since: 10, until: 20 }), [tally]);
});
