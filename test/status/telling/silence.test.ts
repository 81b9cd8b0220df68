/** `expect`: silence is told once, and never because nobody looked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatExpectation } from '../../../src/status/telling/silence.ts';
import { ALERTS, SIEM, TellingDesk } from '../../support/telling-desk.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const EXPECTING = { ...SIEM, expect: { count: 1, perMs: 15 * MINUTE } };

test('silence is told once, from when reading began, and that it is over', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING, ALERTS]);

  await desk.poll(15 * MINUTE - 15_000);
  const early = await desk.kinds();
  await desk.poll(HOUR);
  await desk.page(1);
  await desk.poll(MINUTE);

  assert.deepEqual(early, []);
  const [silent, ...rest] = await desk.alerts();
  assert.equal(silent?.outcome.reason, 'fewer than 1 per 15m');
  assert.equal(silent?.debugContext.debugData.since, '2026-11-21T08:00:00.000Z');
  assert.deepEqual(
    rest.map(({ eventType }) => eventType),
    ['loghook.route.heard'],
  );
});

test('a route that gets what is expected is never silent', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING, ALERTS]);

  for (let n = 0; n < 10; n += 1) {
    await desk.page(1);
    await desk.poll(14 * MINUTE);
  }

  assert.deepEqual(await desk.kinds(), []);
});

test('events of other routes, events that come again and alerts do not count', async (t) => {
  const other = { key: 'name:other', name: 'other' };
  const desk = await TellingDesk.open(t, [EXPECTING, other, ALERTS]);
  await desk.page(5, { route: other });

  await desk.poll(20 * MINUTE);

  assert.deepEqual(await desk.kinds(), ['route.silent']);
});

test('of several that are expected, too few are silence, and enough end it', async (t) => {
  const route = { ...SIEM, expect: { count: 10, perMs: 15 * MINUTE } };
  const desk = await TellingDesk.open(t, [route, ALERTS]);

  await desk.page(9);
  await desk.poll(15 * MINUTE);
  await desk.page(9);
  const before = await desk.kinds();
  await desk.page(1);

  assert.deepEqual(before, ['route.silent']);
  assert.deepEqual(await desk.kinds(), ['route.silent', 'route.heard']);
});

test('while Okta cannot be read nothing is silent, and the window starts anew', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING]);
  await desk.page(1);

  await desk.trouble('ECONNREFUSED');
  await desk.pass(2 * HOUR);
  await desk.page();
  await desk.poll(14 * MINUTE);
  const early = desk.said('route silent').length;
  await desk.poll(2 * MINUTE);

  assert.equal(early, 0);
  assert.equal(desk.said('route silent').length, 1);
});

test('a sleep is no silence: it catches up first, and the window starts anew', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING]);
  await desk.page(1);
  await desk.poll(10 * MINUTE);

  await desk.clock.jump(9 * HOUR);
  await desk.page(0);
  await desk.poll(14 * MINUTE);

  assert.deepEqual(desk.said('route silent'), []);
});

test('a full page is not the end of the log: it is not judged by', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING]);
  await desk.poll(15 * MINUTE - 15_000);

  await desk.pass(15_000);
  await desk.page(0, { full: true });
  const early = desk.said('route silent').length;
  await desk.page(1);

  assert.equal(early, 0);
  assert.deepEqual(desk.said('route silent'), []);
});

test('a page that waited for the disk is not judged by', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING]);
  await desk.poll(MINUTE);

  await desk.pass(30 * MINUTE);
  await desk.page(0);
  const early = desk.said('route silent').length;
  await desk.pass(15_000);
  await desk.page(0);

  assert.equal(early, 0);
  assert.equal(desk.said('route silent').length, 1);
});

test('without alerts it is one warning, and one line at its end', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING]);

  await desk.poll(HOUR);
  await desk.page(1);

  const [line, ...more] = desk.said('route silent');
  assert.deepEqual(
    [line?.level, line?.route, line?.expect, line?.got],
    [40, 'siem', '1 per 15m', 0],
  );
  assert.equal(more.length, 0);
  assert.equal(desk.said('route heard again').length, 1);
});

test('a restart in the middle of silence tells nothing twice', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING, ALERTS]);
  await desk.poll(20 * MINUTE);

  await desk.restart(true);
  await desk.poll(HOUR);
  await desk.page(1);

  assert.deepEqual(await desk.kinds(), ['route.silent', 'route.heard']);
});

test('silence that was saved and not told is told at the next start', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING, ALERTS]);
  await desk.outbox.saveSilence(EXPECTING.key, desk.clock.now() - 15 * MINUTE);

  await desk.restart(true);

  assert.deepEqual(await desk.kinds(), ['route.silent']);
});

test('a route of which nothing is expected any more is not silent', async (t) => {
  const desk = await TellingDesk.open(t, [EXPECTING, ALERTS]);
  await desk.poll(20 * MINUTE);

  await desk.reload([SIEM, ALERTS]);

  assert.equal(await desk.outbox.silentSince(SIEM.key), undefined);
});

const WRITTEN: readonly (readonly [count: number, perMs: number, text: string])[] = [
  [1, 900_000, '1 per 15m'],
  [3, 86_400_000, '3 per 1d'],
  [10, 5_400_000, '10 per 90m'],
  [2, 1_500, '2 per 1500ms'],
];
for (const [count, perMs, text] of WRITTEN) {
  test(`${count} in ${perMs} ms is written ${text}`, () => {
    assert.equal(formatExpectation({ count, perMs }), text);
  });
}
