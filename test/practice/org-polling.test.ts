import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { seededRandom } from '../../src/practice/random.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventOf, type Got, get, nextOf, selfOf } from './client.ts';

const HOUR_MS = 3_600_000;

async function openOrg(
  t: { after(hook: () => Promise<void>): void },
  options: PracticeOrgOptions = {},
): Promise<{ org: PracticeOrg; clock: FakeClock }> {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, ...options });
  t.after(() => org.close());
  return { org, clock };
}

function next(got: Got): string {
  const url = nextOf(got);
  assert.ok(url !== undefined, 'a polling answer has a next link');
  return url;
}

test('orders by persisted, not by published', async (t) => {
  const { org, clock } = await openOrg(t);
  const now = clock.now();
  org.add(eventOf('late', now - 2 * HOUR_MS), { persistedAt: now - 1000 });
  org.add(eventOf('early', now - HOUR_MS), { persistedAt: now - 2000 });
  org.add(eventOf('same-millisecond', now - HOUR_MS), { persistedAt: now - 1000 });

  const got = await get(org);

  assert.deepEqual(got.uuids(), ['early', 'late', 'same-millisecond']);
});

test('takes since as a bound on persisted', async (t) => {
  const { org, clock } = await openOrg(t);
  const now = clock.now();
  org.add(eventOf('old-but-late', now - 48 * HOUR_MS), { persistedAt: now - 1000 });
  org.add(eventOf('before', now - 1001), { persistedAt: now - 1001 });

  const got = await get(org, `?since=${new Date(now - 1000).toISOString()}`);

  assert.deepEqual(got.uuids(), ['old-but-late']);
});

test('starts seven days back when since is absent', async (t) => {
  const { org, clock } = await openOrg(t);
  const week = clock.now() - 7 * 24 * HOUR_MS;
  org.add(eventOf('eight days', week - 1), { persistedAt: week - 1 });
  org.add(eventOf('seven days', week), { persistedAt: week });

  assert.deepEqual((await get(org)).uuids(), ['seven days']);
});

test('shows an event only once it is persisted, however long ago it was published', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('late', clock.now()), { persistedAt: clock.now() + 5000 });
  org.add(eventOf('now', clock.now()));

  const first = await get(org);
  await clock.advance(4999);
  const second = await get(org, next(first));
  await clock.advance(1);
  const third = await get(org, next(second));

  assert.deepEqual(first.uuids(), ['now']);
  assert.deepEqual(second.uuids(), []);
  assert.deepEqual(third.uuids(), ['late']);
});

test('pages of 100 by default; the next link goes on where the page ended', async (t) => {
  const { org, clock } = await openOrg(t);
  for (let n = 0; n < 150; n += 1) org.add(eventOf(`u${n}`, clock.now()));

  const first = await get(org);
  const second = await get(org, next(first));

  assert.equal(first.uuids().length, 100);
  assert.deepEqual(
    [...first.uuids(), ...second.uuids()],
    Array.from({ length: 150 }, (_, n) => `u${n}`),
  );
});

test('gives a next link on an empty page too: the URL that was asked for', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('one', clock.now()));

  const full = await get(org, '?limit=10&since=2026-11-21T00%3A00%3A00.000Z');
  const empty = await get(org, next(full));
  const stillEmpty = await get(org, next(empty));

  assert.equal(empty.status, 200);
  assert.equal(empty.body.toString(), '[]');
  assert.equal(next(empty), next(full));
  assert.equal(selfOf(empty), next(full));
  assert.equal(next(stillEmpty), next(full));
});

test('repeats the parameters in its links, percent-encoded, with the cursor last', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('one', clock.now()));

  const got = await get(
    org,
    '?since=2026-11-21T00:00:00.000Z&limit=10&filter=eventType eq "user.session.start"'.replaceAll(
      ' ',
      '%20',
    ),
  );

  assert.match(
    next(got),
    /\/api\/v1\/logs\?since=2026-11-21T00%3A00%3A00\.000Z&limit=10&filter=eventType\+eq\+%22user\.session\.start%22&after=\d{13}_\d+$/,
  );
  assert.doesNotMatch(selfOf(got) ?? '', /after/);
});

test('goes on serving a next link whose since has become over 180 days old', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('old', clock.now()));
  const link = next(await get(org, `?since=${new Date(clock.now() - HOUR_MS).toISOString()}`));
  await clock.advance(80 * 24 * HOUR_MS);
  org.add(eventOf('middle', clock.now()));
  const later = next(await get(org, link));
  await clock.advance(80 * 24 * HOUR_MS);
  org.add(eventOf('more', clock.now()));
  const latest = next(await get(org, later));
  await clock.advance(80 * 24 * HOUR_MS);

  const got = await get(org, latest);

  assert.equal(got.status, 200);
});

test('refuses a cursor that is older than what it keeps', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('old', clock.now()));
  const link = next(await get(org));
  await clock.advance(90 * 24 * HOUR_MS + 1);

  const got = await get(org, link);

  assert.deepEqual([got.status, got.errorCode()], [400, 'E0000001']);
});

test('does not know the cursors of another org', async (t) => {
  const { org, clock } = await openOrg(t);
  const { org: other } = await openOrg(t);
  org.add(eventOf('one', clock.now()));
  const link = next(await get(org));

  const got = await get(other, new URL(link).search);

  assert.equal(got.status, 400);
});

test('forgets events after 90 days', async (t) => {
  const { org, clock } = await openOrg(t);
  const oldest = clock.now() - 90 * 24 * HOUR_MS;
  org.add(eventOf('gone', oldest - 1), { persistedAt: oldest - 1 });
  org.add(eventOf('kept', oldest), { persistedAt: oldest });

  const got = await get(org, `?since=${new Date(oldest - 24 * HOUR_MS).toISOString()}`);

  assert.deepEqual(got.uuids(), ['kept']);
});

test('goes on from an event whose time was given in parts of a millisecond', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('one', clock.now()), { persistedAt: clock.now() - 0.5 });
  org.add(eventOf('two', clock.now()));

  const first = await get(org, '?limit=1');
  const second = await get(org, next(first));

  assert.deepEqual([first.uuids(), second.uuids()], [['one'], ['two']]);
});

test('persists nothing before a cursor that it has handed out', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('one', clock.now()));
  const link = next(await get(org));
  org.add(eventOf('backdated', clock.now()), { persistedAt: clock.now() - HOUR_MS });

  const got = await get(org, link);

  assert.deepEqual(got.uuids(), ['backdated']);
});

test('loses nothing when its clock is set back', async (t) => {
  const { org, clock } = await openOrg(t);
  org.add(eventOf('before', clock.now()));
  const link = next(await get(org));
  await clock.jump(-HOUR_MS);
  org.add(eventOf('after', clock.now()));

  const got = await get(org, link);

  assert.deepEqual(got.uuids(), ['after']);
});

test('filters what it hands out; the cursor goes to the last match', async (t) => {
  const { org, clock } = await openOrg(t);
  for (const [n, type] of ['a.b', 'a.c', 'a.b', 'b.a'].entries()) {
    org.add(eventOf(`u${n}`, clock.now(), type));
  }

  const first = await get(org, '?limit=1&filter=eventType+sw+%22a.%22');
  const second = await get(org, next(first));
  const third = await get(org, next(second));
  const fourth = await get(org, next(third));
  const words = await get(org, '?q=b.a');

  const seen = [first, second, third, fourth].map((got) => got.uuids());
  assert.deepEqual(seen, [['u0'], ['u1'], ['u2'], []]);
  assert.deepEqual(words.uuids(), ['u3']);
});

for (const seed of [1, 2, 3, 4, 5]) {
  test(`hands every event to a reader exactly once, late ones too (seed ${seed})`, async (t) => {
    const { org, clock } = await openOrg(t, { rateLimit: 10_000 });
    const random = seededRandom(seed);
    const added: string[] = [];
    const seen: string[] = [];
    let link = `?limit=${1 + Math.floor(random() * 7)}`;
    const poll = async () => {
      const got = await get(org, link);
      seen.push(...got.uuids());
      link = next(got);
    };

    for (let step = 0; step < 120; step += 1) {
      const uuid = `e${step}`;
      const persistedAt = clock.now() + Math.floor((random() - 0.3) * 4000);
      org.add(eventOf(uuid, clock.now()), random() < 0.5 ? {} : { persistedAt });
      added.push(uuid);
      if (random() < 0.5) await poll();
      await clock.advance(Math.floor(random() * 500));
    }
    await clock.advance(5000);
    while (seen.length < added.length) {
      const before = seen.length;
      await poll();
      if (seen.length === before) break;
    }

    assert.deepEqual(seen.toSorted(), added.toSorted());
  });
}
