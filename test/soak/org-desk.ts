/** One org of the soak, and the commands that a person runs for it beside the daemon. */
import { SystemClock } from '../../src/clock.ts';
import { command, type Ended, type Life, type Place } from './life.ts';
import type { Scene } from './scene.ts';

const clock = new SystemClock();
const PATIENCE_MS = 240_000;

/** Of `loghook status --json`. */
interface RouteStanding {
  readonly name: string;
  readonly state: { readonly kind: string };
  readonly queued: number;
  readonly dead: number;
}

export class OrgDesk {
  readonly scene: Scene;
  readonly #place: Place;

  constructor(scene: Scene, place: Place) {
    this.scene = scene;
    this.#place = place;
  }

  get name(): string {
    return this.scene.name;
  }

  /** `loghook ARGS --org NAME`. */
  command(args: readonly string[]): Promise<Ended> {
    return command(this.#place, [...args, '--org', this.name]);
  }

  /** Rejects unless it ends with 0. */
  async expect(args: readonly string[]): Promise<Ended> {
    const ended = await this.command(args);
    const { code, stdout, stderr } = ended;
    if (code === 0) return ended;
    const shown = [...args, '--org', this.name].join(' ');
    throw new Error(`loghook ${shown} ended with ${code}\n${stdout}${stderr}`);
  }

  async backfill(): Promise<void> {
    this.scene.wantHistory();
    await this.expect(['backfill', '--since', '2h']);
  }

  /** True when an event goes out again. Its bytes may have given way to a disk that was full: then it cannot. */
  async replay(): Promise<boolean> {
    const { scene } = this;
    const id = scene.pickTaken();
    if (id === undefined) return false;
    scene.ask(id);
    const { code, stderr } = await this.command(['replay', id, '--route', 'siem', '--yes']);
    if (code === 0) return true;
    if (code !== 2 || !/nothing that can be sent/.test(stderr))
      throw new Error(`loghook replay ${id} ended with ${code}\n${stderr}`);
    scene.unask(id);
    return false;
  }

  /** Until the receivers have all and the daemon owes nothing. How many dead letters a person had to send again. */
  async untilDelivered(life: Life): Promise<number> {
    const { scene } = this;
    const end = clock.monotonic() + PATIENCE_MS;
    for (let revived = 0; ; ) {
      const { queued, dead, where } = await this.#standing();
      if (dead > 0) revived += await this.#revive();
      if (scene.isDelivered && queued + dead === 0) return revived;
      if (!life.isRunning || clock.monotonic() > end) {
        throw new Error(
          [`${this.name}: ${scene.toCome()}`, where, ...life.recent, life.stderr].join('\n'),
        );
      }
      await clock.sleep(1_000);
    }
  }

  async #standing(): Promise<{ queued: number; dead: number; where: string }> {
    const { stdout } = await this.expect(['status', '--json']);
    const { routes }: { routes: RouteStanding[] } = JSON.parse(stdout);
    const sum = (of: 'queued' | 'dead') => routes.reduce((total, route) => total + route[of], 0);
    const where = routes.map(
      ({ name, state, queued, dead }) => `${name} ${state.kind}: ${queued} queued, ${dead} dead`,
    );
    return { queued: sum('queued'), dead: sum('dead'), where: `status says ${where.join('; ')}` };
  }

  async #revive(): Promise<number> {
    const { code, stdout } = await this.command(['dead', 'replay', '--all']);
    const count = Number(/(\d[\d,]*)/.exec(stdout)?.[1]?.replaceAll(',', '') ?? 0);
    return code === 0 ? count : 0;
  }
}
