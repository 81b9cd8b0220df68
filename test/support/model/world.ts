/**
 * A small world for the model test: a practice org, three receivers and a daemon of real parts over real sockets, with
 * time in the test's hand. The org's clock only moves forward; the daemon's may jump.
 */
import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openLog } from '../../../src/log.ts';
import { practiceEvent, seededRandom } from '../../../src/practice/events.ts';
import { PracticeOrg } from '../../../src/practice/org.ts';
import type { Random } from '../../../src/practice/random.ts';
import { PracticeReceiver } from '../../../src/practice/receiver.ts';
import type { Routes } from '../../../src/routing/routes.ts';
import { FakeClock } from '../fake-clock.ts';
import { OrgClock, passUntil } from './clocks.ts';
import { type Life, openLife } from './life.ts';
import { inMemory } from './memory-folder.ts';
import { Oracle } from './oracle.ts';
import { homeOf, type Paper, putOnDisk } from './paper.ts';
import { Traffic } from './traffic.ts';
import { Trouble } from './trouble.ts';
import type { OutboxWatcher } from './watched-outbox.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly rateLimit: number;
  readonly limit: number;
  readonly intervalMs: number;
}

/** Always healthy, on a receiver of its own: nobody else's trouble may be felt here. */
export const NEIGHBOUR = '/neighbour';

type WorldParts = Pick<World, 'clock' | 'oracle' | 'org' | 'receivers' | 'troubles'> & {
  readonly traffic: Traffic;
  readonly orgClock: OrgClock;
};

export class World {
  readonly clock: FakeClock;
  readonly oracle: Oracle;
  readonly org: PracticeOrg;
  readonly receivers: readonly PracticeReceiver[];
  readonly troubles: readonly Trouble[];
  /** What the daemon logged, each with the clock's time. */
  readonly log: string[] = [];
  readonly #options: WorldOptions;
  readonly #eventRandom: Random;
  readonly #traffic: Traffic;
  readonly #orgClock: OrgClock;
  readonly #base: string;
  #folders = 0;
  #folder: string;
  /** What the routes file says; it is in force once it is adopted. */
  #written: Paper = { kind: 'csv', routes: [] };
  #paper = this.#written;
  /** All that were ever in force. */
  readonly papers: Paper[] = [];
  /** Route keys to paths, and homes to keys, of every route that there ever was. */
  readonly #paths = new Map<string, string>();
  readonly #keys = new Map<string, string>();
  #life: Life | undefined;
  #firstPageIsSafe = false;
  /** When the daemon started or its clock was set, by the org's time: it has forgotten what it knew of the window. */
  readonly forgotAt: number[] = [];

  static async open(options: WorldOptions): Promise<World> {
    const traffic = new Traffic();
    const clock = new FakeClock(Date.parse('2026-11-21T08:00:00.000Z'), () => traffic.settle());
    const orgClock = new OrgClock(clock);
    const token = `model-${randomUUID()}`;
    const org = await PracticeOrg.open({ clock: orgClock, rateLimit: options.rateLimit, token });
    const oracle = new Oracle(clock);
    const troubles = [0, 1, 2].map(
      (at) => new Trouble(seededRandom(options.seed * 10 + at), oracle, org.token),
    );
    const receivers = await Promise.all(
      troubles.map((trouble) =>
        PracticeReceiver.open({ clock, answer: (request) => trouble.answer(request) }),
      ),
    );
    return new World(options, { traffic, clock, orgClock, org, oracle, troubles, receivers });
  }

  private constructor(options: WorldOptions, parts: WorldParts) {
    this.#options = options;
    this.#eventRandom = seededRandom(options.seed * 10 + 4);
    this.#traffic = parts.traffic;
    this.clock = parts.clock;
    this.#orgClock = parts.orgClock;
    this.org = parts.org;
    this.oracle = parts.oracle;
    this.troubles = parts.troubles;
    this.receivers = parts.receivers;
    this.#base = mkdtempSync(join(inMemory(), 'loghook-model-'));
    this.#folder = join(this.#base, '0');
  }

  get firstPageIsSafe(): boolean {
    return this.#firstPageIsSafe;
  }

  get orgNow(): number {
    return this.#orgClock.now();
  }

  /** Adds an event that can be read `lateMs` from now. */
  write(lateMs: number): void {
    const raw = practiceEvent(this.#eventRandom, Math.floor(this.orgNow));
    const persistedAt = this.orgNow + lateMs;
    this.oracle.wrote(raw, persistedAt);
    this.org.add(raw, { persistedAt });
  }

  /** In force. */
  get paper(): Paper {
    return this.#paper;
  }

  /** What the row of a home goes by in the state, and the other way round. */
  keyOf(home: string): string | undefined {
    return this.#keys.get(home);
  }

  homeOf(key: string): string | undefined {
    return [...this.#keys].find(([, known]) => known === key)?.[0];
  }

  async start(paper: Paper): Promise<void> {
    const routes = await this.#routesOf(paper);
    this.forgotAt.push(this.orgNow);
    const { seed, limit, intervalMs } = this.#options;
    this.#life = await openLife({
      org: this.org,
      clock: this.clock,
      folder: this.#folder,
      log: openLog('info', { write: (line) => void this.log.push(line) }),
      watcher: this.#watcher(),
      routes,
      random: seededRandom(seed * 10 + 3),
      limit,
      intervalMs,
      onFailure: (life, error) => {
        if (this.#life !== life) return;
        const text =
          error instanceof Error ? `${error.stack} ${String(error.cause)}` : String(error);
        this.oracle.violated(`the daemon ended: ${text}`);
      },
    });
    await this.#traffic.settle(10);
  }

  /** As SIGHUP. */
  async reload(paper: Paper): Promise<void> {
    const routes = await this.#routesOf(paper);
    await this.#until(this.#alive().daemon.reload(routes), 'take up other routes');
    await this.#traffic.settle();
  }

  /** As SIGTERM; resolves when all is closed. */
  async stop(): Promise<void> {
    const life = this.#alive();
    life.soft.abort();
    await this.#until(life.over, 'stop');
    this.#life = undefined;
    await life.close();
    await this.#traffic.settle();
    this.oracle.terms.ended();
  }

  /** As SIGKILL: the next start finds what was durable at this moment, and nothing else. */
  async crash(): Promise<void> {
    const life = this.#alive();
    this.#life = undefined;
    life.outbox.cutOff();
    this.oracle.crashed();
    this.#folders += 1;
    const copy = join(this.#base, String(this.#folders));
    cpSync(this.#folder, copy, { recursive: true });
    this.#folder = copy;
    life.soft.abort();
    life.hard.abort();
    await this.#until(life.over, 'stop');
    await life.close();
    await this.#traffic.settle();
    this.oracle.crashed();
  }

  advance(ms: number): Promise<void> {
    return this.clock.advance(ms);
  }

  /** The daemon's machine sleeps: its timers stand still, the world goes on. */
  async sleepAndWake(ms: number): Promise<void> {
    this.#orgClock.slept(ms);
    this.oracle.terms.jumped();
    await this.clock.jump(ms);
  }

  /** Somebody sets the clock of the daemon's machine. */
  async setClock(byMs: number): Promise<void> {
    this.forgotAt.push(this.orgNow);
    this.oracle.terms.jumped();
    await this.clock.jump(byMs);
  }

  get rateLimit(): number {
    return this.#options.rateLimit;
  }

  get folder(): string {
    return this.#folder;
  }

  async close(): Promise<void> {
    if (this.#life !== undefined) await this.stop();
    await Promise.all([this.org.close(), ...this.receivers.map((receiver) => receiver.close())]);
    this.#traffic.close();
    rmSync(this.#base, { recursive: true, force: true });
  }

  async #until(promise: Promise<unknown>, what: string): Promise<void> {
    await this.#traffic.settle();
    if (await passUntil(promise, this.clock)) return;
    this.oracle.violated(`the daemon did not ${what} within a minute`);
    throw new Error(this.oracle.violations.join('\n'));
  }

  #watcher(): OutboxWatcher {
    const world = this;
    const { oracle } = world;
    const pathOf = (key: string) => world.#paths.get(key) ?? key;
    return {
      get paper() {
        return world.#paper;
      },
      adopted: () => {
        world.#paper = world.#written;
        world.papers.push(world.#paper);
        oracle.terms.adopted(world.#paper);
      },
      committed: ({ events }, paper) => {
        world.#firstPageIsSafe = true;
        oracle.committed(events, paper);
      },
      recorded: (key, { event }, settlement) => oracle.recorded(event.id, pathOf(key), settlement),
      released: (key, { event }) => oracle.released(event.id, pathOf(key)),
      tidied: () => oracle.terms.tidied(),
    };
  }

  async #routesOf(paper: Paper): Promise<Routes> {
    this.#written = paper;
    const folder = join(this.#base, 'etc');
    const urlOf = ({ receiver, path }: { readonly receiver: number; readonly path: string }) =>
      `${this.receivers[receiver]!.url}${path}`;
    const routes = await putOnDisk(paper, folder, urlOf);
    for (const { key, url } of routes.all) {
      this.#paths.set(key, url.pathname);
      this.#keys.set(homeOf(paper.kind, url.pathname), key);
    }
    return routes;
  }

  #alive(): Life {
    if (this.#life === undefined) throw new Error('the daemon is not running');
    return this.#life;
  }
}
