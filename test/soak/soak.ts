/**
 * The soak: two orgs that write and misbehave, receivers with every fault, and one real daemon for both, which is killed,
 * put to sleep, reloaded, paused, and run out of disk, while now one and now the other org is out or not in the file.
 * Every now and then all is calm: then everything must have been delivered, and what the daemon takes is measured. At the
 * end its own audit and the receivers' record must agree.
 */
import { SystemClock } from '../../src/clock.ts';
import { type Random, seededRandom } from '../../src/practice/events.ts';
import { int } from '../../src/practice/random.ts';
import { askAdmin } from './admin-door.ts';
import { fillDisk, makeRoom } from './disk.ts';
import { type Household, writeConfig } from './household.ts';
import { Life, until } from './life.ts';
import { type Sample, takeSample } from './measure.ts';
import { type Affected, absence, outage } from './neighbours.ts';
import type { OrgDesk } from './org-desk.ts';

const clock = new SystemClock();
/** Connections that nobody uses are closed by then. */
const QUIET_MS = 6_000;
/** Longer than an attempt may take. */
const LONG_SLEEP_MS = 17_000;
const FULL = 'disk full, what cannot be recorded is not read or sent';
const ROOM = 'state can be written again';
/** A few MB. */
const BURST = 3_000;
const PATIENCE_MS = 60_000;
const READINGS = 3;
const BETWEEN_READINGS_MS = 2_000;
const ARGS = ['--admin', '127.0.0.1:0'];

export interface Plan {
  readonly seed: number;
  /** How long the killing lasts, and each wave after it. */
  readonly killMs: number;
  readonly waveMs: number;
  readonly waves: number;
  /** A small disk of the soak's own, that may be filled. */
  readonly disk: string | undefined;
  readonly say: (line: string) => void;
}

/** A span in which the daemon could not record what it was told, or was not there to hear it; ms since 1970. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

export class Soak {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #household: Household;
  #life: Life;
  readonly samples: Sample[] = [];
  readonly cuts: Cut[] = [];
  /** What happened, for the report. */
  readonly tally = {
    ...{ kills: 0, sleeps: 0, reloads: 0, pauses: 0, replays: 0, revived: 0 },
    ...{ outages: 0, absences: 0, scrapes: 0 },
  };

  /** It runs from here on: `abandon` it in any case. */
  constructor(plan: Plan, household: Household) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.#household = household;
    for (const { scene } of household.orgs) scene.writeHistory(300);
    this.#life = new Life(household, ARGS);
  }

  get orgs(): readonly OrgDesk[] {
    return this.#household.orgs;
  }

  async run(): Promise<void> {
    const { waves, say } = this.#plan;
    say('starting');
    await this.#each(async ({ name, scene }) => {
      await this.#life.said('ready', name);
      scene.isWriting = true;
    });
    await this.#kill();
    say(`${this.tally.kills} kills; calming down`);
    await this.#calm('after the kills');
    for (let n = 1; n <= waves; n += 1) {
      say(`wave ${n} of ${waves}`);
      await this.#wave(n);
      await this.#calm(`after wave ${n}`);
    }
  }

  /** How often the daemon said that there was no room. */
  get fullCount(): number {
    return this.#life.count(FULL);
  }

  /** Ends the daemon, rightly; says what was not right. */
  async stop(): Promise<string[]> {
    const life = this.#life;
    const code = await life.end('SIGTERM');
    const owed = this.orgs.map(({ name }) => ({ name, owed: life.stopped.get(name)?.owed }));
    return [
      ...(code === 0 ? [] : [`the daemon ended with ${code}`]),
      ...owed.flatMap((one) =>
        one.owed === 0 ? [] : [`${one.name}: ${one.owed} still owed at the end`],
      ),
      ...(life.stderr === '' ? [] : [`the daemon complained: ${life.stderr}`]),
    ];
  }

  /** If it still runs it dies. */
  async abandon(): Promise<void> {
    if (this.#life.isRunning) await this.#life.end('SIGKILL');
  }

  #each<T>(act: (desk: OrgDesk) => Promise<T>): Promise<T[]> {
    return Promise.all(this.orgs.map(act));
  }

  async #kill(): Promise<void> {
    const end = clock.monotonic() + this.#plan.killMs;
    for (const { scene } of this.orgs) scene.answers.weather.storm = true;
    while (clock.monotonic() < end) {
      if (this.#random() < 0.7) await this.#each(({ name }) => this.#life.said('ready', name));
      await clock.sleep(50 + int(this.#random, 2_500));
      const from = clock.now();
      await this.#life.end('SIGKILL');
      this.tally.kills += 1;
      this.cuts.push({ from, to: clock.now() });
      this.#life = new Life(this.#household, ARGS);
    }
    await this.#each(({ name }) => this.#life.said('starting', name));
  }

  /** Each wave does everything that can be done while the daemon runs, in parts of the wave's time. */
  async #wave(n: number): Promise<void> {
    const part = this.#plan.waveMs / 4;
    for (const { scene } of this.orgs) {
      scene.isWriting = true;
      Object.assign(scene.answers.weather, { storm: true, held: true, gone: true, fragile: true });
      scene.write(200 + int(this.#random, 800));
    }
    await this.#reload(false);
    await this.#each((desk) => desk.expect(['pause', 'slow']));
    this.tally.pauses += this.orgs.length;
    await clock.sleep(part);
    await this.#sleep(n % 3 === 1 ? LONG_SLEEP_MS : int(this.#random, 4_000));
    const replays = await this.#each((desk) => desk.replay());
    this.tally.replays += replays.filter(Boolean).length;
    await this.#each((desk) => desk.expect(['resume', 'slow']));
    await this.#trouble(n);
    await clock.sleep(part);
    if (n === 1) await this.#each((desk) => desk.backfill());
    await this.#reload(true);
    await this.#each(async (desk) => {
      Object.assign(desk.scene.answers.weather, { held: false, gone: false, fragile: false });
      for (const route of ['held', 'gone']) await desk.expect(['resume', route]);
    });
    await clock.sleep(part);
    await this.#runOutOfDisk(part);
  }

  async #reload(hasMore: boolean): Promise<void> {
    const life = this.#life;
    const before = this.orgs.map(({ name }) => life.count('routes reloaded', name));
    writeConfig(this.#household, { hasMore });
    life.signal('SIGHUP');
    await Promise.all(
      this.orgs.map(({ name }, index) => life.said('routes reloaded', name, before[index])),
    );
    this.tally.reloads += 1;
  }

  /** As a laptop does: what was under way when it went to sleep may have been answered long ago when it wakes. */
  async #sleep(ms: number): Promise<void> {
    const from = clock.now();
    this.#life.signal('SIGSTOP');
    await clock.sleep(ms);
    this.#life.signal('SIGCONT');
    this.cuts.push({ from, to: clock.now() });
    this.tally.sleeps += 1;
  }

  /** From the second wave on, one org: out in even waves, not in the file in odd ones. */
  async #trouble(n: number): Promise<void> {
    const out = this.orgs[Math.floor(n / 2) % this.orgs.length];
    if (n === 1 || out === undefined) return;
    const affected = { out, others: this.orgs.filter((desk) => desk !== out) };
    return n % 2 === 0 ? this.#outage(affected, n % 4 === 2) : this.#absence(affected);
  }

  async #outage(affected: Affected, hangs: boolean): Promise<void> {
    const during = async () => void (await this.#scrape());
    await outage(this.#life, affected, { hangs, during });
    this.tally.outages += 1;
  }

  async #absence(affected: Affected): Promise<void> {
    const hup = async (variant: { readonly without?: OrgDesk }) => {
      writeConfig(this.#household, { hasMore: false, ...variant });
      this.#life.signal('SIGHUP');
      this.tally.reloads += 1;
    };
    const take = () => hup({ without: affected.out });
    await absence(this.#life, affected, { take, bring: () => hup({}) });
    this.tally.absences += 1;
  }

  /** What is kept for replays gives way first, so that it may take a burst of events until it is said. */
  async #runOutOfDisk(ms: number): Promise<void> {
    const { disk } = this.#plan;
    if (disk === undefined) return clock.sleep(ms);
    fillDisk(disk);
    for (const { scene } of this.orgs) scene.write(BURST);
    await clock.sleep(ms);
    await this.#scrape();
    makeRoom(disk);
    const life = this.#life;
    await this.#each(({ name }) =>
      until(() => life.count(ROOM, name) >= life.count(FULL, name), `room for ${name}`, life),
    );
  }

  /** Everything is well, and is waited for; then what the daemon takes is measured. */
  async #calm(label: string): Promise<void> {
    await this.#each(async (desk) => {
      desk.scene.isWriting = false;
      desk.scene.heal();
      for (const route of ['held', 'gone', 'slow']) await desk.expect(['resume', route]);
      this.tally.revived += await desk.untilDelivered(this.#life);
    });
    await this.#untilGreen();
    await clock.sleep(QUIET_MS);
    const events = this.orgs.reduce((sum, { scene }) => sum + scene.written, 0);
    const heldBytes = await this.#heldBytes();
    const { state: folder } = this.#household;
    this.samples.push(takeSample(label, { pid: this.#life.pid, heldBytes, folder, events }));
  }

  /** The least of a few readings: some MB may be held for a moment, what leaks is held for good. */
  async #heldBytes(): Promise<number> {
    let least = await this.#life.heldBytes();
    for (let n = 1; n < READINGS; n += 1) {
      await clock.sleep(BETWEEN_READINGS_MS);
      least = Math.min(least, await this.#life.heldBytes());
    }
    return least;
  }

  async #untilGreen(): Promise<void> {
    const end = clock.monotonic() + PATIENCE_MS;
    for (;;) {
      const reasons = await this.#scrape();
      if (reasons.length === 0) return;
      if (clock.monotonic() > end) throw new Error(`/healthz stays red: ${reasons.join('; ')}`);
      await clock.sleep(1_000);
    }
  }

  /** Why /healthz is red. */
  async #scrape(): Promise<readonly string[]> {
    const { adminAddress = '' } = this.#life;
    this.tally.scrapes += 1;
    return askAdmin(
      adminAddress,
      this.orgs.map(({ name }) => name),
    );
  }
}
