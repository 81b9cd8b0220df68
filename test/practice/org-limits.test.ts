import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PracticeOrg, type PracticeOrgOptions } from '../../src/practice/org.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Got, get } from './client.ts';

async function openOrg(
  t: { after(hook: () => Promise<void>): void },
  options: PracticeOrgOptions,
): Promise<{ org: PracticeOrg; clock: FakeClock }> {
  const clock = new FakeClock();
  const org = await PracticeOrg.open({ clock, ...options });
  t.after(() => org.close());
  return { org, clock };
}

function rate({ message: { headers } }: Got): number[] {
  return ['limit', 'remaining', 'reset'].map((name) => Number(headers[`x-rate-limit-${name}`]));
}

test('counts down, then answers 429 until the window ends', async (t) => {
  const { org, clock } = await openOrg(t, { rateLimit: 2 });

  const [first, second, third] = [await get(org), await get(org), await get(org)];
  const [limit = 0, , reset = 0] = rate(third);
  await clock.advance(reset * 1000 - clock.now() - 1);
  const stillIn = await get(org);
  await clock.advance(1);
  const after = await get(org);

  assert.deepEqual(
    [first, second, third, stillIn, after].map((got) => [got.status, rate(got)[1]]),
    [
      [200, 1],
      [200, 0],
      [429, 0],
      [429, 0],
      [200, 1],
    ],
  );
  assert.equal(limit, 2);
  assert.equal(third.errorCode(), 'E0000047');
  assert.equal(third.message.headers['retry-after'], undefined);
  assert.equal(rate(after)[2], reset + 60);
});

test('does not align its windows with the minutes of the wall clock', async (t) => {
  const { org } = await openOrg(t, {});

  const [, , reset = 0] = rate(await get(org));

  assert.notEqual(reset % 60, 0);
});

test('counts as violations the last request of a window and every 429 of its own', async (t) => {
  const { org, clock } = await openOrg(t, { rateLimit: 2 });
  org.fail({ kind: 'status', status: 429 });

  await get(org);
  const polite = org.violations;
  await get(org);
  const tookTheLast = org.violations;
  await get(org);
  const ranInto = org.violations;
  await clock.advance(60_000);
  await get(org);

  assert.deepEqual([polite, tookTheLast, ranInto, org.violations], [0, 1, 2, 2]);
});

test('takes nothing from the window for a request without its token', async (t) => {
  const { org } = await openOrg(t, { rateLimit: 2 });

  await get(org, '', { headers: { authorization: 'SSWS wrong' } });

  assert.equal(rate(await get(org))[1], 1);
});

test('answers 429 with Limit 0 and a guessed Reset beyond its simultaneous requests', async (t) => {
  const { org, clock } = await openOrg(t, { concurrency: 1 });
  org.fail({ kind: 'slow', ms: 1000 });
  const slow = get(org);
  await clock.untilSomethingWaits();

  const beyond = await get(org);
  await clock.advance(1000);
  const [slowly, freed] = [await slow, await get(org)];

  assert.equal(beyond.status, 429);
  assert.equal(beyond.errorCode(), 'E0000047');
  assert.deepEqual(rate(beyond).slice(0, 2), [0, 0]);
  assert.ok((rate(beyond)[2] ?? 0) * 1000 > clock.now());
  assert.deepEqual([slowly.status, freed.status], [200, 200]);
  assert.equal(org.violations, 1);
});
