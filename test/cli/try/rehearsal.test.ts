/** What a rehearsal counts, and that it stays small. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportDocument } from '../../../src/cli/try/document.ts';
import { Rehearsal } from '../../../src/cli/try/rehearsal.ts';
import { reportLines } from '../../../src/cli/try/report.ts';
import type { LogEvent } from '../../../src/event.ts';
import { plainRoute } from '../../support/plain-route.ts';

const MIDNIGHT = Date.parse('2026-11-20T00:00:00Z');
const STRETCH = {
  org: 'acme.okta.com',
  since: MIDNIGHT,
  until: MIDNIGHT + 3_600_000,
  partial: false,
  unreadable: 0,
};

let made = 0;

function event(eventType: string | undefined, atMs: number, fields: object = {}): LogEvent {
  made += 1;
  const published = new Date(MIDNIGHT + atMs).toISOString();
  const raw = Buffer.from(JSON.stringify({ eventType, published, ...fields }));
  return { id: `event-${made}`, published, raw, ...(eventType !== undefined && { eventType }) };
}

function times(count: number, eventType: string, everyMs: number, fromMs = 0): LogEvent[] {
  return Array.from({ length: count }, (_, n) => event(eventType, fromMs + n * everyMs));
}

function textOf(rehearsal: Rehearsal): string {
  return reportLines(rehearsal, STRETCH).join('\n');
}

test('counts for each route what it would send, and what no route wants', () => {
  const rehearsal = new Rehearsal([plainRoute('siem', ['^user\\.']), plainRoute('all-a', ['^a'])]);

  rehearsal.take([...times(3, 'user.x', 1_000), ...times(2, 'b.c', 1_000), event(undefined, 0)]);

  assert.deepEqual(
    rehearsal.tallies.map(({ route, count }) => [route.name, count]),
    [
      ['siem', 3],
      ['all-a', 0],
    ],
  );
  assert.equal(rehearsal.unwantedEvents, 3);
  assert.deepEqual(rehearsal.unwanted(1), [{ type: 'b.c', events: 2 }]);
  assert.match(textOf(rehearsal), /3 events of 2 types that no route wants\n {2}2 {2}\^b\\\.c\$/);
});

test('finds the busiest minute wherever pages end', () => {
  const rehearsal = new Rehearsal([plainRoute('siem')]);

  for (const one of [...times(5, 'a', 1_000), ...times(7, 'a', 1_000, 120_000)]) {
    rehearsal.take([one]);
  }

  assert.deepEqual(rehearsal.tallies[0]?.busiest, { events: 7, at: MIDNIGHT + 120_000 });
});

test('says that a rate is enough', () => {
  const rate = { count: 1, perMs: 1_000 };
  const rehearsal = new Rehearsal([plainRoute('siem', ['.*'], { rate })]);

  rehearsal.take(times(60, 'a', 1_000));

  assert.match(textOf(rehearsal), /rate 1\/s is 60 a minute: enough/);
});

test('says plainly when the busiest minute is beyond the rate, and how long its backlog takes', () => {
  const rate = { count: 1, perMs: 1_000 };
  const route = plainRoute('siem', ['.*'], { rate, maxAgeMs: 60_000 });
  const rehearsal = new Rehearsal([route]);

  rehearsal.take(times(181, 'a', 0));

  const text = textOf(rehearsal);
  assert.match(text, /rate 1\/s is 60 a minute: TOO LITTLE for the busiest minute/);
  assert.match(text, /its backlog of up to 180 events \(2026-11-20 \d\d:00\) takes 3 min to send/);
  assert.match(text, /120 events would be dead letters: older than maxAge 60 s at their turn/);
});

test('rehearses disabled routes too, and marks them', () => {
  const rehearsal = new Rehearsal([plainRoute('siem', ['.*'], { enabled: false })]);

  rehearsal.take(times(2, 'a', 1_000));

  assert.match(
    textOf(rehearsal),
    /siem {3}\/\.\*\/ {2}\(disabled: it sends none of them\)\n {2}2 e/,
  );
});

test('counts the keys of an order', () => {
  const order = { by: 'key', laneOf: ({ id }: LogEvent) => String(Number(id.slice(6)) % 2) };
  const rehearsal = new Rehearsal([plainRoute('siem', ['.*'], { order })]);

  rehearsal.take(times(6, 'a', 1_000));

  assert.match(textOf(rehearsal), /order key: 2 different keys/);
});

test('shows three samples of different types, the newest of each', () => {
  const rehearsal = new Rehearsal([plainRoute('siem')]);
  const newest = event('b', 9_000, {
    actor: { alternateId: 'ada@example.com' },
    target: [{ type: 'AppInstance', displayName: 'Wiki' }],
    outcome: { result: 'DENY', reason: 'no' },
  });

  rehearsal.take([...times(2, 'a', 1_000), ...times(2, 'b', 1_000, 3_000)]);
  rehearsal.take([newest, ...times(1, 'c', 0, 10_000), ...times(5, 'd', 0, 11_000)]);

  const samples = rehearsal.tallies[0]?.samples.all ?? [];
  assert.deepEqual(
    samples.map(({ type }) => type),
    ['a', 'b', 'c'],
  );
  assert.deepEqual(samples[1], {
    id: newest.id,
    type: 'b',
    published: newest.published,
    who: 'ada@example.com',
    whom: 'Wiki',
    outcome: 'DENY no',
  });
});

test('stays small however many events and types there are', () => {
  const rehearsal = new Rehearsal([plainRoute('siem', ['^wanted'])]);
  const raw = Buffer.alloc(64 * 1024, '{}');

  for (let page = 0; page < 60; page++) {
    const events = Array.from({ length: 1_000 }, (_, n) => ({
      id: `${page}-${n}`,
      eventType: n === 0 ? `wanted${page}` : `nonsense.${page}.${n}`,
      raw,
    }));
    rehearsal.take(events);
  }

  assert.equal(rehearsal.events, 60_000);
  assert.equal(rehearsal.unwantedEvents, 59_940);
  assert.equal(rehearsal.unwantedTypes, 10_000);
  assert.ok(JSON.stringify(rehearsal.tallies[0]?.samples.all).length < 1_000);
  assert.ok(JSON.stringify(reportDocument(rehearsal, STRETCH)).length < 20_000);
});

test('says that it is partial', () => {
  const rehearsal = new Rehearsal([plainRoute('siem')]);

  const lines = reportLines(rehearsal, { ...STRETCH, partial: true });

  assert.match(lines[0] ?? '', /^PARTIAL/);
  assert.match(
    JSON.stringify(reportDocument(rehearsal, { ...STRETCH, partial: true })),
    /"partial":true/,
  );
});
