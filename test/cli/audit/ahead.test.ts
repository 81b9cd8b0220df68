/** Pages read ahead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ahead } from '../../../src/cli/audit/ahead.ts';

test('has the next page on its way while one is looked at, and all of them in order', async () => {
  const asked: number[] = [];
  async function* pages() {
    for (const page of [1, 2, 3]) {
      asked.push(page);
      yield page;
    }
  }
  const seen: (readonly [page: number, asked: number])[] = [];

  for await (const page of ahead(pages())) seen.push([page, asked.length]);

  assert.deepEqual(seen, [
    [1, 2],
    [2, 3],
    [3, 3],
  ]);
});

test('throws what a page ended with only where its turn comes', async () => {
  async function* pages() {
    yield 1;
    throw new Error('Okta answered 400');
  }
  const reading = ahead(pages());

  assert.deepEqual(await reading.next(), { done: false, value: 1 });
  await assert.rejects(reading.next(), /Okta answered 400/);
});

test('whoever ends early does not wait for the page that is on its way', async () => {
  async function* pages() {
    yield 1;
    await new Promise(() => undefined);
  }

  for await (const page of ahead(pages())) {
    assert.equal(page, 1);
    break;
  }
});
