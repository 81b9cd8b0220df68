import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PracticeOrg } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventOf, get, nextOf, selfOf } from './client.ts';

const clock = new FakeClock();
const START = clock.now() - 3_600_000;

/** Events u0 to u(count - 1), published a second apart, persisted in the opposite order. */
async function openOrg(
  t: { after(hook: () => Promise<void>): void },
  count: number,
): Promise<PracticeOrg> {
  const org = await PracticeOrg.open({ clock });
  t.after(() => org.close());
  for (let n = count - 1; n >= 0; n -= 1) org.add(eventOf(`u${n}`, START + n * 1000));
  return org;
}

function windowOf(from: number, to: number): string {
  const at = (n: number) => encodeURIComponent(new Date(START + n * 1000).toISOString());
  return `?since=${at(from)}&until=${at(to)}`;
}

async function readAll(org: PracticeOrg, query: string): Promise<string[][]> {
  const pages: string[][] = [];
  for (let link: string | undefined = query; link !== undefined; ) {
    const got = await get(org, link);
    assert.equal(got.status, 200);
    pages.push(got.uuids());
    link = nextOf(got);
  }
  return pages;
}

test('filters and orders by published, from since to before until', async (t) => {
  const org = await openOrg(t, 6);

  const pages = await readAll(org, windowOf(1, 4));

  assert.deepEqual(pages, [['u1', 'u2', 'u3']]);
});

test('ends: the last page has no next link, full or not', async (t) => {
  const org = await openOrg(t, 6);

  const full = await readAll(org, `${windowOf(0, 6)}&limit=3`);
  const partial = await readAll(org, `${windowOf(0, 6)}&limit=4`);
  const empty = await get(org, windowOf(10, 20));

  assert.deepEqual(full, [
    ['u0', 'u1', 'u2'],
    ['u3', 'u4', 'u5'],
  ]);
  assert.deepEqual(partial, [
    ['u0', 'u1', 'u2', 'u3'],
    ['u4', 'u5'],
  ]);
  assert.deepEqual(empty.uuids(), []);
  assert.equal(nextOf(empty), undefined);
  assert.ok(selfOf(empty));
});

test('reads downwards when asked to', async (t) => {
  const org = await openOrg(t, 6);

  const pages = await readAll(org, `${windowOf(1, 5)}&limit=3&sortOrder=DESCENDING`);

  assert.deepEqual(pages, [['u4', 'u3', 'u2'], ['u1']]);
});

test('keeps events of one millisecond apart over pages, in both directions', async (t) => {
  const org = await PracticeOrg.open({ clock });
  t.after(() => org.close());
  for (let n = 0; n < 5; n += 1) org.add(eventOf(`u${n}`, START));

  const up = await readAll(org, `${windowOf(0, 1)}&limit=2`);
  const down = await readAll(org, `${windowOf(0, 1)}&limit=2&sortOrder=DESCENDING`);

  assert.deepEqual(up.flat(), ['u0', 'u1', 'u2', 'u3', 'u4']);
  assert.deepEqual(down.flat(), ['u4', 'u3', 'u2', 'u1', 'u0']);
});

test('takes an until without since as the seven days before it', async (t) => {
  const org = await openOrg(t, 2);

  const pages = await readAll(org, windowOf(0, 5).replace(/since=[^&]+&/, ''));

  assert.deepEqual(pages, [['u0', 'u1']]);
});

test('does not see what is not persisted yet, and so misses what is committed late', async (t) => {
  const ownClock = new FakeClock();
  const org = await PracticeOrg.open({ clock: ownClock });
  t.after(() => org.close());
  org.add(eventOf('late', START), { persistedAt: ownClock.now() + 1000 });
  org.add(eventOf('u1', START + 1));
  org.add(eventOf('u2', START + 2));

  const first = await get(org, `${windowOf(0, 5)}&limit=1`);
  await ownClock.advance(1000);
  const rest = await readAll(org, nextOf(first) ?? '');
  const again = await readAll(org, windowOf(0, 5));

  assert.deepEqual([first.uuids(), rest.flat()], [['u1'], ['u2']]);
  assert.deepEqual(again.flat(), ['late', 'u1', 'u2']);
});

test('orders by publishedAt where that is given, by persisted where an event says nothing', async (t) => {
  const org = await PracticeOrg.open({ clock });
  t.after(() => org.close());
  org.add(eventOf('says nothing'), { persistedAt: START + 2000 });
  org.add('{"uuid":"says nonsense","published":"2020-11-25 21:27:03.496"}', {
    persistedAt: START + 1000,
  });
  org.add(eventOf('told', START + 9000), { publishedAt: START });

  const pages = await readAll(org, windowOf(0, 5));

  assert.deepEqual(pages, [['told', 'says nonsense', 'says nothing']]);
});

test('filters over pages', async (t) => {
  const org = await PracticeOrg.open({ clock });
  t.after(() => org.close());
  for (let n = 0; n < 9; n += 1) org.add(eventOf(`u${n}`, START + n, n % 3 ? 'a.b' : 'c.d'));

  const pages = await readAll(
    org,
    `${windowOf(0, 1)}&limit=2&filter=${encodeURIComponent('eventType eq "c.d"')}`,
  );

  assert.deepEqual(pages, [['u0', 'u3'], ['u6']]);
});
