/** Which window a backfill reads, and which it refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Chosen,
  isStillMeant,
  leftWords,
  restWords,
  windowOf,
} from '../../../src/cli/backfill/plan.ts';
import { ConfigError } from '../../../src/errors.ts';
import { Routes } from '../../../src/routing/routes.ts';
import type { Backfill } from '../../../src/state/beside/backfills.ts';
import type { Reach } from '../../../src/state/beside/reach.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-21T12:00:00.000Z');
const CHOSEN: Chosen = {
  routes: new Routes([]),
  rows: new Map([
    [
      'a',
      {
        id: 1,
        key: 'a',
        name: 'siem',
        retired: false,
        disabled: false,
        state: { kind: 'flowing' },
      },
    ],
  ]),
};
const REACH: Reach = { config: 1, query: '', readTo: NOW - 60_000, begins: new Map() };

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ where, message, hint }) => `${where}: ${message} ${hint}`).join();
  }
  return assert.fail('it was not refused');
}

function ago(days: number): number {
  return NOW - days * DAY_MS;
}

test('ends where the daemon has read to', () => {
  const open = windowOf({ since: ago(2), until: undefined, now: NOW }, REACH, CHOSEN);
  const beyond = windowOf({ since: ago(2), until: NOW, now: NOW }, REACH, CHOSEN);
  const within = windowOf({ since: ago(2), until: ago(1), now: NOW }, REACH, CHOSEN);

  assert.deepEqual(open, { since: ago(2), until: NOW - 59_999, notes: [] });
  assert.match(beyond.notes.join(), /read up to 2026-11-21T11:59:00\.001Z: what comes after that/);
  assert.deepEqual([beyond.until, within.until], [NOW - 59_999, ago(1)]);
});

test('begins where Okta forgets, and says so', () => {
  const { since, notes } = windowOf({ since: ago(120), until: undefined, now: NOW }, REACH, CHOSEN);

  assert.equal(since, ago(90));
  assert.match(notes.join(), /Okta keeps 90 days/);
});

test('refuses what the daemon is yet to read', () => {
  const said = refusal(() =>
    windowOf({ since: NOW - 1_000, until: undefined, now: NOW }, REACH, CHOSEN),
  );

  assert.match(said, /--since: the daemon has read up to 2026-11-21T11:59:00\.001Z only/);
});

test('refuses what the ledger may have forgotten, and names what is safe', () => {
  const reach = { ...REACH, ledgerFrom: ago(30), begins: new Map([[1, ago(50)]]) };
  const window = (since: number, until?: number) => () =>
    windowOf({ since, until, now: NOW }, reach, CHOSEN);

  const said = refusal(window(ago(40)));
  const longer = refusal(window(ago(60)));

  assert.match(said, /--since: siem may have got events .* would get them twice/);
  assert.match(said, /--since 2026-10-22T12:00:00\.001Z$/);
  assert.match(longer, /or end before siem came with --until 2026-10-02T12:00:00\.000Z$/);
  assert.equal(window(ago(30) + 1)().since, ago(30) + 1);
  assert.equal(window(ago(60), ago(50))().until, ago(50));
  refusal(window(ago(60), ago(50) + 1));
});

test('of a route that an older loghook had, all that the ledger may have forgotten is refused', () => {
  const reach = { ...REACH, ledgerFrom: ago(30) };

  refusal(() => windowOf({ since: ago(80), until: ago(70), now: NOW }, reach, CHOSEN));
});

const LEFT: Backfill = {
  id: 1,
  asked: '',
  since: ago(5),
  until: ago(4),
  readTo: ago(4.5),
  events: 0,
  owed: 0,
  routes: {},
  startedAt: ago(4),
};

test('goes on with one that was cut off for as long as its words mean some of the same time', () => {
  const isMeant = (since: number) => isStillMeant(LEFT, { since, until: undefined, now: NOW });

  assert.deepEqual([ago(9), ago(4) - 1, ago(4), ago(1)].map(isMeant), [true, true, false, false]);
  assert.match(
    leftWords(LEFT),
    /: --since 2026-11-17T00:00:00\.000Z --until 2026-11-17T12:\S+ rea/,
  );
});

test('says what the same words mean by now beyond one that was cut off', () => {
  const words = (until: number | undefined, readTo: number) =>
    restWords(LEFT, { since: ago(9), until, now: NOW }, { ...REACH, readTo });

  assert.match(String(words(undefined, NOW)), /^that was up to 2026-11-17T12:00:00\.000Z, as when/);
  assert.equal(words(ago(4), NOW), undefined);
  assert.equal(words(undefined, ago(4) + 59_998), undefined);
  assert.match(String(words(undefined, ago(4) + 59_999)), /^that was/);
});
