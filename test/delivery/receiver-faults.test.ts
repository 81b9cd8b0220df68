/**
 * Every way a receiver can go wrong, on real sockets with signed requests. Whatever it was: the event is still owed or
 * delivered, each attempt carries the same id and verifies, no secret shows, and a neighbour on the same sender goes on.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sender } from '../../src/delivery/attempt.ts';
import type { Lane, Settlement } from '../../src/delivery/lanes/lane.ts';
import { Lanes } from '../../src/delivery/lanes/lanes.ts';
import { openLog } from '../../src/log.ts';
import { PracticeReceiver, type Answer as Reply } from '../../src/practice/receiver.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { verifies } from '../support/verifies.ts';

const KEY = Buffer.from('a key of 32 bytes, known to both');
const SECRET = `whsec_${KEY.toString('base64')}`;
const RAW = Buffer.from('{"n":39.0,"s":"\\u0026\u2028","big":12345678901234567890}');
const ID = 'e-1';

interface Row {
  readonly name: string;
  readonly reply: Reply;
  /** What becomes of the first attempt. */
  readonly kind?: 'delivered' | 'postponed';
  readonly why?: RegExp;
  /** How long until it is given up. */
  readonly passMs?: number;
}

const answer = (status: number, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { ...headers, 'x-secret': 'ANSWERSECRET' },
});

const STATUSES: readonly Row[] = Array.from({ length: 400 }, (_, n) => n + 200).map((status) => ({
  name: `status ${status}`,
  reply: answer(status),
  kind: status < 300 ? 'delivered' : 'postponed',
}));

const AFTER_A_200: readonly (readonly [name: string, reply: Reply])[] = [
  ['reset', { kind: 'status-then-reset', status: 200 }],
  ['a body that never comes', { kind: 'status-then-hang', status: 200 }],
  ['a slow body', { kind: 'slow-body', status: 200, stepMs: 60_000 }],
  ['a body of 1 GB', { kind: 'big-body', status: 200, bytes: 2 ** 30 }],
  ['a gzip bomb', { kind: 'gzip-bomb', status: 200, bytes: 2 ** 30 }],
  ['a cut gzip', { kind: 'cut-gzip', status: 200 }],
  ['HTTP/1.0', { kind: 'http-1.0', status: 200, body: 'ok' }],
];

const RETRY_AFTER: readonly (readonly [value: string, waitMs: number])[] = [
  ['0', 0],
  ['-5', 0],
  ['1.5', 0],
  ['90', 90_000],
  ['Sat, 21 Nov 2026 08:01:30 GMT', 90_000],
  ['Sat, 21 Nov 2026 07:00:00 GMT', 0],
  ['1000000000', 86_400_000],
  ['soon', 0],
];

const ROWS: readonly Row[] = [
  ...STATUSES,
  ...[301, 302, 303, 307, 308].map((status) => ({
    name: `a redirect ${status}`,
    reply: answer(status, { location: '/elsewhere?REDIRECTSECRET' }),
    why: /redirects are not followed/,
  })),
  ...AFTER_A_200.map(([what, reply]) => ({
    name: `200 and then ${what}`,
    reply,
    kind: 'delivered' as const,
  })),
  { name: 'a reset', reply: { kind: 'reset' }, why: /^connection reset/ },
  { name: 'a close', reply: { kind: 'close' }, why: /^connection closed/ },
  { name: 'no answer', reply: { kind: 'hang' }, why: /^no answer within 15 s$/, passMs: 15_000 },
  {
    name: 'slow headers',
    reply: { kind: 'slow-headers', status: 200, stepMs: 1_000 },
    why: /^no answer within 15 s$/,
    passMs: 15_000,
  },
  { name: 'no HTTP', reply: { kind: 'raw', bytes: 'hello\r\n\r\n' }, why: /not HTTP/ },
  {
    name: 'HTTP/1.0 500',
    reply: { kind: 'http-1.0', status: 500, body: 'ANSWERSECRET' },
    why: /^500/,
  },
];

class Scene {
  readonly clock = new FakeClock();
  readonly sender = new Sender(this.clock);
  readonly settled: (Settlement | undefined)[] = [];
  readonly receiver: PracticeReceiver;
  readonly neighbour: PracticeReceiver;
  readonly lane: Lane;
  readonly other: Lane;
  log = '';
  /** When each attempt was signed. */
  readonly signedAt: number[] = [];
  readonly #lanes: Lanes;

  constructor(receiver: PracticeReceiver, neighbour: PracticeReceiver) {
    this.receiver = receiver;
    this.neighbour = neighbour;
    this.#lanes = new Lanes({
      encoding: { contentType: 'application/json', encode: (event) => event.raw },
      sender: this.sender,
      clock: this.clock,
      log: openLog('debug', {
        write: (line) => {
          this.log += line;
        },
      }),
      userAgent: 'loghook/1',
      random: () => 0,
      ignoreHold: false,
      onState: () => undefined,
    });
    const secrets = [{ key: KEY }];
    const authorization = 'Basic HEADERSECRET';
    const open = (name: string, { url }: PracticeReceiver) =>
      this.#lanes.open(
        { key: name, name, url: new URL(`${url}/hook?PATHSECRET`), authorization, secrets },
        { kind: 'flowing' },
      );
    this.lane = open('faulty', receiver);
    this.other = open('neighbour', neighbour);
  }

  static async open(): Promise<Scene> {
    return new Scene(await PracticeReceiver.open(), await PracticeReceiver.open());
  }

  async attempt(lane: Lane, attempts: number, passMs = 0): Promise<Settlement | undefined> {
    let settlement: Settlement | undefined;
    this.signedAt.push(this.clock.now());
    const started = lane.start(
      { seq: 1, event: { id: ID, raw: RAW }, attempts, tries: 0 },
      async (settled) => {
        settlement = settled;
      },
    );
    if (passMs > 0) {
      const seen = this.receiver.received.length;
      while (this.receiver.received.length === seen) await turn();
      await this.clock.advance(passMs);
    }
    await started;
    return settlement;
  }

  async close(): Promise<void> {
    this.#lanes.closeAll();
    await this.sender.close();
    await Promise.all([this.receiver.close(), this.neighbour.close()]);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function assertWhole({ receiver, neighbour, clock, log }: Scene, attempts: number): void {
  for (const { id, body, headers } of [...receiver.received, ...neighbour.received]) {
    assert.equal(id, ID);
    assert.deepEqual(body, RAW);
    const signedAt = Number(headers['webhook-timestamp']) * 1_000;
    assert.ok(signedAt <= clock.now());
    assert.ok(verifies({ headers, body }, SECRET, signedAt));
    assert.ok(!verifies({ headers, body: Buffer.from('{}') }, SECRET, signedAt));
  }
  assert.equal(new Set(receiver.received.map(({ attempt }) => attempt)).size, attempts);
  assert.doesNotMatch(log, /SECRET|whsec/);
}

async function tryRow({ reply, kind = 'postponed', why, passMs }: Row): Promise<void> {
  const scene = await Scene.open();
  try {
    const { receiver, lane, other } = scene;
    receiver.answer = () => reply;

    const [first, beside] = await Promise.all([
      scene.attempt(lane, 0, passMs),
      scene.attempt(other, 0),
    ]);
    receiver.answer = () => ({ status: 204 });
    const second = kind === 'delivered' ? undefined : await scene.attempt(lane, 1);

    assert.ok(first !== undefined);
    assert.equal(first.kind, kind);
    if (why !== undefined) assert.match('why' in first ? first.why : '', why);
    assert.doesNotMatch('why' in first ? first.why : '', /SECRET/);
    assert.equal(second?.kind ?? 'delivered', 'delivered');
    assert.equal(beside?.kind, 'delivered');
    assert.equal(scene.neighbour.received.length, 1);
    assertWhole(scene, kind === 'delivered' ? 1 : 2);
  } finally {
    await scene.close();
  }
}

for (const row of ROWS.slice(STATUSES.length)) {
  test(`loses nothing to ${row.name}`, () => tryRow(row));
}

test('loses nothing to any status from 200 to 599', async () => {
  for (const row of STATUSES) await tryRow(row);
});

test('a reset of a connection that was kept is met with a fresh one at once', async () => {
  const scene = await Scene.open();
  scene.receiver.answer = () => ({ kind: 'reset-if-reused', status: 204 });

  const first = await scene.attempt(scene.lane, 0);
  const second = await scene.attempt(scene.lane, 1);

  assert.deepEqual([first?.kind, second?.kind], ['delivered', 'delivered']);
  assert.deepEqual(
    scene.receiver.received.map(({ attempt, connection }) => [attempt, connection]),
    [
      [1, 1],
      [2, 1],
      [2, 2],
    ],
  );
  assertWhole(scene, 2);
  await scene.close();
});

for (const [value, waitMs] of RETRY_AFTER) {
  test(`Retry-After: ${value} puts it off by ${waitMs} ms at least`, async () => {
    const scene = await Scene.open();
    scene.receiver.answer = () => answer(503, { 'retry-after': value });

    const settled = await scene.attempt(scene.lane, 0);

    assert.ok(settled?.kind === 'postponed');
    assert.equal(settled.charged, false);
    assert.equal(settled.dueAt - scene.clock.now(), Math.max(waitMs, 5_000));
    assertWhole(scene, 1);
    await scene.close();
  });
}
