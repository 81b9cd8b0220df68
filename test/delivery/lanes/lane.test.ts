import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { Sender } from '../../../src/delivery/attempt.ts';
import { Lane, type Settlement } from '../../../src/delivery/lanes/lane.ts';
import { Lanes, type LanesOptions } from '../../../src/delivery/lanes/lanes.ts';
import { Pace } from '../../../src/delivery/lanes/pace.ts';
import { StartRate } from '../../../src/delivery/lanes/start-rate.ts';
import type { RouteState } from '../../../src/delivery/lanes/verdict.ts';
import type { Answer } from '../../../src/delivery/outcome.ts';
import { silentLog } from '../../../src/log.ts';
import { PracticeReceiver } from '../../../src/practice/receiver.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { HandSender } from '../../support/hand-sender.ts';

const MINUTE = 60_000;
const answered: Answer = { kind: 'answered', status: 204, ms: 1 };
const failed: Answer = { kind: 'answered', status: 500, ms: 1 };
const refused: Answer = { kind: 'unreachable', why: 'connection refused', ms: 1 };

/** Counts what is asked of the clock and not given back. */
class CountingClock extends FakeClock {
  sleeps = 0;
  listeners = 0;

  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps += 1;
    return super.sleep(ms, signal);
  }

  override onJump(listener: (jumpMs: number) => void): () => void {
    this.listeners += 1;
    const stop = super.onJump(listener);
    return () => {
      this.listeners -= 1;
      stop();
    };
  }
}

class CountingPace extends Pace {
  listeners = 0;

  override onRoom(wake: () => void): () => void {
    this.listeners += 1;
    const stop = super.onRoom(wake);
    return () => {
      this.listeners -= 1;
      stop();
    };
  }
}

interface Fixture {
  readonly clock: CountingClock;
  readonly sender: HandSender;
  readonly lanes: Lanes;
  readonly verdicts: (Settlement | undefined)[];
  readonly states: RouteState[];
  open(path?: string, state?: RouteState): Lane;
  start(lane: Lane, seq?: number): Promise<void>;
}

function fixture(change: Partial<LanesOptions> = {}): Fixture {
  const clock = new CountingClock();
  const sender = new HandSender();
  const verdicts: (Settlement | undefined)[] = [];
  const states: RouteState[] = [];
  const lanes = new Lanes({
    encoding: { contentType: 'application/json', encode: (event) => event.raw },
    sender,
    clock,
    log: silentLog(),
    userAgent: 'loghook/1',
    random: () => 0,
    ignoreHold: false,
    onState: (_lane, state) => states.push(state),
    ...change,
  });
  return {
    clock,
    sender,
    lanes,
    verdicts,
    states,
    open: (path = '/hook', state = { kind: 'flowing' }) => {
      const url = new URL(path, 'http://receiver.example:8080');
      return lanes.open({ key: path, name: `receiver.example#${path.length}`, url }, state);
    },
    start: (lane, seq = 1) =>
      lane.start(
        { seq, event: { id: `e${seq}`, raw: Buffer.from('{}') }, attempts: 0, tries: 0 },
        async (verdict) => {
          verdicts.push(verdict);
        },
      ),
  };
}

/** Whether `promise` is over once everything that is ready has run. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  await settle();
  return over;
}

/** Feeds a lane as the daemon does, with `count` deliveries. */
async function feed(lane: Lane, start: (seq: number) => Promise<void>, count: number) {
  for (let seq = 1; seq <= count; seq += 1) {
    await lane.room(lane.closed);
    if (lane.closed.aborted) return;
    void start(seq);
  }
}

test('sends the event with its id, its route and the number of the attempt', async () => {
  const { lanes, sender, verdicts } = fixture();
  const lane = lanes.open(
    {
      key: 'k',
      name: 'receiver.example#9be2',
      url: new URL('https://receiver.example/a%2fb/?q=1&q=%20'),
      authorization: 'Basic dTpw',
    },
    { kind: 'flowing' },
  );
  const raw = Buffer.from('{"n":39.0}');

  const started = lane.start(
    { seq: 1, event: { id: 'uuid-1', raw }, attempts: 2, tries: 0, lastAttemptAt: 1 },
    async (verdict) => {
      verdicts.push(verdict);
    },
  );
  await sender.answer(answered);
  await started;

  const [request] = sender.requests;
  assert.ok(request);
  assert.deepEqual(request.target, { origin: 'https://receiver.example' });
  assert.equal(request.path, '/a%2fb/?q=1&q=%20');
  assert.equal(request.body, raw);
  const pairs = request.headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name, request.headers[index + 1]]] : [],
  );
  assert.deepEqual(Object.fromEntries(pairs), {
    'content-type': 'application/json',
    'user-agent': 'loghook/1',
    'webhook-id': 'uuid-1',
    'loghook-route': 'receiver.example#9be2',
    'loghook-attempt': '3',
    authorization: 'Basic dTpw',
  });
  assert.equal(verdicts[0]?.kind, 'delivered');
});

test('sends as its route says: method, headers, and how to get there', async () => {
  const { lanes, sender, verdicts } = fixture();
  const proxy = new URL('http://proxy.example:3128');
  const lane = lanes.open(
    {
      ...{ key: 'k', name: 'n', url: new URL('https://receiver.example/') },
      ...{ method: 'PUT', proxy, publicOnly: true, tls: { servername: 'other.example' } },
      headers: [
        ['X-Key', 'abc'],
        ['Content-Type', 'application/vnd.okta+json'],
      ],
    },
    { kind: 'flowing' },
  );

  const started = lane.start(
    { seq: 1, event: { id: 'uuid-1', raw: Buffer.from('{}') }, attempts: 0, tries: 0 },
    async (verdict) => {
      verdicts.push(verdict);
    },
  );
  await sender.answer(answered);
  await started;

  const [request] = sender.requests;
  assert.ok(request);
  assert.equal(request.method, 'PUT');
  assert.deepEqual(request.target, {
    ...{ origin: 'https://receiver.example', proxy, publicOnly: true },
    tls: { servername: 'other.example' },
  });
  assert.deepEqual(request.headers.slice(0, 8), [
    ...['user-agent', 'loghook/1', 'loghook-route', 'n'],
    ...['X-Key', 'abc', 'Content-Type', 'application/vnd.okta+json'],
  ]);
});

test('hands on what the attempt was like, whatever became of it', async () => {
  const { lanes, sender } = fixture();
  const lane = lanes.open(
    { key: 'k', name: 'n', url: new URL('https://receiver.example/') },
    { kind: 'flowing' },
  );
  const trace = { dnsMs: 1, connectMs: 2, firstByteMs: 3, answer: { head: Buffer.from('no') } };
  const answers: readonly Answer[] = [
    { kind: 'answered', status: 204, ms: 1, trace },
    { kind: 'answered', status: 500, ms: 1, trace },
    { kind: 'answered', status: 429, ms: 1, trace },
    { kind: 'unanswered', why: 'x', timedOut: true, ms: 1, trace },
    { kind: 'unreachable', why: 'x', ms: 1, trace },
  ];
  const settled: (Settlement | undefined)[] = [];

  for (const [seq, answer] of answers.entries()) {
    const started = lane.start(
      { seq, event: { id: `e${seq}`, raw: Buffer.from('{}') }, attempts: 0, tries: 0 },
      async (verdict) => {
        settled.push(verdict);
      },
    );
    await sender.answer(answer);
    await started;
  }

  assert.deepEqual(
    settled.map((one) => (one?.kind === 'expired' ? undefined : one?.trace)),
    answers.map(() => trace),
  );
});

test('delivers over a real connection and keeps what it is told to keep', async () => {
  const receiver = await PracticeReceiver.open();
  const clock = new FakeClock();
  const sender = new Sender(clock);
  const { lanes } = fixture({ sender, clock });
  const lane = lanes.open(
    { key: 'k', name: 'r#1', url: new URL(`${receiver.url}/in?x=1`) },
    { kind: 'flowing' },
  );
  const raw = Buffer.from('{"a":1e21}');

  await lane.start({ seq: 1, event: { id: 'e1', raw }, attempts: 0, tries: 0 }, async () => {});

  const [received] = receiver.received;
  assert.ok(received);
  assert.deepEqual(
    [received.id, received.route, received.attempt, received.path, received.body],
    ['e1', 'r#1', 1, '/in?x=1', raw],
  );
  lanes.closeAll();
  await sender.close();
  await receiver.close();
});

test('has room for one, and for more when an answer has come', async () => {
  const { open, sender, start } = fixture();
  const lane = open();
  await lane.room(lane.closed);
  void start(lane);

  const room = lane.room(lane.closed);
  assert.equal(await isOver(room), false);
  await sender.answer(answered);

  await room;
  assert.equal(lane.inFlight, 0);
});

test('a full lane waits without a timer', async () => {
  const { clock, open, start } = fixture();
  const lane = open();
  void start(lane);
  void lane.room(lane.closed);
  await settle();

  assert.equal(clock.nextTimerMs(), undefined);
  assert.equal(clock.sleeps, 0);
});

test('waiting for room leaves no more than one listener a signal behind', async () => {
  const { clock, open, sender, start } = fixture();
  const lane = open();
  const stop = new AbortController();
  const before = getEventListeners(lane.closed, 'abort').length;
  const feeding = feed(lane, (seq) => start(lane, seq), 500);
  for (let count = 0; count < 500; count += 1) {
    void lane.room(stop.signal);
    await sender.answer(answered, 3);
  }
  await feeding;
  await sender.answer(answered, 500);

  assert.equal(getEventListeners(stop.signal, 'abort').length, 1);
  assert.ok(getEventListeners(lane.closed, 'abort').length <= before + 1);
  assert.equal(clock.listeners, 1);
  lane.close();
  assert.equal(clock.listeners, 0);
});

test('room ends when its signal aborts, and at once when it has', async () => {
  const { open, start } = fixture();
  const lane = open();
  void start(lane);
  const stop = new AbortController();
  const room = lane.room(stop.signal);
  assert.equal(await isOver(room), false);

  stop.abort();

  await room;
  await lane.room(stop.signal);
  assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
});

test('close ends the wait for room; what is in flight is recorded', async () => {
  const { open, sender, start, verdicts } = fixture();
  const lane = open();
  const started = start(lane);
  const room = lane.room(lane.closed);
  const drained = lane.drained(new AbortController().signal);
  assert.equal(await isOver(room), false);

  lane.close();

  await room;
  assert.equal(await isOver(drained), false);
  await sender.answer(answered);
  await started;
  await drained;
  assert.equal(verdicts[0]?.kind, 'delivered');
});

test('is drained only when what came of the last attempt is recorded', async () => {
  const { open, sender } = fixture();
  const lane = open();
  let recorded: () => void = () => {};
  void lane.start(
    { seq: 1, event: { id: 'e', raw: Buffer.from('{}') }, attempts: 0, tries: 0 },
    () => new Promise<void>((resolve) => (recorded = resolve)),
  );
  const drained = lane.drained(new AbortController().signal);
  await sender.answer(answered);
  assert.equal(await isOver(drained), false);

  recorded();

  await drained;
});

test('a request that was cut is no attempt', async () => {
  const { open, sender, start, states, verdicts } = fixture();
  const lane = open();
  const started = start(lane);

  await sender.answer({ kind: 'cut' });
  await started;

  assert.deepEqual(verdicts, [undefined]);
  assert.deepEqual(states, []);
  assert.equal(lane.inFlight, 0);
});

test('rejects with what record throws, and is drained all the same', async () => {
  const { open, sender } = fixture();
  const lane = open();
  const started = lane.start(
    { seq: 1, event: { id: 'e', raw: Buffer.from('{}') }, attempts: 0, tries: 0 },
    () => Promise.reject(new Error('disk')),
  );
  void sender.answer(answered);

  await assert.rejects(started, /disk/);

  await lane.drained(new AbortController().signal);
});

test('a held lane with a long queue costs next to nothing', async () => {
  const { clock, open, sender, start } = fixture();
  const lane = open();
  void feed(lane, (seq) => start(lane, seq), 100_000);
  for (let count = 0; count < 2; count += 1) {
    await settle();
    await sender.answer(refused);
  }
  assert.equal(lane.state.kind, 'held');
  const before = clock.sleeps;

  for (let minute = 0; minute < 60; minute += 1) {
    await clock.advance(MINUTE);
    await sender.answer(refused, 10);
  }

  assert.ok(sender.requests.length < 20, `${sender.requests.length} requests in an hour`);
  assert.ok(clock.sleeps - before < 120, `${clock.sleeps - before} waits in an hour`);
  lane.close();
});

test('a lane that waits for a person waits without a timer until the person comes', async () => {
  const { clock, open } = fixture();
  const lane = open('/hook', { kind: 'held', why: '410 gone', since: 0 });
  const room = lane.room(lane.closed);
  assert.equal(await isOver(room), false);
  assert.equal(clock.nextTimerMs(), undefined);

  lane.tryAgain();

  await room;
});

test('a gate that opens lets the lane go on', async () => {
  const { clock, open } = fixture();
  const until = clock.now() + 10 * MINUTE;
  const lane = open('/hook', { kind: 'slowed', why: '429', since: clock.now(), until });
  const room = lane.room(lane.closed);
  await clock.advance(10 * MINUTE - 1);
  assert.equal(await isOver(room), false);

  await clock.advance(1);

  await room;
});

test('a clock that is set back does not make a pause longer', async () => {
  const { clock, open } = fixture();
  const until = clock.now() + MINUTE;
  const lane = open('/hook', { kind: 'slowed', why: '429', since: clock.now(), until });
  const room = lane.room(lane.closed);

  await clock.jump(-86_400_000);
  await clock.advance(MINUTE);

  await room;
});

test('a hold closes the gate, but not for a run that tries everything once', async () => {
  for (const ignoreHold of [false, true]) {
    const { clock, open } = fixture({ ignoreHold });
    const until = clock.now() + MINUTE;
    const lane = open('/hook', { kind: 'held', why: '500', since: 0, until });
    lane.tryAgain();
    const lanes = await isOver(lane.room(lane.closed));
    assert.equal(lanes, true);
    const gone = open('/gone', { kind: 'held', why: '410', since: 0 });

    assert.equal(await isOver(gone.room(gone.closed)), ignoreHold);
  }
});

test('a lane that hangs does not stop its neighbour on the same origin', async () => {
  const { open, sender, start } = fixture();
  const hanging = open('/a');
  const other = open('/b');
  void feed(hanging, (seq) => start(hanging, seq), 10);
  await settle();
  assert.equal(sender.waiting, 1);

  for (let seq = 1; seq <= 20; seq += 1) {
    await other.room(other.closed);
    const started = start(other, seq);
    await sender.answerNewest(answered);
    await started;
  }

  assert.equal(sender.requests.filter(({ path }) => path === '/b').length, 20);
  hanging.close();
});

test('a receiver that is overloaded gets half as much, a refusal of another kind changes nothing', async () => {
  const overloaded: Answer = { kind: 'answered', status: 503, ms: 1 };
  const inFlightAfter: number[] = [];
  for (const answer of [overloaded, failed, { kind: 'cut' } as const]) {
    const { clock, open, sender, start } = fixture();
    const lane = open();
    void feed(lane, (seq) => start(lane, seq), 5_000);
    await settle();
    for (let round = 0; round < 5; round += 1) {
      await clock.advance(1);
      await sender.answer(answered, sender.waiting);
    }
    assert.equal(sender.waiting, 32);
    await clock.advance(1);
    await sender.answer(answer);
    await sender.answer(answered);
    inFlightAfter.push(sender.waiting);
    lane.close();
  }

  assert.deepEqual(inFlightAfter, [30, 33, 33]);
});

test('a refused connection says nothing of how fast the receiver is', async () => {
  const { open, sender, start } = fixture();
  const lane = open();
  void start(lane, 1);
  await sender.answer({ kind: 'unreachable', why: 'refused', ms: 0 });
  void feed(lane, (seq) => start(lane, seq), 5_000);
  await settle();

  for (let round = 0; round < 5; round += 1) {
    await sender.answer({ kind: 'answered', status: 200, ms: 100 }, sender.waiting);
  }

  assert.equal(sender.waiting, 32);
  lane.close();
});

test('a closed lane leaves nothing behind at the pace of the origin', async () => {
  const clock = new CountingClock();
  const pace = new CountingPace(clock);
  const sender = new HandSender();
  const lane = new Lane({
    destination: { key: 'k', name: 'n', url: new URL('http://receiver.example/') },
    encoding: { contentType: 'x/y', encode: (event) => event.raw },
    state: { kind: 'flowing' },
    sender,
    pace,
    startRate: new StartRate(clock),
    clock,
    log: silentLog(),
    userAgent: 'loghook/1',
    random: () => 0,
    ignoreHold: false,
    onState: () => {},
  });
  const event = { id: 'e', raw: Buffer.from('{}') };
  for (let seq = 1; seq <= 50; seq += 1) {
    void lane.start({ seq, event, attempts: 0, tries: 0 }, async () => {});
    const room = lane.room(lane.closed);
    await sender.answer(answered);
    await room;
  }

  assert.equal(pace.listeners, 1);
  lane.close();
  assert.equal(pace.listeners, 0);
});

test('two lanes of one origin share its room', async () => {
  const { open, sender, start } = fixture();
  const a = open('/a');
  const b = open('/b');
  void feed(a, (seq) => start(a, seq), 5_000);
  void feed(b, (seq) => start(b, seq), 5_000);
  for (let round = 0; round < 300; round += 1) await sender.answer(answered, 8);

  const ofA = sender.requests.filter(({ path }) => path === '/a').length;
  const share = ofA / sender.requests.length;
  assert.ok(share > 0.3 && share < 0.7, `${ofA} of ${sender.requests.length}`);
  assert.ok(sender.waiting <= 66, `${sender.waiting} in flight`);
  a.close();
  b.close();
});

test('tells of every state, to be saved', async () => {
  const { open, sender, start, states } = fixture();
  const lane = open();
  for (let seq = 1; seq <= 5; seq += 1) {
    void start(lane, seq);
    await sender.answer(failed);
  }
  void start(lane, 6);
  await sender.answer(answered);

  assert.deepEqual(
    states.map(({ kind }) => kind),
    ['held', 'flowing'],
  );
  assert.equal(lane.state.kind, 'flowing');
});

test('a route that is gone from the file loses its lane, the others stay', () => {
  const { lanes, open } = fixture();
  const stays = open('/stays');
  const goes = open('/goes');

  lanes.keepOnly(new Set(['/stays']));

  assert.deepEqual(lanes.all, [stays]);
  assert.equal(lanes.get('/goes'), undefined);
  assert.equal(goes.closed.aborted, true);
  assert.equal(stays.closed.aborted, false);
});
