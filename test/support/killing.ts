/** What the kill test needs: an org that writes, receivers that watch, and the real daemon that dies again and again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SystemClock } from '../../src/clock.ts';
import { orgFolder } from '../../src/config/state-folder.ts';
import { seededRandom } from '../../src/practice/events.ts';
import { PracticeOrg } from '../../src/practice/org.ts';
import { int, pick } from '../../src/practice/random.ts';
import {
  type Answer,
  PracticeReceiver,
  type ReceivedRequest,
} from '../../src/practice/receiver.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { type Arrival, overtakings, placesIn } from './lane-order.ts';
import { type Ended, Sandbox } from './loghook.ts';
import { Reception } from './reception.ts';
import { verifies } from './verifies.ts';
import { type Wanting, WrittenEvents } from './written-events.ts';

/** An answer is recorded within a few ms of its coming; the rest is for a machine that is busy. */
const KILL_WINDOW_MS = 1_000;
/** A request that the daemon sent before it was killed may be seen here so much later. */
export const LAG_MS = 250;
const SETTLE_MS = 240_000;

const clock = new SystemClock();

export const HEALTHY: Wanting = { path: '/healthy', pattern: /./ };
export const SLOW: Wanting = { path: '/slow', pattern: /^(system|policy|group)/ };
export const FLAKY: Wanting = { path: '/flaky', pattern: /^user\./ };
/** Only in loghook.yaml: refuses everything for a while. */
export const HELD: Wanting = { path: '/held', pattern: /^(application|app)/ };

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

export interface Scene {
  readonly t: TestContext;
  readonly seed: number;
  /** How to run it again. */
  readonly again: string;
  readonly routes: readonly Wanting[];
  readonly inFile: (urlOf: (route: Wanting) => string) => DaemonOptions['routes'];
  readonly secret?: string;
}

/** An org that writes, a receiver that watches, and a daemon that dies again and again. */
export class Killing {
  readonly #scene: Scene;
  readonly #org: PracticeOrg;
  readonly #receivers: readonly PracticeReceiver[];
  readonly #sandbox: Sandbox;
  readonly #random: () => number;
  readonly #flaky: (request: ReceivedRequest) => Answer;
  readonly #delays: () => number;
  readonly #stumbled = new Set<string>();
  readonly written: WrittenEvents;
  readonly reception: Reception;
  /** On /healthy. */
  readonly arrivals: Arrival[] = [];
  readonly kills: number[] = [];
  /** Asked for by a person on /healthy; each once. */
  readonly asked = new Set<string>();
  refusesHeld = false;
  slowCount = 0;
  /** How often the daemon said that /held is. */
  holds = 0;
  #ready = 0;

  static async open(scene: Scene): Promise<Killing> {
    const org = await PracticeOrg.open({ rateLimit: 1_000_000 });
    const open = () => PracticeReceiver.open({ keepRequests: 1 });
    const receivers = [await open(), await open()];
    scene.t.after(() => Promise.all([org, ...receivers].map((server) => server.close())));
    return new Killing(scene, org, receivers);
  }

  private constructor(scene: Scene, org: PracticeOrg, receivers: readonly PracticeReceiver[]) {
    this.#scene = scene;
    this.#org = org;
    this.#receivers = receivers;
    this.#sandbox = new Sandbox(scene.t);
    this.#random = seededRandom(scene.seed + 3);
    this.#delays = seededRandom(scene.seed + 1);
    this.#flaky = flakyAnswer(scene.seed);
    this.written = new WrittenEvents(org);
    this.reception = new Reception((id) => this.written.bytesOf(id));
    for (const receiver of receivers) receiver.answer = (request) => this.#receive(request);
  }

  /** One life of the daemon. The moment of its end counts from its start or from the first page that is safe. */
  async liveAndDie(n: number): Promise<void> {
    const random = this.#random;
    if (n % 10 === 9) this.written.write(random, 500 + int(random, 1_500));
    const daemon = this.start();
    const fromReady = random() < 0.7;
    if (fromReady) await daemon.untilSaid('ready');
    await clock.sleep(20 + int(random, fromReady ? 600 : 400));
    this.kills.push(clock.now());
    await daemon.kill();
    if (daemon.said('ready').length > 0) this.#ready += 1;
    this.holds += daemon.said('route held').filter(({ route }) => route === 'held').length;
    assert.equal(daemon.loghook.stderr, '', `${this.#scene.again}\nlife ${n} complained`);
  }

  start(): Daemon {
    const urlOf = (route: Wanting) =>
      `${this.#receivers[route === FLAKY ? 1 : 0]!.url}${route.path}`;
    return new Daemon(this.#sandbox, {
      org: this.#org,
      args: ['--interval', '1s'],
      routes: this.#scene.inFile(urlOf),
    });
  }

  /** A command, as a person runs it. */
  command(...args: string[]): Promise<Ended> {
    const { url, token } = this.#org;
    const env = { OKTA_ORG_URL: url, OKTA_API_KEY: token };
    return this.#sandbox.run([...args, '--state', 'state'], { env });
  }

  /** Asks for one that was taken a while ago. What was not recorded before a kill is owed still, and not owed twice. */
  async askAgain(): Promise<void> {
    const taken = this.arrivals.filter(({ id, accepted }) => accepted && !this.asked.has(id));
    if (taken.length === 0) return;
    const { id } = pick(this.#random, taken);
    const { code, stdout, stderr } = await this.command(
      'replay',
      id,
      '--route',
      'healthy',
      '--yes',
    );
    if (code === 2 && /owed|already/.test(stderr)) return;
    assert.equal(stdout, '1 event owed again\n', `${this.#scene.again}\n${stderr}`);
    this.asked.add(id);
  }

  async untilAllIsAccepted(): Promise<void> {
    const { written, reception } = this;
    const daemon = this.start();
    await daemon.untilNone(
      () => written.missing(reception, this.#scene.routes).length + this.#unanswered(),
      `all ${written.size} events and ${this.#unanswered()} replays\n${this.#scene.again}`,
      SETTLE_MS,
    );
    const { code } = await daemon.stop();
    assert.equal(code, 0, this.#scene.again);
    assert.equal(daemon.said('stopped')[0]?.owed, 0, this.#scene.again);
  }

  /** Repeats that neither a kill nor a person explains. */
  unexplained(): string[] {
    const { kills, asked } = this;
    const repeats = this.reception.repeats();
    const windows = repeats.map(({ eventId, path, first, second }) => {
      const isAsked = path === HEALTHY.path && asked.has(eventId);
      if (isAsked && second.isReplay && !first.isReplay) return 0;
      const kill = kills.find((at) => at >= first.at - LAG_MS && at <= second.at);
      return kill === undefined ? Number.POSITIVE_INFINITY : Math.max(0, kill - first.at);
    });
    this.#scene.t.diagnostic(
      `${kills.length} kills (${this.#ready} after the first page), ${this.written.size} events, ` +
        `${this.reception.requests} requests, 0 lost, ${this.reception.faults.length} changed, ` +
        `${asked.size} replays, ${repeats.length - asked.size} other repeats, ` +
        `widest window ${Math.round(Math.max(0, ...windows))} ms`,
    );
    return repeats
      .filter((_, index) => !(windows[index]! <= KILL_WINDOW_MS))
      .map((repeat) => JSON.stringify(repeat));
  }

  overtakings(): string[] {
    const places = placesIn(orgFolder(join(this.#sandbox.cwd, 'state'), new URL(this.#org.url)));
    return overtakings(this.arrivals, places, (id) => this.written.get(id)?.whom);
  }

  #unanswered(): number {
    const sent = this.arrivals.filter(({ accepted, isReplay }) => accepted && isReplay);
    const answered = new Set(sent.map(({ id }) => id));
    return [...this.asked].filter((id) => !answered.has(id)).length;
  }

  #receive(request: ReceivedRequest): Answer {
    const { secret } = this.#scene;
    const { id = '', path } = request;
    const isReplay = request.headers['loghook-replay'] === 'true';
    this.reception.received(request);
    if (secret !== undefined && !verifies(request, secret)) {
      this.reception.faults.push(`${path} got ${id}, which does not verify`);
    }
    if (isReplay && !(path === HEALTHY.path && this.asked.has(id))) {
      this.reception.faults.push(`${path} got ${id} marked as a replay that nobody asked for`);
    }
    if (path === SLOW.path) this.slowCount += 1;
    const answer = this.#answer(request);
    const accepted = 'status' in answer && answer.status < 300;
    if (accepted) this.reception.accepted(request);
    if (path === HEALTHY.path) this.arrivals.push({ id, accepted, isReplay });
    return answer;
  }

  /** In order, where the next one of the lane must wait: one event in 300, once. */
  #stumbles({ id = '' }: ReceivedRequest): boolean {
    if (this.#scene.secret === undefined || this.#stumbled.has(id)) return false;
    this.#stumbled.add(id);
    return int(this.#delays, 300) === 0;
  }

  #answer(request: ReceivedRequest): Answer {
    if (request.path === FLAKY.path) return this.#flaky(request);
    if (request.path === HELD.path && this.refusesHeld) return { status: 500 };
    if (request.path === HEALTHY.path && this.#stumbles(request)) return { status: 500 };
    return { status: 204, delayMs: int(this.#delays, request.path === SLOW.path ? 80 : 8) };
  }
}
