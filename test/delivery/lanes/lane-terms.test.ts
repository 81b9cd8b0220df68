/** What a route can ask of its lane: a ceiling, a rate, an age, signatures, a pause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sender } from '../../../src/delivery/attempt.ts';
import type { Destination } from '../../../src/delivery/destination.ts';
import type { Lane, Sendable, Settlement } from '../../../src/delivery/lanes/lane.ts';
import { Lanes } from '../../../src/delivery/lanes/lanes.ts';
import type { RouteState } from '../../../src/delivery/lanes/verdict.ts';
import type { Answer } from '../../../src/delivery/outcome.ts';
import { newSecret, parseSecret } from '../../../src/delivery/signing/secret.ts';
import { PracticeReceiver } from '../../../src/practice/receiver.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { HandSender } from '../../support/hand-sender.ts';
import { keptLog } from '../../support/log-lines.ts';
import { verifies } from '../../support/verifies.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const taken: Answer = { kind: 'answered', status: 204, ms: 1 };
const failed: Answer = { kind: 'answered', status: 500, ms: 1 };

/** A lane with a queue that never ends, and what became of what it took. */
class Desk {
  readonly clock = new FakeClock();
  readonly sender = new HandSender();
  readonly kept = keptLog();
  readonly settled: (Settlement | undefined)[] = [];
  readonly startedAt: number[] = [];
  readonly lanes: Lanes;
  taken = 0;
  /** What the next deliveries are like. */
  next: Partial<Sendable> = {};

  constructor(ignoreHold = false) {
    this.lanes = new Lanes({
      encoding: { contentType: 'application/json', encode: (event) => event.raw },
      sender: {
        send: (request) => {
          this.startedAt.push(this.clock.monotonic());
          return this.sender.send(request);
        },
      },
      clock: this.clock,
      log: this.kept.log,
      userAgent: 'loghook/1',
      random: () => 0,
      ignoreHold,
      onState: () => {},
    });
  }

  open(terms: Partial<Destination>, state: RouteState = { kind: 'flowing' }): Lane {
    const url = new URL('http://receiver.example/hook');
    return this.lanes.open({ key: 'k', name: 'siem', url, ...terms }, state);
  }

  start(lane: Lane, change: Partial<Sendable> = {}): Promise<void> {
    this.taken += 1;
    const seq = this.taken;
    const event = { id: `e${seq}`, raw: Buffer.from(`{"n":${seq}.0}`) };
    const readAt = this.clock.now();
    const delivery = { seq, event, attempts: 0, tries: 0, readAt, ...this.next, ...change };
    return lane.start(delivery, async (settlement) => {
      this.settled.push(settlement);
    });
  }

  async feed(lane: Lane, count = Number.POSITIVE_INFINITY): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      await lane.room(lane.closed);
      if (lane.closed.aborted) return;
      void this.start(lane);
    }
  }

  /** Lets time pass; every request is answered within a millisecond. */
  async run(ms: number, answer: Answer = taken): Promise<void> {
    await settle();
    for (let passed = 0; passed < ms; passed += 1) {
      await this.clock.advance(1);
      await this.sender.answer(answer, Number.POSITIVE_INFINITY);
    }
  }

  said(msg: string): unknown[] {
    return this.kept.lines.filter((line) => line.msg === msg);
  }
}

test('no more than the ceiling is in flight, however fast the answers are', async () => {
  const desk = new Desk();
  const lane = desk.open({ concurrency: 3 });
  void desk.feed(lane);
  let most = 0;

  for (let n = 0; n < 200; n += 1) {
    await settle();
    most = Math.max(most, lane.inFlight);
    await desk.sender.answer(taken);
  }

  assert.equal(most, 3);
  lane.close();
});

for (const { count, perMs } of [
  { count: 1, perMs: SECOND },
  { count: 10, perMs: SECOND },
  { count: 3, perMs: SECOND },
  { count: 300, perMs: SECOND },
  { count: 100, perMs: MINUTE },
]) {
  test(`${count} in ${perMs} ms: evenly, and never more in any window`, async () => {
    const desk = new Desk();
    const lane = desk.open({ rate: { count, perMs } });
    void desk.feed(lane);

    await desk.run(5 * SECOND);
    lane.close();

    const { startedAt } = desk;
    for (const [index, from] of startedAt.entries()) {
      const inWindow = startedAt.slice(index).filter((at) => at < from + perMs).length;
      assert.ok(inWindow <= count, `${inWindow} from ${from} on`);
      const next = startedAt[index + 1] ?? from + perMs / count;
      const late = next - from - perMs / count;
      assert.ok(Math.abs(late) <= 1 + 1e-6, `${late} ms late`);
    }
    assert.ok(startedAt.length >= (5 * SECOND * count) / perMs - 1, `${startedAt.length} starts`);
  });
}

test('probes and what a person sends again keep to the rate too', async () => {
  const desk = new Desk();
  desk.next = { replay: true };
  const lane = desk.open({ rate: { count: 1, perMs: 20 * SECOND } });
  void desk.feed(lane);

  await desk.run(2 * MINUTE, failed);
  lane.close();

  assert.equal(lane.state.kind, 'held');
  const gaps = desk.startedAt.slice(1).map((at, n) => at - (desk.startedAt[n] ?? 0));
  assert.ok(gaps.length >= 4 && gaps.every((gap) => gap >= 20 * SECOND), String(gaps));
});

test('a clock that is set changes nothing about the rate', async () => {
  const desk = new Desk();
  const lane = desk.open({ rate: { count: 1, perMs: SECOND } });
  void desk.feed(lane);
  await desk.run(1_500);

  await desk.clock.jump(-HOUR);
  await desk.run(1_400);
  await desk.clock.jump(2 * HOUR);
  await desk.run(200);
  lane.close();

  assert.deepEqual(desk.startedAt, [0, 1_000, 2_000, 3_000]);
});

test('a route that comes back after a reload goes on with its rate', async () => {
  const desk = new Desk();
  const rate = { count: 1, perMs: 10 * SECOND };
  const before = desk.open({ rate });
  void desk.feed(before);
  await desk.run(SECOND);
  before.close();

  const after = desk.open({ rate });
  void desk.feed(after);
  await desk.run(9_500);
  after.close();

  assert.deepEqual(desk.startedAt, [0, 10_000]);
});

const AGES: readonly (readonly [what: string, event: object, ageMs: number, expires: boolean])[] = [
  ['published long ago', { published: '2026-11-21T06:59:59.999Z' }, 0, true],
  ['published exactly so long ago', { published: '2026-11-21T07:00:00.000Z' }, 0, false],
  ['published with an offset', { published: '2026-11-21T08:59:59.999+02:00' }, 0, true],
  ['published a moment ago, read long ago', { published: '2026-11-21T07:59:00Z' }, 5 * HOUR, false],
  ['published in the future', { published: '2030-01-01T00:00:00.000Z' }, 0, false],
  ['without published, read long ago', {}, HOUR + 1, true],
  ['without published, read just now', {}, 0, false],
  ['with a published that is none', { published: '1' }, 0, false],
];
for (const [what, event, ageMs, expires] of AGES) {
  test(`maxAge 1h, ${what}: ${expires ? 'a dead letter that was never sent' : 'sent'}`, async () => {
    const desk = new Desk();
    const lane = desk.open({ maxAgeMs: HOUR });
    const whole = { id: 'e1', raw: Buffer.from('{}'), ...event };

    void desk.start(lane, { event: whole, readAt: desk.clock.now() - ageMs });
    await desk.sender.answer(taken);

    const why = 'expired: older than 1h';
    assert.equal(desk.sender.requests.length, expires ? 0 : 1);
    if (!expires) return;
    assert.deepEqual(desk.settled, [{ kind: 'expired', at: desk.clock.now(), why }]);
    const [line] = desk.kept.lines.filter(({ msg }) => msg === 'dead letter');
    assert.deepEqual([line?.route, line?.event, line?.why], ['siem', 'e1', why]);
  });
}

test('what a person asked for is never too old, and says so to the receiver', async () => {
  const desk = new Desk();
  const lane = desk.open({ maxAgeMs: HOUR });

  void desk.start(lane, { readAt: 0, replay: true });
  await desk.sender.answer(taken);

  const { headers } = desk.sender.requests[0]!;
  assert.equal(headers[headers.indexOf('loghook-replay') + 1], 'true');
  assert.equal(desk.settled[0]?.kind, 'delivered');
});

test('expired events leave a held route at once when its gate opens, and its probe to one that is not', async () => {
  const desk = new Desk();
  const until = desk.clock.now() + MINUTE;
  const lane = desk.open({ maxAgeMs: HOUR }, { kind: 'held', why: '500', since: 0, until });
  lane.tryAgain();
  desk.next = { readAt: 0 };
  await desk.feed(lane, 1_000);
  await settle();
  assert.equal(desk.settled.length, 1_000);
  assert.equal(lane.state.kind, 'held');

  desk.next = {};
  await desk.feed(lane, 1);
  await desk.sender.answer(taken);

  assert.equal(desk.sender.requests.length, 1);
  assert.equal(lane.state.kind, 'flowing');
});

test('expired events that wait to be recorded hold up the lane before they fill the memory', async () => {
  const desk = new Desk();
  const lane = desk.open({ maxAgeMs: HOUR });
  const recorded: (() => void)[] = [];
  const event = { id: 'e', raw: Buffer.from('{}') };
  const old = { seq: 1, event, attempts: 0, tries: 0, readAt: 0 };
  const feeding = (async () => {
    for (let n = 0; n < 1_000; n += 1) {
      await lane.room(lane.closed);
      void lane.start(old, () => new Promise((resolve) => recorded.push(resolve)));
    }
  })();
  await settle();
  assert.ok(recorded.length <= 64, `${recorded.length}`);

  for (let n = 0; n < 1_000; n += 1) {
    recorded[n]?.();
    await settle();
  }
  await feeding;

  assert.equal(recorded.length, 1_000);
});

test('a paused lane starts nothing and lets end what is out; resumed, it goes on', async () => {
  const desk = new Desk();
  const lane = desk.open({});
  void desk.feed(lane);
  await settle();

  lane.obey({ paused: true });
  lane.obey({ paused: true });
  await desk.run(100);
  assert.equal(desk.sender.requests.length, 1);
  assert.equal(desk.settled.length, 1);
  lane.obey({ paused: false, resumedAt: desk.clock.now() });
  await desk.run(100);
  lane.close();

  assert.ok(desk.sender.requests.length > 10);
  assert.equal(desk.said('route paused').length, 1);
  assert.equal(desk.said('route resumed').length, 1);
});

test('a paused route that is held is not probed either', async () => {
  const desk = new Desk();
  const since = desk.clock.now();
  const lane = desk.open({}, { kind: 'held', why: '500', since, until: since + SECOND });
  lane.obey({ paused: true });
  void desk.feed(lane);

  await desk.clock.advance(HOUR);
  lane.close();

  assert.equal(desk.sender.requests.length, 0);
});

test('a person who resumes a held route has it tried at once; what was asked before this start does not', async () => {
  const desk = new Desk();
  const since = desk.clock.now();
  const lane = desk.open({}, { kind: 'held', why: '410 gone', since });
  lane.obey({ paused: false, resumedAt: since - HOUR });
  void desk.feed(lane);
  await settle();
  assert.equal(desk.sender.requests.length, 0);

  lane.obey({ paused: false, resumedAt: since });
  await settle();
  lane.obey({ paused: false, resumedAt: since });
  lane.close();

  assert.equal(desk.sender.requests.length, 1);
  assert.equal(desk.said('route resumed').length, 1);
});

test('every attempt is signed anew, over the very bytes, with each secret that is in force', async (t) => {
  const clock = new FakeClock();
  const receiver = await PracticeReceiver.open({ clock });
  const sender = new Sender(clock);
  t.after(() => Promise.all([sender.close(), receiver.close()]));
  const [current, old] = [newSecret(), newSecret()];
  const keys = [current, old].map((secret) => parseSecret(secret));
  const [first, second] = keys.map((parsed) => ('key' in parsed ? parsed.key : Buffer.alloc(0)));
  const lanes = new Lanes({
    encoding: { contentType: 'application/json', encode: (event) => event.raw },
    ...{ sender, clock, log: keptLog().log, userAgent: 'loghook/1', random: () => 0 },
    ...{ ignoreHold: false, onState: () => {} },
  });
  const secrets = [{ key: first! }, { key: second!, until: clock.now() + MINUTE }];
  const headers = [
    ['X-Api-Key', 'abc'],
    ['User-Agent', 'mine/1'],
    ['Webhook-Id', 'forged'],
    ['Host', 'other.example'],
  ] as const;
  const url = new URL(`${receiver.url}/in`);
  const lane = lanes.open({ key: 'k', name: 'siem', url, secrets, headers }, { kind: 'flowing' });
  const raw = Buffer.from('{"n":39.0,"name":"Zo\u00eb 🙂","big":12345678901234567890}');
  const event = { id: 'f790999f', raw };

  await lane.start({ seq: 1, event, attempts: 0, tries: 0 }, async () => {});
  const firstAt = clock.now();
  await clock.advance(2 * MINUTE);
  await lane.start({ seq: 1, event, attempts: 1, tries: 0 }, async () => {});
  lanes.closeAll();

  const [one, two] = receiver.received;
  assert.ok(one !== undefined && two !== undefined);
  assert.ok(verifies(one, current, firstAt) && verifies(one, old, firstAt));
  assert.ok(verifies(two, current, clock.now()) && !verifies(two, old, clock.now()));
  assert.notEqual(one.headers['webhook-timestamp'], two.headers['webhook-timestamp']);
  assert.equal(one.id, two.id);
  assert.equal(one.headers['x-api-key'], 'abc');
  assert.equal(one.headers['user-agent'], 'mine/1');
  assert.equal(one.headers.host, url.host);
  assert.deepEqual(two.body, raw);
});

test('a route without secrets signs nothing', async () => {
  const desk = new Desk();
  void desk.start(desk.open({}));

  const { headers } = desk.sender.requests[0]!;
  assert.ok(headers.includes('webhook-id'));
  assert.ok(!headers.includes('webhook-signature') && !headers.includes('webhook-timestamp'));
});
