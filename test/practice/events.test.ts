import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  PRACTICE_EVENT_TYPES,
  practiceEvent,
  practiceEventOf,
  practiceEvents,
  seededRandom,
} from '../../src/practice/events.ts';

const FROM = Date.parse('2026-11-21T08:00:00.000Z');

function take(count: number, seed = 1): Buffer[] {
  const events = practiceEvents(seed, { from: FROM });
  return Array.from({ length: count }, () => events.next().value);
}

test('gives the same bytes for the same seed, and others for another', () => {
  assert.deepEqual(take(100), take(100));
  assert.notDeepEqual(take(1, 1), take(1, 2));
});

test('draws from more than forty types, in a shape that readers of the log know', () => {
  const events = take(5000).map((raw) => JSON.parse(raw.toString('utf8')));

  const types = new Set(events.map(({ eventType }) => eventType));
  assert.ok(PRACTICE_EVENT_TYPES.length >= 40);
  assert.deepEqual([...types].sort(), [...PRACTICE_EVENT_TYPES]);
  for (const [n, event] of events.entries()) {
    assert.equal(event.published, new Date(FROM + n).toISOString());
    assert.equal(event.version, '0');
    assert.match(
      event.uuid,
      /^[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    assert.equal(typeof event.actor.alternateId, 'string');
    assert.equal(typeof event.outcome.result, 'string');
    assert.ok(event.target === null || event.target.length > 0);
    assert.ok('debugData' in event.debugContext);
  }
  assert.equal(new Set(events.map(({ uuid }) => uuid)).size, events.length);
});

test('holds what makes real events awkward', () => {
  const raws = take(3000);
  const texts = raws.map((raw) => raw.toString('utf8'));

  for (const awkward of [
    /"lat":39\.0,/, // gone once it is parsed and printed again
    /\\u0026/,
    /\\u001b/,
    /"zone":"null"/,
    /"target":null/,
    /"ipChain":\[\]/,
    /Zoë Álvarez/,
    /王小明/,
    /<script>/,
    /^\{"uuid"/,
    /^\{"actor"/, // another order of keys
  ]) {
    assert.ok(
      texts.some((text) => awkward.test(text)),
      `some event has ${awkward}`,
    );
  }
  assert.ok(texts.every((text, n) => Buffer.from(text).equals(raws[n] ?? Buffer.alloc(0))));
});

test('writes the time of publishing into its version 1 uuids, as Okta does', () => {
  const random = seededRandom(7);
  const raws = Array.from({ length: 20 }, () => practiceEvent(random, FROM).toString());
  const [high, middle, low] =
    raws
      .map((raw) => /"uuid":"(\w{8})-(\w{4})-1(\w{3})/.exec(raw))
      .find((match) => match)
      ?.slice(1) ?? [];

  const ticks = BigInt(`0x${low}${middle}${high}`) - 122_192_928_000_000_000n;
  assert.equal(Number(ticks / 10_000n), FROM);
});

test('names only people and networks that do not exist', () => {
  for (const raw of take(3000)) {
    const text = raw.toString('utf8');
    for (const [, host] of text.matchAll(/@([a-z.]+\.[a-z]+)/g)) {
      assert.match(host ?? '', /^(example\.(com|org|net)|okta\.com)$/);
    }
    for (const [ip] of text.matchAll(/\b\d+\.\d+\.\d+\.\d+\b(?= ?")/g)) {
      assert.match(ip, /^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
    }
  }
});

test('spreads a seed evenly over 0 to 1', () => {
  const random = seededRandom(42);
  const drawn = Array.from({ length: 10_000 }, random);

  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  assert.ok(drawn.every((value) => value >= 0 && value < 1));
  assert.ok(Math.abs(mean - 0.5) < 0.02);
});

test('makes an event of a type that is asked for, known or not', () => {
  for (const type of ['user.lifecycle.create', 'group.user_membership.remove', 'my.own_type']) {
    const event = JSON.parse(String(practiceEventOf(type, seededRandom(1), 0)));

    assert.equal(event.eventType, type);
    assert.equal(event.published, '1970-01-01T00:00:00.000Z');
    assert.equal(typeof event.actor.alternateId, 'string');
    assert.ok(event.displayMessage.length > 0);
  }
});
