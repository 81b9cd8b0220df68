/** One run of the model: a seed decides what happens; the promises of design.md section 5 must hold throughout. */
import { seededRandom } from '../../../src/practice/events.ts';
import type { Fault } from '../../../src/practice/faults.ts';
import { int, pick, type Random } from '../../../src/practice/random.ts';
import { checkAudit, checkLastAudit } from './audit.ts';
import {
  drawSecrets,
  drawTerms,
  type Kind,
  type Paper,
  type PaperRoute,
  type Terms,
  wordsOf,
} from './paper.ts';
import { Person } from './person.ts';
import { checkPlants } from './plants.ts';
import { spread } from './spread.ts';
import { checkTheEnd } from './the-end.ts';
import { NEIGHBOUR, World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface ModelReport {
  readonly violations: readonly string[];
  readonly story: readonly string[];
  readonly log: readonly string[];
  readonly counts: {
    readonly events: number;
    readonly pairs: number;
    readonly dead: number;
    readonly attempts: number;
  };
}

/** `plain`: with a loghook.csv all the time, and nobody who does anything beside the daemon. */
export async function runModel(seed: number, plain = false): Promise<ModelReport> {
  const random = seededRandom(seed);
  const people = plain ? undefined : seededRandom(seed * 10 + 5);
  const run = new Run(random, people, await openWorld(seed, random));
  try {
    await run.all();
  } catch (error) {
    run.world.oracle.violated(`the run broke off: ${error instanceof Error ? error.stack : error}`);
  } finally {
    await run.world.close();
  }
  const { oracle, log } = run.world;
  return { violations: oracle.violations, story: run.story, log, counts: oracle.counts };
}

/** Chance is drawn apart for each part, so that the order in which bytes arrive does not change the story. */
function openWorld(seed: number, random: Random): Promise<World> {
  return World.open({
    seed,
    rateLimit: pick(random, [30, 60, 120, 600]),
    limit: pick(random, [1, 2, 7, 50, 1000]),
    intervalMs: pick(random, [15_000, 60_000, 300_000]),
  });
}

const EVERYTHING = /./;
const PATTERNS = [EVERYTHING, /^user/, /^(system|policy|group)/, /session|app/];

class Run {
  readonly story: string[] = [];
  readonly world: World;
  readonly #random: Random;
  /** What people do besides; undefined: nothing. */
  readonly #people: Random | undefined;
  readonly #person: Person;
  readonly #terms = new Map<string, Terms>();
  #kind: Kind = 'csv';
  #paper: Paper;
  #events = 0;
  readonly #longest: number;

  constructor(random: Random, people: Random | undefined, world: World) {
    this.#random = random;
    this.#people = people;
    this.#person = new Person(people ?? random, world);
    this.world = world;
    this.#paper = this.#onPaper(this.#drawRoutes());
    this.#longest = random() < 0.1 ? 3 * HOUR : 10 * MINUTE;
  }

  async all(): Promise<void> {
    await this.world.start(this.#paper);
    this.#tell(`starts: ${inWords(this.#paper)}`);
    const steps = 20 + int(this.#random, 40);
    for (let step = 0; step < steps; step += 1) {
      await this.#step();
      if (this.world.oracle.violations.length > 0) return;
    }
    await this.#heal();
    checkTheEnd(this.world, this.story);
    await checkLastAudit(this.world);
    await checkPlants(this.world, this.#random);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const choice = int(random, 100);
    if (choice < 45) this.#write(1 + int(random, 8));
    else if (choice < 60) this.#changeTrouble();
    else if (choice < 72) this.#failOrg();
    else if (choice < 80) await this.#rewrite();
    else if (choice < 87) await this.#restart();
    else if (choice < 91) await this.#sleep();
    else if (choice < 95) await this.#setClock();
    else this.#poison();
    const ms = spread(random, 100, this.#longest);
    this.#tell(`${ms} ms pass`);
    await this.world.advance(ms);
    if (this.#people !== undefined) await this.#peopleAct(this.#people);
  }

  async #peopleAct(random: Random): Promise<void> {
    const choice = int(random, 100);
    if (choice < 25) {
      const did = await this.#person.act();
      if (did !== undefined) this.#tell(`a person ${did}`);
      return;
    }
    if (choice >= 33) return;
    this.#paper = this.#onPaper(this.#paper.routes);
    await this.#reload();
  }

  /** The terms of some are drawn anew, and sometimes the kind of file. */
  #onPaper(routes: readonly Omit<PaperRoute, 'terms'>[]): Paper {
    const random = this.#people;
    if (random !== undefined && random() < 0.4) this.#kind = pick(random, ['csv', 'yaml', 'yaml']);
    const kind = this.#kind;
    return {
      kind,
      routes: routes.map((route) => ({ ...route, terms: this.#termsOf(route.path) })),
    };
  }

  #termsOf(path: string): Terms {
    const random = this.#people;
    const known = this.#terms.get(path);
    if (random === undefined) return { secrets: [] };
    if (known !== undefined && random() < 0.6) return known;
    const isNeighbour = path === NEIGHBOUR;
    const terms = isNeighbour ? { secrets: drawSecrets(random, path) } : drawTerms(random, path);
    this.#terms.set(path, terms);
    return terms;
  }

  #write(count: number): void {
    this.#tell(`${count} events`);
    for (let n = 0; n < count; n += 1) {
      this.#events += 1;
      this.world.write(this.#random() < 0.3 ? int(this.#random, 10 * MINUTE) : 0);
    }
  }

  #changeTrouble(): void {
    const at = 1 + int(this.#random, 2);
    this.#tell(`receiver ${at}: ${this.world.troubles[at]!.change()}`);
  }

  #poison(): void {
    const at = 1 + int(this.#random, 2);
    this.world.troubles[at]!.poisonous = true;
    this.#tell(`receiver ${at} refuses some events for good`);
  }

  #failOrg(): void {
    const { world } = this;
    const fault = this.#drawFault();
    const times = 1 + int(this.#random, 4);
    const credentials = fault.kind === 'status' && (fault.status === 401 || fault.status === 403);
    if (fault.kind === 'status' && fault.status < 500 && !world.firstPageIsSafe) return;
    world.org.clearFaults();
    world.org.fail(fault, credentials ? 1 : times);
    this.#tell(`org: ${JSON.stringify(fault)} ${times} times`);
  }

  #drawFault(): Fault {
    const random = this.#random;
    const afterBytes = 1 + int(random, 3_000);
    const foreign = `${this.world.receivers[1]!.url}/api/v1/logs?after=1`;
    return pick<Fault>(random, [
      { kind: 'status', status: pick(random, [500, 502, 503, 504, 401, 403, 400, 404, 302]) },
      { kind: 'status', status: 429 },
      { kind: 'reset' },
      { kind: 'truncate', afterBytes },
      { kind: 'cut-json', afterBytes },
      { kind: 'html' },
      { kind: 'slow', ms: int(random, 30_000) },
      { kind: 'stale-link' },
      { kind: 'foreign-link', url: foreign },
      { kind: 'no-link' },
      { kind: 'body', body: Buffer.from(`{"error": ${int(random, 1e9)}}`) },
    ]);
  }

  #rewrite(): Promise<void> {
    this.#paper = this.#onPaper(this.#drawRoutes());
    return this.#reload();
  }

  async #reload(): Promise<void> {
    this.#tell(`reload: ${inWords(this.#paper)}`);
    await this.world.reload(this.#paper);
  }

  async #restart(): Promise<void> {
    const { world } = this;
    const isCrash = this.#random() < 0.6;
    this.#tell(isCrash ? 'crash' : 'stop and start');
    await (isCrash ? world.crash() : world.stop());
    await checkAudit(world, isCrash ? 'after a crash' : 'after a stop');
    if (this.#random() < 0.3) this.#paper = this.#onPaper(this.#drawRoutes());
    if (this.#people !== undefined && this.#people() < 0.3) {
      const did = await this.#person.act();
      if (did !== undefined) this.#tell(`meanwhile a person ${did}`);
    }
    if (this.#random() < 0.3) await world.advance(spread(this.#random, 1_000, HOUR));
    this.#tell(`starts: ${inWords(this.#paper)}`);
    await world.start(this.#paper);
  }

  async #sleep(): Promise<void> {
    const ms = spread(this.#random, 5_000, 10 * HOUR);
    this.#tell(`sleeps ${ms} ms`);
    await this.world.sleepAndWake(ms);
  }

  async #setClock(): Promise<void> {
    const ms = spread(this.#random, 4_000, 24 * HOUR) * (this.#random() < 0.6 ? -1 : 1);
    this.#tell(`clock set by ${ms} ms`);
    await this.world.setClock(ms);
  }

  /** Every receiver is well but for the poison, every route is back, a person has looked: now all must come to its end. */
  async #heal(): Promise<void> {
    const { world } = this;
    world.org.clearFaults();
    for (const trouble of world.troubles) trouble.heal();
    this.#paper = ageless(
      this.#onPaper(allRoutes().map((route) => ({ ...route, pattern: EVERYTHING }))),
    );
    this.#tell(`all is well again: ${inWords(this.#paper)}`);
    await world.reload(this.#paper);
    for (let round = 0; round < 60; round += 1) {
      this.#write(1); // others must get through for an event to be at fault
      await world.advance(round < 20 ? 5 * MINUTE : HOUR);
      if (this.#people !== undefined) await this.#person.putRight();
      // Those that the org does not show yet too: the audits take time, and would rightly call them missing.
      if (round >= 10 && world.oracle.unfinished(Number.POSITIVE_INFINITY).length === 0) break;
      if (world.oracle.violations.length > 0) return;
    }
    await world.stop();
  }

  #drawRoutes(): Omit<PaperRoute, 'terms'>[] {
    const random = this.#random;
    const [neighbour, ...others] = allRoutes();
    const drawn = others
      .filter(() => random() < 0.7)
      .map((route) => ({ ...route, pattern: pick(random, PATTERNS) }));
    drawn.splice(int(random, drawn.length + 1), 0, neighbour!);
    return drawn;
  }

  #tell(what: string): void {
    this.story.push(what);
    this.world.log.push(`--- ${new Date(this.world.clock.now()).toISOString()} ${what}\n`);
  }
}

/** Two of them share a receiver, and so its pace. */
function allRoutes(): Omit<PaperRoute, 'terms'>[] {
  return [
    { receiver: 0, path: NEIGHBOUR, pattern: EVERYTHING },
    { receiver: 1, path: '/one', pattern: EVERYTHING },
    { receiver: 1, path: '/two', pattern: EVERYTHING },
    { receiver: 2, path: '/three', pattern: EVERYTHING },
  ];
}

/** By a clock that was set far ahead every event would expire, and none get through beside the poison. */
function ageless({ kind, routes }: Paper): Paper {
  return {
    kind,
    routes: routes.map(({ terms: { maxAge: _maxAge, ...terms }, ...route }) => ({
      ...route,
      terms,
    })),
  };
}

function inWords({ kind, routes }: Paper): string {
  const words = routes.map((route) => {
    const terms = kind === 'yaml' ? ` ${wordsOf(route)}` : '';
    return `${route.path} ${route.pattern}${terms}`;
  });
  return `${kind}: ${words.join(', ')}`;
}
