import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { LogEvent } from '../../src/event.ts';
import { orderOf } from '../../src/routing/order.ts';

const SAMPLES = readFileSync(
  new URL('../../../test/data/okta-events.ndjson', import.meta.url),
  'utf8',
)
  .split('\n')
  .filter((line) => line !== '');

function laneOf(by: string, raw: string): string | undefined {
  const event: LogEvent = { id: 'x', raw: Buffer.from(raw) };
  return orderOf(by).laneOf(event);
}

test('puts the events of one user in one lane: the first target that is a user, else who acted', () => {
  const table: readonly (readonly [event: unknown, lane: string | undefined, why: string])[] = [
    [{ actor: { id: 'a' }, target: [{ id: 'u', type: 'User' }] }, 'u', 'the target'],
    [
      {
        actor: { id: 'a' },
        target: [
          { id: 'g', type: 'UserGroup' },
          { id: 'u', type: 'User' },
        ],
      },
      'u',
      'the first that is a user',
    ],
    [{ actor: { id: 'a' }, target: [{ id: 'g', type: 'UserGroup' }] }, 'a', 'no user among them'],
    [{ actor: { id: 'a' }, target: null }, 'a', 'no targets'],
    [{ actor: { id: 'a' }, target: [null, 7, 'User'] }, 'a', 'targets of no shape'],
    [{ actor: { id: 'a' }, target: [{ type: 'User' }] }, 'a', 'a user without an id'],
    [{ actor: { id: 7 } }, '7', 'a number'],
    [{ actor: { id: '' } }, undefined, 'empty'],
    [{ actor: { id: { x: 1 } } }, undefined, 'a map'],
    [{ actor: null }, undefined, 'nobody'],
    [{}, undefined, 'nothing'],
    [[], undefined, 'a list'],
    [null, undefined, 'null'],
  ];

  for (const [event, lane, why] of table) {
    assert.equal(laneOf('key', JSON.stringify(event)), lane, why);
  }
});

test('finds whom each sample event is about', () => {
  for (const raw of SAMPLES) {
    const { target, actor } = JSON.parse(raw);
    const user = (target ?? []).find((one: { type: string }) => one.type === 'User');

    assert.equal(laneOf('key', raw), user?.id ?? actor?.id);
    assert.equal(laneOf('key:actor.id', raw), actor?.id);
    assert.equal(laneOf('strict', raw), laneOf('strict', '{}'));
  }
  assert.ok(SAMPLES.length > 50);
});

test('follows keys and list indexes, and only what an event holds itself', () => {
  const raw = '{"target":[{"id":"t","ok":true}],"a":{"b.c":1},"n":12345678901234567890}';
  const table: readonly (readonly [path: string, lane: string | undefined])[] = [
    ['target.0.id', 't'],
    ['target.0.ok', 'true'],
    ['target.1.id', undefined],
    ['target.length', '1'],
    ['target.-1.id', undefined],
    ['a', undefined],
    ['a.b', undefined],
    ['constructor.name', undefined],
    ['__proto__.x', undefined],
    ['toString', undefined],
    ['n', '12345678901234567000'],
  ];

  for (const [path, lane] of table) assert.equal(laneOf(`key:${path}`, raw), lane, path);
});

test('lets an event wait for nobody when it is not JSON', () => {
  for (const raw of ['', '{', 'null', '"text"', '7', '{"actor":{"id":"a"', '\0']) {
    for (const by of ['key', 'key:actor.id']) assert.equal(laneOf(by, raw), undefined, raw);
  }
  assert.notEqual(laneOf('strict', '{'), undefined);
});

test('remembers a long identity by its hash', () => {
  const lane = (id: string) => laneOf('key', JSON.stringify({ actor: { id } }));

  assert.equal(lane('x'.repeat(128)), 'x'.repeat(128));
  assert.match(lane('x'.repeat(10_000)) ?? '', /^sha256-[\w-]{43}$/);
  assert.notEqual(lane('x'.repeat(10_000)), lane('x'.repeat(10_001)));
});

test('a value with a NUL is a lane of its own, by a name without one', () => {
  const lane = (id: string) => laneOf('key', JSON.stringify({ actor: { id } }));

  assert.match(lane('a\0b') ?? '', /^sha256-[\w-]{43}$/);
  assert.notEqual(lane('a\0b'), lane('a\0c'));
  assert.equal(lane('a\0b'), lane('a\0b'));
});
