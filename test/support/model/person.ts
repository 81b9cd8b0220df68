/** What a person does beside the daemon, with the commands' own desks on a second connection: pause, resume, replay, move. */
import { int, pick, type Random } from '../../../src/practice/random.ts';
import { Beside, type Turn } from '../../../src/state/beside/beside.ts';
import { type NamedRoute, namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { ReplayDesk, type ReplayWish } from '../../../src/state/beside/replay-desk.ts';
import { RouteDesk } from '../../../src/state/beside/route-desk.ts';
import type { Pair } from './pairs.ts';
import { homeOf, type PaperRoute } from './paper.ts';
import { NEIGHBOUR, type World } from './world.ts';

export class Person {
  readonly #random: Random;
  readonly #world: World;

  constructor(random: Random, world: World) {
    this.#random = random;
    this.#world = world;
  }

  /** Does something to a route that is in force; returns what, or undefined. */
  act(): Promise<string | undefined> {
    const routes = this.#inForce();
    if (routes.length === 0) return Promise.resolve(undefined);
    const route = pick(this.#random, routes);
    const choice = int(this.#random, 100);
    return this.#beside(async (beside) => {
      if (choice < 35) return this.#pauseOrResume(beside, route);
      if (choice < 86) return this.#replay(beside, route, choice);
      if (choice < 90) return this.#dropDead(beside, route);
      return this.#move(beside, route);
    });
  }

  /** All goes on; what is left under the other kind of file is moved to where it can be sent. */
  async putRight(): Promise<void> {
    for (const route of this.#world.paper.routes) {
      await this.#beside(async (beside) => {
        await this.#move(beside, route);
        const named = this.#named(beside, this.#homeOf(route));
        if (named === undefined) return;
        if (named.pausedAt === undefined && named.orderedBy !== 'strict') return;
        this.#resume(beside, named, this.#homeOf(route));
      });
    }
  }

  #inForce(): readonly PaperRoute[] {
    return this.#world.paper.routes.filter(({ path }) => path !== NEIGHBOUR);
  }

  #homeOf({ path }: PaperRoute): string {
    return homeOf(this.#world.paper.kind, path);
  }

  #pauseOrResume(beside: Beside, route: PaperRoute): string | undefined {
    const home = this.#homeOf(route);
    const named = this.#named(beside, home);
    if (named === undefined) return undefined;
    const { terms } = this.#world.oracle;
    if (terms.isPaused(home) !== (named.pausedAt !== undefined)) {
      this.#world.oracle.violated(`${home} is paused in one book and not in the other`);
    }
    if (terms.isPaused(home)) {
      this.#resume(beside, named, home);
      return `resumes ${home}`;
    }
    new RouteDesk(beside).pause(named, this.#turn().now);
    terms.paused(home);
    return `pauses ${home}`;
  }

  #resume(beside: Beside, named: NamedRoute, home: string): void {
    new RouteDesk(beside).resume(named, this.#turn().now);
    this.#world.oracle.terms.resumed(home);
  }

  async #replay(beside: Beside, route: PaperRoute, choice: number): Promise<string | undefined> {
    const home = this.#homeOf(route);
    const named = this.#named(beside, home);
    const wanted = choice < 60 ? 'delivered' : 'dead';
    const all = this.#world.oracle
      .pairsOf(route.path)
      .filter((pair) => pair.home === home && pair.recorded === wanted);
    if (named === undefined || all.length === 0) return undefined;
    const chosen = choice < 75 ? [pick(this.#random, all)] : all;
    const wish = this.#wishFor(beside, named, choice < 75 ? chosen[0] : undefined);
    const came = await new ReplayDesk(beside).replay(wish, this.#turn());
    for (const pair of chosen) this.#world.oracle.replayed(pair);
    if (came.get('replayed') !== chosen.length || came.size > 1) {
      const words = JSON.stringify([...came]);
      this.#world.oracle.violated(`${chosen.length} ${wanted} on ${home} to replay: ${words}`);
    }
    return `replays ${chosen.length} ${wanted} of ${home}`;
  }

  /** Gives up all its dead letters. */
  async #dropDead(beside: Beside, route: PaperRoute): Promise<string | undefined> {
    const home = this.#homeOf(route);
    const named = this.#named(beside, home);
    const all = this.#world.oracle
      .pairsOf(route.path)
      .filter((pair) => pair.home === home && pair.recorded === 'dead');
    if (named === undefined || all.length === 0) return undefined;
    const dropped = await new RouteDesk(beside).dropDead(named, this.#turn());
    for (const pair of all) pair.recorded = 'dropped';
    if (dropped !== all.length) {
      this.#world.oracle.violated(`dropped ${dropped} of ${all.length} dead letters on ${home}`);
    }
    return `drops ${dropped} dead letters of ${home}`;
  }

  #wishFor(beside: Beside, route: NamedRoute, pair: Pair | undefined): ReplayWish {
    if (pair === undefined) return { kind: 'dead', route, since: 0 };
    const row = beside.sql('SELECT seq FROM events WHERE id = ?').get(pair.id);
    return { kind: 'event', route, seq: Number(row?.seq) };
  }

  /** Not while something of the old home is out: that could come a second time. */
  async #move(beside: Beside, route: PaperRoute): Promise<string | undefined> {
    const { oracle, paper } = this.#world;
    const to = this.#homeOf(route);
    const from = homeOf(paper.kind === 'csv' ? 'yaml' : 'csv', route.path);
    const [source, target] = [this.#named(beside, from), this.#named(beside, to)];
    if (source === undefined || target === undefined || !source.retired) return undefined;
    const isOut = oracle.pairsOf(route.path).some(({ home, flight }) => home === from && flight);
    if (isOut) return undefined;
    const { moved, dropped } = await new RouteDesk(beside).move(source, target, this.#turn());
    const expected = oracle.terms.moved(from, to);
    if (moved !== expected || dropped !== 0) {
      oracle.violated(`moved ${moved} (${dropped} dropped) from ${from}, not ${expected}`);
    }
    return moved === 0 ? undefined : `moves ${moved} from ${from}`;
  }

  #named(beside: Beside, home: string): NamedRoute | undefined {
    const key = this.#world.keyOf(home);
    return namedRoutes(beside).find((route) => route.key === key);
  }

  #turn(): Turn {
    return { now: this.#world.clock.now(), rest: () => Promise.resolve() };
  }

  async #beside<T>(work: (beside: Beside) => Promise<T> | T): Promise<T> {
    const beside = new Beside(this.#world.folder, { readOnly: false });
    try {
      return await work(beside);
    } finally {
      beside.close();
    }
  }
}
