/**
 * Receivers that misbehave, against the real process with signed routes: what each kind of trouble does to its route,
 * and that every promise holds at the end (see Trial).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answer } from '../../src/practice/receiver.ts';
import { Trial } from '../support/trial.ts';

const OK: Answer = { status: 204 };
const QUICK = { retry: { schedule: ['1s', '1s'] } };
const COUNT = 30;

/**
 * What is done to each event's first attempt, and whether it has to be sent again. After an RST that is chance: it may
 * overtake the answer in the receiver's own network stack.
 */
const FIRST_ANSWERS: readonly {
  readonly name: string;
  readonly answer: Answer;
  readonly again: boolean | 'perhaps';
}[] = [
  { name: '200, then RST', answer: { kind: 'status-then-reset', status: 200 }, again: 'perhaps' },
  { name: '200, then silence', answer: { kind: 'status-then-hang', status: 200 }, again: false },
  {
    name: '200 with a body of 1 GB',
    answer: { kind: 'big-body', status: 200, bytes: 2 ** 30 },
    again: false,
  },
  {
    name: '200 with a gzip bomb',
    answer: { kind: 'gzip-bomb', status: 200, bytes: 2 ** 30 },
    again: false,
  },
  { name: '200 with gzip cut short', answer: { kind: 'cut-gzip', status: 200 }, again: false },
  {
    name: '200 with a slow body',
    answer: { kind: 'slow-body', status: 200, stepMs: 50 },
    again: false,
  },
  {
    name: '200, slowly',
    answer: { kind: 'slow-headers', status: 200, stepMs: 5 },
    again: false,
  },
  { name: 'HTTP/1.0', answer: { kind: 'http-1.0', status: 200, body: 'ok' }, again: false },
  { name: 'a redirect', answer: { status: 302, headers: { location: '/x' } }, again: true },
  { name: 'RST', answer: { kind: 'reset' }, again: true },
  { name: 'FIN', answer: { kind: 'close' }, again: true },
  {
    name: 'something else than HTTP',
    answer: { kind: 'raw', bytes: 'hello\r\n\r\n' },
    again: true,
  },
];

/** How often an event came that was answered so first. */
const TIMES: Readonly<Record<string, readonly number[]>> = {
  false: [1],
  true: [2],
  perhaps: [1, 2],
};

describe('receivers in trouble', { concurrency: 4 }, () => {
  for (const { name, answer, again } of FIRST_ANSWERS) {
    test(`${name}: every event once more or not at all, and nothing lost`, async (t) => {
      const trial = await Trial.open(t, {
        answer: ({ id = '' }, nth) => (nth === 1 && /[02468]$/.test(id) ? answer : OK),
      });
      const ids = trial.write(COUNT);
      const odd = ids.filter((id) => /[02468]$/.test(id));

      await trial.untilRecorded(ids.length);
      const { troubled } = await trial.end();

      const wrong = ids.filter((id) => {
        const times = trial.troubled.received.filter((request) => request.id === id).length;
        return !(odd.includes(id) ? TIMES[String(again)] : [1])?.includes(times);
      });
      assert.deepEqual(wrong, []);
      assert.ok([...troubled.values()].every((place) => place === 'delivered'));
    });
  }

  test('403 to one event only (a WAF): that event alone dies, the route flows', async (t) => {
    let refused = '';
    const trial = await Trial.open(t, {
      route: QUICK,
      answer: ({ id }) => (id === refused ? { status: 403, body: 'blocked by rule 7' } : OK),
    });
    const [first = '', ...others] = trial.write(COUNT);
    refused = first;

    await trial.untilAccepted(others.length);
    await trial.feedUntil(() => trial.daemon.said('dead letter').length > 0, 'the dead letter');
    await trial.untilAllAcceptedBut(1);
    const { troubled } = await trial.end();

    assert.deepEqual(
      [...troubled].filter(([, place]) => place !== 'delivered'),
      [[refused, 'dead']],
    );
    assert.deepEqual(trial.daemon.said('route held'), []);
  });

  test('500 to one event for ever: that event alone dies, the route flows', async (t) => {
    let refused = '';
    const trial = await Trial.open(t, {
      route: QUICK,
      answer: ({ id }) => (id === refused ? { status: 500 } : OK),
    });
    refused = trial.write(COUNT)[COUNT - 1] ?? '';

    await trial.feedUntil(() => trial.daemon.said('dead letter').length > 0, 'the dead letter');
    await trial.untilAllAcceptedBut(1);
    const { troubled } = await trial.end();

    assert.deepEqual(
      [...troubled].filter(([, place]) => place !== 'delivered'),
      [[refused, 'dead']],
    );
  });

  for (const status of [401, 403, 404, 500]) {
    test(`${status} to everything (a revoked key): held, nothing dead, all delivered after`, async (t) => {
      const trial = await Trial.open(t, { answer: () => ({ status }) });
      const ids = trial.write(COUNT);
      await trial.daemon.untilSaid('route held');
      const later = trial.write(COUNT);

      trial.answerWith(undefined);
      await trial.untilAccepted(ids.length + later.length);
      const { troubled } = await trial.end();

      assert.ok([...troubled.values()].every((place) => place === 'delivered'));
      assert.deepEqual(trial.daemon.said('dead letter'), []);
      assert.equal(trial.daemon.said('route held').length, 1);
      assert.equal(trial.daemon.said('route flowing').length, 1);
    });
  }

  test('flapping, every second request refused: all delivered, nothing dead', async (t) => {
    let requests = 0;
    const trial = await Trial.open(t, {
      route: { retry: { schedule: Array(20).fill('1s') } },
      answer: () => {
        requests += 1;
        return requests % 2 === 0 ? { status: 503 } : OK;
      },
    });
    const ids = trial.write(COUNT);

    await trial.untilAccepted(ids.length);
    const { troubled } = await trial.end();

    assert.ok([...troubled.values()].every((place) => place === 'delivered'));
  });

  for (const retryAfter of ['0', '-5', '1.5', 'Sun, 06 Nov 1994 08:49:37 GMT', '1', 'soon', '']) {
    test(`429 with Retry-After "${retryAfter}": slowed, then all delivered`, async (t) => {
      let refused = 0;
      const trial = await Trial.open(t, {
        answer: () => {
          if (refused >= 2) return OK;
          refused += 1;
          return { status: 429, headers: { 'retry-after': retryAfter } };
        },
      });
      const ids = trial.write(COUNT);

      await trial.untilAccepted(ids.length);
      const { troubled } = await trial.end();

      assert.ok([...troubled.values()].every((place) => place === 'delivered'));
      assert.deepEqual(trial.daemon.said('route held'), []);
    });
  }

  for (const retryAfter of ['1000000000', 'Fri, 31 Dec 2199 23:59:59 GMT']) {
    test(`429 with Retry-After "${retryAfter}": left alone for a day at most, all owed`, async (t) => {
      const trial = await Trial.open(t, {
        answer: () => ({ status: 429, headers: { 'retry-after': retryAfter } }),
      });
      trial.write(COUNT);

      const line = await trial.daemon.loghook.logged('route slowed');
      const { troubled } = await trial.end();

      const untilMs = Date.parse(String(line.until)) - Date.parse(String(line.time));
      assert.ok(untilMs > 0 && untilMs <= 24 * 3_600_000, `${untilMs} ms`);
      assert.ok([...troubled.values()].every((place) => place === 'owed'));
    });
  }

  test('410, then 200: waits for a person, and goes on when told to', async (t) => {
    const trial = await Trial.open(t, { answer: () => ({ status: 410 }) });
    const ids = trial.write(COUNT);
    await trial.daemon.loghook.logged('route held', { why: '410 gone' });
    trial.answerWith(undefined);

    const resumed = await trial.run(['resume', 'troubled']);
    await trial.untilAccepted(ids.length);
    const { troubled } = await trial.end();

    assert.equal(resumed.code, 0, resumed.stderr);
    assert.ok([...troubled.values()].every((place) => place === 'delivered'));
  });

  for (const [name, url] of [
    ['a name that does not exist', 'http://receiver.invalid/S3CRET-path'],
    ['a port that nobody listens on', 'http://127.0.0.1:9/S3CRET-path'],
    ['TLS where there is none', 'https://127.0.0.1:9/S3CRET-path'],
  ] as const) {
    test(`${name}: held, everything owed`, async (t) => {
      const trial = await Trial.open(t, { url });
      trial.write(COUNT);

      await trial.daemon.untilSaid('route held');
      const { troubled } = await trial.end();

      assert.ok([...troubled.values()].every((place) => place === 'owed'));
    });
  }

  test('a proxy that is down: held, everything owed, its password not shown', async (t) => {
    const trial = await Trial.open(t, {
      route: { proxy: 'http://user:S3CRET-pass@127.0.0.1:9' },
    });
    trial.write(COUNT);

    const { why } = await trial.daemon.loghook.logged('route held');
    const { troubled } = await trial.end();

    assert.match(String(why), /proxy/);
    assert.ok([...troubled.values()].every((place) => place === 'owed'));
  });
});
