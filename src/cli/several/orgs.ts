/**
 * All orgs of one process: each in a run of its own, all under one set of signals, one readiness and one status line.
 * Ends when all of them have, or when none of them could be started.
 */
import type { Config } from '../../config/config.ts';
import { EXIT, exitCodeOf, explain } from '../exit.ts';
import type { ProcessWide } from '../run/process-wide.ts';
import { type NotReloaded, routesNotReloaded } from '../run/reload.ts';
import { inWords, OrgRun, type OrgRunParts } from './org-run.ts';
import { isSameOrg } from './same-org.ts';

type OrgsParts = Omit<OrgRunParts, 'onChange' | 'stop'>;

export class Orgs {
  readonly #parts: OrgsParts;
  readonly #wide: ProcessWide;
  readonly #runs = new Map<OrgRun, Promise<void>>();
  readonly #codes: number[] = [];
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #isReady = false;
  #hasRead = false;
  #hasGivenUp = false;
  /** So many changes of orgs are under way: that no org runs is then not the end. */
  #changing = 0;
  #changes: Promise<unknown> = Promise.resolve();

  constructor(parts: OrgsParts, wide: ProcessWide) {
    this.#parts = parts;
    this.#wide = wide;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isTurning(): boolean {
    return [...this.#runs.keys()].every((run) => run.isTurning);
  }

  /** Returns the exit code: the worst that an org came to. Never rejects. */
  async run(configs: readonly Config[]): Promise<number> {
    for (const config of configs) this.#start(config);
    await this.#ended;
    return worst(this.#codes);
  }

  /** Opens orgs that came, stops those that went, and puts the routes of the others in force. Never rejects. */
  take(configs: readonly Config[]): Promise<NotReloaded> {
    this.#changing += 1;
    const change = this.#changes.then(async () => {
      const kept = await this.#take(configs);
      this.#changing -= 1;
      this.#endIfDone();
      return kept;
    });
    this.#changes = change;
    return change;
  }

  async #take(configs: readonly Config[]): Promise<NotReloaded> {
    if (this.#wide.stop.soft.aborted) return routesNotReloaded(['loghook is stopping']);
    const before = [...this.#runs.keys()];
    const stays = before.flatMap((run) => {
      const config = configs.find((one) => isSameOrg(one, run.config));
      return config === undefined ? [] : [{ run, config }];
    });
    const goes = before.filter((run) => stays.every((one) => one.run !== run));
    const comes = configs.filter((config) => stays.every((one) => one.config !== config));
    for (const run of goes) this.#takeOut(run, comes.some(isAt(run)));
    const [kept] = await Promise.all([
      Promise.all(stays.map(({ run, config }) => takeFor(run, config))),
      ...comes.map((config) =>
        this.#bringIn(
          config,
          goes.find((run) => isAt(run)(config)),
        ),
      ),
      ...goes.map((run) => this.#runs.get(run)),
    ]);
    this.#tell();
    return {
      routes: kept.flatMap(({ routes }) => routes),
      credentials: kept.flatMap(({ credentials }) => credentials),
    };
  }

  #takeOut(run: OrgRun, comesAgain: boolean): void {
    const said = comesAgain
      ? 'org changed, it is opened anew'
      : 'org taken out of the file, its state is kept';
    this.#parts.log.info({ org: run.name }, said);
    run.stop();
  }

  /** One that comes again, with another token, has to let go of its folder first. */
  async #bringIn(config: Config, before: OrgRun | undefined): Promise<void> {
    if (before !== undefined) await this.#runs.get(before);
    this.#start(config);
  }

  #start(config: Config): void {
    if (this.#wide.stop.soft.aborted) return;
    const run = new OrgRun(config, {
      ...this.#parts,
      stop: this.#wide.stop,
      onChange: () => this.#changed(),
    });
    const ended = run.run().then((code) => {
      this.#runs.delete(run);
      // What one that was taken out came to is of no matter.
      if (this.#changing === 0) this.#codes.push(code);
      this.#endIfDone();
    });
    this.#runs.set(run, ended);
  }

  #endIfDone(): void {
    if (this.#runs.size === 0 && this.#changing === 0) this.#end();
  }

  #changed(): void {
    const runs = [...this.#runs.keys()];
    if (!this.#isReady && runs.some((run) => run.hasBegun)) {
      this.#isReady = true;
      this.#wide.notifier.ready();
    }
    this.#hasRead ||= runs.some((run) => run.hasRead);
    this.#tell();
    if (!this.#hasRead && !this.#hasGivenUp && runs.every((run) => run.error !== undefined))
      this.#giveUp(runs);
  }

  /** No org could be started: as with one org, a person has to look. */
  #giveUp(runs: readonly OrgRun[]): void {
    this.#hasGivenUp = true;
    for (const run of runs) {
      explain(run.error, this.#parts.io.stderr);
      this.#codes.push(exitCodeOf(run.error));
      run.stop();
    }
  }

  #tell(): void {
    const runs = [...this.#runs.keys()];
    const reading = runs.filter((run) => run.isReading).map(({ name }) => name);
    const failed = runs.filter((run) => run.error !== undefined);
    const words = [
      `tailing ${reading.length} of ${runs.length} orgs${reading.length > 0 ? `: ${reading.join(', ')}` : ''}`,
      ...failed.map((run) => `${run.name}: ${inWords(run.error)}`),
    ];
    this.#wide.notifier.status(words.join('; '));
  }
}

function isAt({ config: { org } }: OrgRun): (config: Config) => boolean {
  return (config) => config.org.url.href === org.url.href;
}

/** A bug before all else, then what a person has to put right; that deliveries are still owed is the least. */
function worst(codes: readonly number[]): number {
  const bad = codes.filter((code) => code !== EXIT.asAsked);
  return bad.length === 0 ? EXIT.asAsked : Math.min(...bad);
}

/** What is wrong says of which org it is. */
async function takeFor(run: OrgRun, config: Config): Promise<NotReloaded> {
  const kept = await run.take(config);
  const named = (problems: readonly string[] = []) =>
    problems.map((problem) => `${run.name}: ${problem}`);
  return { routes: named(kept?.routes), credentials: named(kept?.credentials) };
}
