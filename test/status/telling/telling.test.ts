/** What is worth an alert, and when: held and flowing, dead letters, gaps, trouble with Okta. Told once, restarts included. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { silentLog } from '../../../src/log.ts';
import { Telling } from '../../../src/status/telling/telling.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { eventOf, never } from '../../support/outbox-events.ts';
import { ALERTS, SIEM, TellingDesk } from '../../support/telling-desk.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('a hold is told when it has lasted a minute, with what to do, and its end', async (t) => {
  const desk = await TellingDesk.open(t);

  await desk.hold();
  await desk.pass(59_000);
  const early = await desk.kinds();
  await desk.pass(1_000);
  const [held] = await desk.alerts();
  await desk.flow();

  assert.deepEqual(early, []);
  assert.equal(held?.severity, 'ERROR');
  assert.deepEqual(held?.outcome, { result: 'FAILURE', reason: '401 unauthorized' });
  assert.match(held?.displayMessage ?? '', /^Route siem is held: 401 .*its events are kept.*Check/);
  assert.equal(held?.target[0]?.id, 'siem');
  assert.deepEqual(await desk.kinds(), ['route.held', 'route.flowing']);
});

test('a hold that ends within a minute wakes nobody', async (t) => {
  const desk = await TellingDesk.open(t);

  await desk.hold();
  await desk.pass(50_000);
  await desk.flow();
  await desk.pass(10 * MINUTE);

  assert.deepEqual(await desk.kinds(), []);
});

test('a hold that waits for a person is told at once, and says so', async (t) => {
  const desk = await TellingDesk.open(t);

  await desk.state({ kind: 'held', why: '410 gone', since: desk.clock.now() });
  await desk.pass(1_000);

  const [held] = await desk.alerts();
  assert.match(held?.displayMessage ?? '', /It waits for a person: put its URL right/);
});

test('a route that flaps is told held at most once in ten minutes', async (t) => {
  const desk = await TellingDesk.open(t);

  for (let n = 0; n < 30; n += 1) {
    await desk.hold();
    await desk.pass(90_000);
    await desk.flow();
    await desk.pass(30_000);
  }

  const kinds = await desk.kinds();
  assert.equal(kinds.filter((kind) => kind === 'route.held').length, 6);
  assert.equal(kinds.filter((kind) => kind === 'route.flowing').length, 6);
});

test('a restart in the middle of a hold tells nothing twice, and its end', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.hold();
  await desk.pass(2 * MINUTE);

  await desk.restart(true);
  await desk.pass(2 * MINUTE);
  await desk.restart(true);
  await desk.flow();

  assert.deepEqual(await desk.kinds(), ['route.held', 'route.flowing']);
});

test('the end of a hold that is told and not saved is told once', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.hold();
  await desk.pass(2 * MINUTE);
  desk.telling.routeChanged(SIEM.key, { kind: 'flowing' });

  await desk.restart(true);
  await desk.flow();

  assert.deepEqual(await desk.kinds(), ['route.held', 'route.flowing']);
});

test('after a sleep a hold must last a minute again before it is told', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.hold();
  await desk.pass(30_000);

  await desk.clock.jump(8 * HOUR);
  await desk.pass(40_000);

  assert.deepEqual(await desk.kinds(), []);
});

test('the trouble of the alerts route itself is never told', async (t) => {
  const desk = await TellingDesk.open(t);
  const { key } = ALERTS;

  await desk.state({ kind: 'held', why: '410 gone', since: desk.clock.now() }, ALERTS);
  desk.telling.dead(key, eventOf(1), { at: desk.clock.now(), why: '400 bad request' });
  await desk.pass(5 * MINUTE);

  assert.deepEqual(await desk.kinds(), []);
});

test('dead letters are told at once, then once an hour with their number', async (t) => {
  const desk = await TellingDesk.open(t);
  const die = (n: number) =>
    desk.telling.dead(SIEM.key, eventOf(n), { at: desk.clock.now(), why: '400 bad request' });

  for (let n = 1; n <= 1_000; n += 1) die(n);
  const first = await desk.alerts();
  await desk.pass(HOUR);
  const [, rest, ...more] = await desk.alerts();

  assert.equal(first.length, 1);
  assert.match(first[0]?.displayMessage ?? '', /gave up on an event: 400 bad request/);
  assert.match(rest?.displayMessage ?? '', /gave up on 999 events/);
  assert.equal(rest?.debugContext.debugData.count, 999);
  assert.equal(more.length, 0);
});

test('a stop tells of dead letters that were kept for the hour', async (t) => {
  const desk = await TellingDesk.open(t);
  for (const n of [1, 2, 3]) {
    desk.telling.dead(SIEM.key, eventOf(n), { at: desk.clock.now(), why: 'expired' });
  }

  await desk.restart();

  const counts = (await desk.alerts()).map(({ debugContext }) => debugContext.debugData.count);
  assert.deepEqual(counts, [1, 2]);
});

test('short runs, one after the other, tell of a hold by its age, once, and its end', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.hold();
  await desk.telling.concludeOnce();
  const early = await desk.kinds();

  for (let run = 0; run < 3; run += 1) {
    await desk.clock.advance(MINUTE);
    await desk.restart();
    await desk.telling.concludeOnce();
  }
  await desk.flow();

  assert.deepEqual(early, []);
  assert.deepEqual(await desk.kinds(), ['route.held', 'route.flowing']);
});

test('short runs tell that Okta refuses, once, and the end', async (t) => {
  const desk = await TellingDesk.open(t);

  for (let run = 0; run < 3; run += 1) {
    await desk.trouble('HTTP 401', true);
    await desk.telling.concludeOnce();
    await desk.clock.advance(MINUTE);
    await desk.restart();
  }
  await desk.page();

  assert.deepEqual(await desk.kinds(), ['okta.refused', 'okta.answering']);
});

test('a gap is told once, also when its page is read twice', async (t) => {
  const desk = await TellingDesk.open(t);
  const gap = { kind: 'beyond-retention', fromMs: 1_000, toMs: 2_000, why: 'it slept' } as const;

  await desk.telling.gaps([gap], never);
  await desk.restart(true);
  await desk.telling.gaps([{ ...gap, toMs: 3_000 }], never);

  const alerts = await desk.alerts();
  assert.equal(alerts.length, 1);
  assert.match(alerts[0]?.displayMessage ?? '', /from 1970-01-01T00:00:01.000Z to .*:02.000Z/);
});

test('a stop does not wait for the room on the disk that a gap waits for', async () => {
  const clock = new FakeClock();
  let hasAsked = false;
  const telling = new Telling({
    from: { version: '1', org: 'acme.okta.com', host: 'h' },
    memory: {
      owe: (_alerts, signal) => {
        hasAsked = true;
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve([]), { once: true });
        });
      },
      knows: async () => false,
      routeState: async () => ({ kind: 'flowing' }),
      trouble: async () => undefined,
      saveSilence: async () => undefined,
      silentSince: async () => undefined,
    },
    clock,
    log: silentLog(),
  });
  await telling.inForce([SIEM, ALERTS]);
  const stop = new AbortController();

  const told = telling.gaps([{ kind: 'refused-link', why: 'HTTP 400' }], stop.signal);
  stop.abort();
  await told;

  assert.ok(hasAsked);
  const closed = telling.close();
  await clock.advance(1_000);
  await closed;
});

test('a refusal by Okta is told after a minute, another trouble after five, and the end', async (t) => {
  const desk = await TellingDesk.open(t);

  await desk.trouble('ECONNREFUSED');
  await desk.pass(4 * MINUTE);
  const early = await desk.kinds();
  await desk.pass(MINUTE);
  await desk.trouble('401 E0000011', true);
  await desk.pass(MINUTE);
  await desk.page();

  assert.deepEqual(early, []);
  assert.deepEqual(await desk.kinds(), ['okta.unreachable', 'okta.refused', 'okta.answering']);
});

test('a restart in the middle of trouble with Okta tells nothing twice, and its end', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.trouble('401 E0000011', true);
  await desk.pass(2 * MINUTE);

  await desk.restart(true);
  await desk.trouble('401 other words', true);
  await desk.pass(2 * MINUTE);
  await desk.outbox.saveTrouble(undefined);
  await desk.page();

  assert.deepEqual(await desk.kinds(), ['okta.refused', 'okta.answering']);
});

test('trouble that is over before it was told has no end to be told', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.trouble('ECONNREFUSED');
  await desk.pass(2 * MINUTE);

  await desk.page();

  assert.deepEqual(await desk.kinds(), []);
});

test('without a route for alerts nothing is owed; when one comes, what lasts is told', async (t) => {
  const desk = await TellingDesk.open(t, [SIEM]);
  await desk.hold();
  await desk.pass(2 * MINUTE);

  await desk.reload([SIEM, ALERTS]);
  await desk.pass(1_000);

  assert.deepEqual(await desk.kinds(), ['route.held']);
});

test('a route that is disabled or gone is not told of', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.hold();

  await desk.reload([{ ...SIEM, enabled: false }, ALERTS]);
  await desk.pass(2 * MINUTE);

  assert.deepEqual(await desk.kinds(), []);
});

test('an alert looks like an event of Okta’s, and its id may stand anywhere', async (t) => {
  const desk = await TellingDesk.open(t);
  await desk.hold('ECONNREFUSED');
  await desk.pass(MINUTE);

  const [alert] = await desk.alerts();

  assert.match(
    alert?.id ?? '',
    /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.deepEqual(alert, {
    id: alert?.id,
    uuid: alert?.id,
    published: '2026-11-21T08:01:00.000Z',
    eventType: 'loghook.route.held',
    version: '0',
    severity: 'ERROR',
    displayMessage:
      'Route siem is held: ECONNREFUSED. Nothing is lost: its events are kept. loghook tries again by itself. ' +
      'Check that its receiver runs and can be reached; see `loghook status`.',
    actor: { id: 'loghook', type: 'System', displayName: 'loghook 1.2.3' },
    outcome: { result: 'FAILURE', reason: 'ECONNREFUSED' },
    target: [{ id: 'siem', type: 'Route', displayName: 'siem' }],
    debugContext: { debugData: { since: '2026-11-21T08:00:00.000Z' } },
    org: 'acme.okta.com',
    host: hostname(),
  });
});
