/**
 * The kill test: the real daemon under load, SIGKILLed at random moments, restarted on the same state folder. At the
 * end every event has been accepted on every route that wants it, byte for byte; an event was accepted twice only where
 * the daemon was killed within `KILL_WINDOW_MS` of the first answer, before it could have recorded it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { practiceEvent, seededRandom } from '../../src/practice/events.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { int } from '../../src/practice/random.ts';
import {
  type Answer,
  PracticeReceiver,
  type ReceivedRequest,
} from '../../src/practice/receiver.ts';
import { Daemon } from '../support/daemon.ts';
import { addEvents, Sandbox } from '../support/loghook.ts';
import { Reception } from '../support/reception.ts';
import { numberFrom, repeatWith } from '../support/seeds.ts';

const KILLS = numberFrom('LOGHOOK_KILLS', 200);
const SEED = numberFrom('LOGHOOK_SEED', 1);
/** An answer is recorded within a few ms of its coming; the rest is for a machine that is busy. */
const KILL_WINDOW_MS = 1_000;
/** A request that the daemon sent before it was killed may be seen here so much later. */
const LAG_MS = 250;
const SETTLE_MS = 240_000;

const clock = new SystemClock();
const again = repeatWith('long/kill.long', { LOGHOOK_SEED: SEED, LOGHOOK_KILLS: KILLS });

interface Wanting {
  readonly path: string;
  readonly pattern: RegExp;
}

const HEALTHY: Wanting = { path: '/healthy', pattern: /./ };
const SLOW: Wanting = { path: '/slow', pattern: /^(system|policy|group)/ };
const FLAKY: Wanting = { path: '/flaky', pattern: /^user\./ };
const ALL = [HEALTHY, SLOW, FLAKY];

/** What the org wrote, by event id. */
class Written {
  readonly #bytes = new Map<string, Buffer>();
  readonly #types = new Map<string, string>();

  add(raw: Buffer): void {
    const { uuid, eventType } = JSON.parse(raw.toString());
    this.#bytes.set(uuid, raw);
    this.#types.set(uuid, eventType);
  }

  get size(): number {
    return this.#bytes.size;
  }

  bytesOf(id: string): Buffer | undefined {
    return this.#bytes.get(id);
  }

  /** Which (event, route) have not been accepted yet. */
  missing(reception: Reception): string[] {
    return [...this.#types].flatMap(([id, type]) =>
      ALL.filter(({ path, pattern }) => pattern.test(type) && !reception.has(path, id)).map(
        ({ path }) => `${id} on ${path}`,
      ),
    );
  }
}

/** Refuses, cuts or throttles one event in eight, once, then takes it: a second time would cost a minute at the end. */
function flakyAnswer(seed: number): (request: ReceivedRequest) => Answer {
  const random = seededRandom(seed);
  const seen = new Set<string>();
  return ({ id = '' }) => {
    const fails = !seen.has(id) && int(random, 8) === 0;
    seen.add(id);
    if (!fails) return { status: 200 };
    const choice = int(random, 40);
    if (choice === 0) return { status: 429 };
    if (choice < 10) return { kind: 'reset' };
    return { status: choice < 25 ? 400 : 500, delayMs: int(random, 20) };
  };
}

function answerAll(seed: number): (request: ReceivedRequest) => Answer {
  const flaky = flakyAnswer(seed);
  const random = seededRandom(seed + 1);
  return (request) => {
    if (request.path === FLAKY.path) return flaky(request);
    const slowest = request.path === SLOW.path ? 80 : 8;
    return { status: 204, delayMs: int(random, slowest) };
  };
}

/** Adds events for as long as it runs, some of them late, as fast as the daemon can take them when it is up. */
async function load(org: PracticeOrg, written: Written, stop: AbortSignal): Promise<void> {
  const random = seededRandom(SEED + 2);
  while (!stop.aborted) {
    writeEvents(org, written, random, int(random, 6));
    await clock.sleep(20, stop);
  }
}

function writeEvents(
  org: PracticeOrg,
  written: Written,
  random: () => number,
  count: number,
): void {
  for (let n = 0; n < count; n += 1) {
    const now = clock.now();
    const raw = practiceEvent(random, now);
    written.add(raw);
    org.add(raw, random() < 0.1 ? { persistedAt: now + int(random, 5_000) } : {});
  }
}

/** Lives of the daemon: how each one ends. The moment counts from the start or from the first page that is safe. */
async function liveAndDie(
  daemon: Daemon,
  random: () => number,
): Promise<{ at: number; ready: boolean }> {
  const fromReady = random() < 0.7;
  if (fromReady) await daemon.untilSaid('ready');
  await clock.sleep(20 + int(random, fromReady ? 600 : 400));
  const at = clock.now();
  await daemon.kill();
  return { at, ready: daemon.said('ready').length > 0 };
}

function killsNear(kills: readonly number[], at: number): number[] {
  return kills.map((kill) => kill - at).filter((ms) => Math.abs(ms) < 5_000);
}

test(`loses and changes nothing in ${KILLS} kills under load`, async (t) => {
  const written = new Written();
  const reception = new Reception((id) => written.bytesOf(id));
  const answer = answerAll(SEED);
  const watched = (request: ReceivedRequest) => {
    reception.received(request);
    const given = answer(request);
    if ('status' in given && given.status < 300) reception.accepted(request);
    return given;
  };
  const org = await PracticeOrg.open({ rateLimit: 1_000_000 });
  const healthy = await PracticeReceiver.open({ answer: watched, keepRequests: 1 });
  const flaky = await PracticeReceiver.open({ answer: watched, keepRequests: 1 });
  t.after(() => Promise.all([org.close(), healthy.close(), flaky.close()]));
  const sandbox = new Sandbox(t);
  const start = () =>
    new Daemon(sandbox, {
      org,
      args: ['--interval', '1s'],
      routes: [
        ['.', `${healthy.url}${HEALTHY.path}`],
        ['^(system|policy|group)', `${healthy.url}${SLOW.path}`],
        ['^user\\.', `${flaky.url}${FLAKY.path}`],
      ],
    });
  const random = seededRandom(SEED + 3);
  const loading = new AbortController();
  const loaded = load(org, written, loading.signal);
  const kills: number[] = [];
  let ready = 0;
  for (let n = 0; n < KILLS; n += 1) {
    if (n % 10 === 9) writeEvents(org, written, random, 500 + int(random, 1_500));
    const daemon = start();
    const life = await liveAndDie(daemon, random);
    kills.push(life.at);
    if (life.ready) ready += 1;
    assert.equal(daemon.loghook.stderr, '', `${again}\nlife ${n} complained`);
  }
  loading.abort();
  await loaded;

  const daemon = start();
  await daemon.until(
    () => written.missing(reception).length === 0,
    `all ${written.size} events\n${again}`,
    SETTLE_MS,
  );
  const { code } = await daemon.stop();
  const repeats = reception.repeats();
  const windows = repeats.map(({ first, second }) => {
    const kill = kills.find((at) => at >= first.at - LAG_MS && at <= second.at);
    return kill === undefined ? Number.POSITIVE_INFINITY : Math.max(0, kill - first.at);
  });
  const unexplained = repeats
    .filter((_, index) => !(windows[index]! <= KILL_WINDOW_MS))
    .map((repeat) =>
      JSON.stringify({ ...repeat, killsBetween: killsNear(kills, repeat.first.at) }),
    );
  const widest = Math.max(0, ...windows);
  t.diagnostic(
    `${kills.length} kills (${ready} after the first page), ${written.size} events, ` +
      `${reception.requests} requests, 0 lost, ${reception.faults.length} changed, ` +
      `${repeats.length} repeats, widest window ${Math.round(widest)} ms`,
  );
  assert.equal(code, 0, again);
  assert.deepEqual(reception.faults, [], again);
  assert.deepEqual(unexplained.slice(0, 10), [], `repeats without a kill: ${again}`);
  assert.equal(daemon.said('stopped')[0]?.owed, 0, again);
});

test('held, slowed and gone routes are so still after each of 10 kills', async (t) => {
  const counts = new Map<string, number>();
  const answers: Record<string, Answer> = {
    '/gone': { status: 410 },
    '/broken': { status: 500 },
    '/paused': { status: 429, headers: { 'retry-after': '3600' } },
  };
  let healed = false;
  const receivers = await Promise.all(
    Object.keys(answers).map(() => PracticeReceiver.open({ keepRequests: 1 })),
  );
  const org = await PracticeOrg.open({ rateLimit: 1_000_000 });
  t.after(() => Promise.all([org, ...receivers].map((server) => server.close())));
  const paths = Object.keys(answers);
  for (const [n, path] of paths.entries()) {
    receivers[n]!.answer = () => {
      counts.set(path, (counts.get(path) ?? 0) + 1);
      return healed ? { status: 204 } : answers[path]!;
    };
  }
  addEvents(org, 100);
  const sandbox = new Sandbox(t);
  const start = () =>
    new Daemon(sandbox, {
      org,
      args: ['--interval', '1s'],
      routes: paths.map((path, n) => ['.', `${receivers[n]!.url}${path}`]),
    });
  const first = start();
  await first.until(() => first.said('route held').length === 2, 'two routes held');
  await first.untilSaid('route slowed');
  await clock.sleep(100);
  await first.kill();

  for (let n = 0; n < 10; n += 1) {
    counts.clear();
    const daemon = start();
    await daemon.untilSaid('ready');
    await clock.sleep(200);
    await daemon.kill();
    // One probe, and one with another event: that may have been its own fault.
    assert.ok((counts.get('/gone') ?? 0) <= 2, `gone: ${counts.get('/gone')} probes`);
    assert.ok((counts.get('/broken') ?? 0) <= 2, `broken: ${counts.get('/broken')} probes`);
    assert.equal(counts.get('/paused'), undefined);
    assert.deepEqual(daemon.said('route held'), [], 'held routes are not news after a kill');
  }

  healed = true;
  counts.clear();
  const last = start();
  await last.until(() => (counts.get('/gone') ?? 0) >= 100, 'what was gone');
  await last.until(() => (counts.get('/broken') ?? 0) >= 100, 'what was broken');
  const { code } = await last.stop();
  assert.equal(counts.get('/paused'), undefined);
  assert.equal(last.said('stopped')[0]?.owed, 100);
  assert.equal(code, 0);
});
