/**
 * The soak: two orgs that write and misbehave, receivers with every fault, and the real daemons, which are killed, put to
 * sleep, reloaded, paused, and run out of disk. Every now and then all is calm: then everything must have been delivered,
 * and what the daemons take is measured. At the end their own audit and the receivers' record must agree.
 */
import { SystemClock } from '../../src/clock.ts';
import { type Random, seededRandom } from '../../src/practice/events.ts';
import { int } from '../../src/practice/random.ts';
import { fillDisk, makeRoom } from './disk.ts';
import { type Household, writeRoutes } from './household.ts';
import { command, Life, until } from './life.ts';
import { type Sample, takeSample } from './measure.ts';

const clock = new SystemClock();
/** Connections that nobody uses are closed by then. */
const QUIET_MS = 6_000;
/** Longer than an attempt may take. */
const LONG_SLEEP_MS = 17_000;
const FULL = 'disk full, what cannot be recorded is not read or sent';
const ROOM = 'state can be written again';
/** A few MB. */
const BURST = 3_000;
const ARGS = ['--interval', '1s'];
const PATIENCE_MS = 240_000;

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

/** A span in which a daemon could not record what it was told, or was not there to hear it; ms since 1970. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

export class Soak {
  readonly #plan: Plan;
  readonly #random: Random;
  readonly households: readonly Household[];
  readonly #lives = new Map<Household, Life>();
  readonly samples = new Map<Household, Sample[]>();
  readonly cuts = new Map<Household, Cut[]>();
  /** What happened, for the report. */
  readonly tally = { kills: 0, sleeps: 0, reloads: 0, pauses: 0, replays: 0, revived: 0 };

  constructor(plan: Plan, households: readonly Household[]) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.households = households;
    for (const household of households) {
      this.samples.set(household, []);
      this.cuts.set(household, []);
    }
  }

  async run(): Promise<void> {
    const { waves, say } = this.#plan;
    say('starting');
    await this.#each(async (household) => {
      household.scene.writeHistory(300);
      await (await this.#start(household)).said('ready');
      household.scene.isWriting = true;
    });
    await this.#each((household) => this.#kill(household));
    say(`${this.tally.kills} kills; calming down`);
    await this.#calm('after the kills');
    for (let n = 1; n <= waves; n += 1) {
      say(`wave ${n} of ${waves}`);
      await this.#wave(n);
      await this.#calm(`after wave ${n}`);
    }
  }

  /** How often a daemon said that there was no room. */
  get fullCount(): number {
    return [...this.#lives.values()].reduce((sum, life) => sum + life.count(FULL), 0);
  }

  /** Ends the daemons, rightly; says what was not right. */
  async stop(): Promise<string[]> {
    const faults = await this.#each(async (household) => {
      const life = this.#lifeOf(household);
      const code = await life.end('SIGTERM');
      const { owed } = life.lastStopped;
      return [
        ...(code === 0 ? [] : [`${household.scene.name}: it ended with ${code}`]),
        ...(owed === 0 ? [] : [`${household.scene.name}: ${owed} still owed at the end`]),
        ...(life.stderr === '' ? [] : [`${household.scene.name} complained: ${life.stderr}`]),
      ];
    });
    return faults.flat();
  }

  /** Whatever still runs dies. */
  async abandon(): Promise<void> {
    await Promise.all(
      [...this.#lives.values()].map((life) => life.isRunning && life.end('SIGKILL')),
    );
  }

  #each<T>(act: (household: Household) => Promise<T>): Promise<T[]> {
    return Promise.all(this.households.map(act));
  }

  #lifeOf(household: Household): Life {
    const life = this.#lives.get(household);
    if (life === undefined) throw new Error('it was never started');
    return life;
  }

  async #start(household: Household): Promise<Life> {
    const life = new Life(household, ARGS);
    this.#lives.set(household, life);
    return life;
  }

  async #kill(household: Household): Promise<void> {
    const { killMs } = this.#plan;
    const end = clock.monotonic() + killMs;
    household.scene.answers.weather.storm = true;
    while (clock.monotonic() < end) {
      const life = this.#lifeOf(household);
      if (this.#random() < 0.7) await life.said('ready');
      await clock.sleep(50 + int(this.#random, 2_500));
      const from = clock.now();
      await life.end('SIGKILL');
      this.tally.kills += 1;
      this.cuts.get(household)?.push({ from, to: clock.now() });
      await this.#start(household);
    }
    await this.#lifeOf(household).said('starting');
  }

  /** Each wave does everything that can be done while the daemon runs, in parts of the wave's time. */
  async #wave(n: number): Promise<void> {
    const part = this.#plan.waveMs / 4;
    await this.#each(async (household) => {
      const { scene } = household;
      scene.isWriting = true;
      Object.assign(scene.answers.weather, { storm: true, held: true, gone: true, fragile: true });
      scene.write(200 + int(this.#random, 800));
      await this.#reload(household, false);
      await this.#expect(household, ['pause', 'slow']);
      this.tally.pauses += 1;
      await clock.sleep(part);
      await this.#sleep(household, n % 3 === 1 ? LONG_SLEEP_MS : int(this.#random, 4_000));
      await this.#askAgain(household);
      await this.#expect(household, ['resume', 'slow']);
      await clock.sleep(part);
      if (n === 1) await this.#backfill(household);
      await this.#reload(household, true);
      Object.assign(scene.answers.weather, { held: false, gone: false, fragile: false });
      for (const route of ['held', 'gone']) await this.#expect(household, ['resume', route]);
      await clock.sleep(part);
    });
    await this.#runOutOfDisk(part);
  }

  async #reload(household: Household, hasMore: boolean): Promise<void> {
    const life = this.#lifeOf(household);
    const before = life.count('routes reloaded');
    writeRoutes(household, hasMore);
    life.signal('SIGHUP');
    await life.said('routes reloaded', before);
    this.tally.reloads += 1;
  }

  /** As a laptop does: what was under way when it went to sleep may have been answered long ago when it wakes. */
  async #sleep(household: Household, ms: number): Promise<void> {
    const life = this.#lifeOf(household);
    const from = clock.now();
    life.signal('SIGSTOP');
    await clock.sleep(ms);
    life.signal('SIGCONT');
    this.cuts.get(household)?.push({ from, to: clock.now() });
    this.tally.sleeps += 1;
  }

  /** Its bytes may have given way to a disk that was full: then it cannot be sent again. */
  async #askAgain({ scene, ...place }: Household): Promise<void> {
    const id = scene.pickTaken();
    if (id === undefined) return;
    scene.ask(id);
    const { code, stderr } = await command(place, ['replay', id, '--route', 'siem', '--yes']);
    if (code === 0) this.tally.replays += 1;
    else if (code === 2 && /nothing that can be sent/.test(stderr)) scene.unask(id);
    else throw new Error(`loghook replay ${id} ended with ${code}\n${stderr}`);
  }

  async #backfill(household: Household): Promise<void> {
    household.scene.wantHistory();
    await this.#expect(household, ['backfill', '--since', '2h']);
  }

  /** What is kept for replays gives way first, so that it may take a burst of events until it is said. */
  async #runOutOfDisk(ms: number): Promise<void> {
    const { disk } = this.#plan;
    if (disk === undefined) return clock.sleep(ms);
    fillDisk(disk);
    for (const { scene } of this.households) scene.write(BURST);
    await clock.sleep(ms);
    makeRoom(disk);
    await this.#each(async (household) => {
      const life = this.#lifeOf(household);
      await until(() => life.count(ROOM) >= life.count(FULL), 'room', life);
    });
  }

  /** Everything is well, and is waited for; then what the daemons take is measured. */
  async #calm(label: string): Promise<void> {
    await this.#each(async (household) => {
      const { scene } = household;
      scene.isWriting = false;
      scene.heal();
      for (const route of ['held', 'gone', 'slow'])
        await this.#expect(household, ['resume', route]);
      await this.#untilDelivered(household);
    });
    await clock.sleep(QUIET_MS);
    for (const household of this.households) {
      const life = this.#lifeOf(household);
      const heldBytes = await life.heldBytes();
      const { state: folder, scene } = household;
      const sample = takeSample(label, { pid: life.pid, heldBytes, folder, events: scene.written });
      this.samples.get(household)?.push(sample);
    }
  }

  /** Until the receivers have all and the daemon owes nothing. What died is sent again by a person. */
  async #untilDelivered(household: Household): Promise<void> {
    const { scene } = household;
    const life = this.#lifeOf(household);
    const end = clock.monotonic() + PATIENCE_MS;
    for (;;) {
      const { queued, dead } = await this.#standing(household);
      if (dead > 0) await this.#revive(household);
      if (scene.isDelivered && queued + dead === 0) return;
      if (!life.isRunning || clock.monotonic() > end) {
        const left = `${scene.owed.size} deliveries and ${scene.asked.size} replays to come, ${queued} queued`;
        throw new Error(`${scene.name}: ${left}\n${life.recent.join('\n')}\n${life.stderr}`);
      }
      await clock.sleep(1_000);
    }
  }

  async #standing(household: Household): Promise<{ queued: number; dead: number }> {
    const { code, stdout, stderr } = await command(household, ['status', '--json']);
    if (code !== 0) throw new Error(`loghook status ended with ${code}\n${stderr}`);
    const { routes }: { routes: { queued: number; dead: number }[] } = JSON.parse(stdout);
    const sum = (of: 'queued' | 'dead') => routes.reduce((total, route) => total + route[of], 0);
    return { queued: sum('queued'), dead: sum('dead') };
  }

  async #revive(household: Household): Promise<void> {
    const { code, stdout } = await command(household, ['dead', 'replay', '--all']);
    const count = Number(/(\d[\d,]*)/.exec(stdout)?.[1]?.replaceAll(',', '') ?? 0);
    if (code === 0) this.tally.revived += count;
  }

  async #expect(household: Household, args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await command(household, args);
    if (code !== 0) {
      throw new Error(`loghook ${args.join(' ')} ended with ${code}\n${stdout}${stderr}`);
    }
  }
}
