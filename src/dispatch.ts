/**
 * The half of the daemon that sends: one lane for each route in force, what is due led into it, and what came of it
 * recorded. When routes change, only the lanes that cannot go on as they are come to an end first.
 */
import type { Clock } from './clock.ts';
import type { Sender } from './delivery/attempt.ts';
import type { Lane } from './delivery/lanes/lane.ts';
import { Lanes } from './delivery/lanes/lanes.ts';
import type { Paces } from './delivery/lanes/pace.ts';
import type { Made } from './delivery/outcome.ts';
import { raw } from './formats/raw.ts';
import type { Log } from './log.ts';
import { changedKeys } from './routing/changes.ts';
import type { Routes } from './routing/routes.ts';
import type { Committed, Delivery, Outbox, Reading, Settlement } from './state/outbox.ts';
import { ALERTS_KEY, type Telling } from './status/telling/telling.ts';

const LEFT_HINT = 'put it back into the routes file, or: loghook route move FROM TO';

/** Told of what is done, to count it: never throws, and takes no time to speak of. */
export interface Meter {
  /** The route's patterns took so long over an event of a type that was not remembered. */
  judged(route: string, ms: number): void;
  /** A page is committed. */
  read(page: { readonly events: readonly unknown[] }, committed: Committed): void;
  /** An attempt came to an end of its own. */
  attempted(route: string, outcome: Made): void;
  /** It is recorded. */
  settled(route: string, delivery: Delivery, settlement: Settlement): void;
}

export interface DispatchParts {
  readonly outbox: Outbox;
  /** Those in force at first. */
  readonly routes: Routes;
  /** What they are held against. */
  readonly reading?: Reading;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  /** The host of the org, which each request names. */
  readonly org?: string;
  /** Of all receivers, where several orgs share them. */
  readonly paces?: Paces;
  readonly random?: () => number;
  /** Try each due delivery once, and end. */
  readonly once?: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  /** Told of what people should know. */
  readonly telling?: Telling;
  readonly meter?: Meter;
}

export class Dispatch {
  readonly #parts: DispatchParts;
  readonly #onFault: (error: unknown) => void;
  readonly #lanes: Lanes;
  /** Of lanes that take deliveries; each ends with its lane. */
  readonly #loops = new Map<Lane, Promise<void>>();
  readonly #counts = { delivered: 0, postponed: 0, dead: 0 };
  readonly #closed = new AbortController();
  #routes: Routes;
  #isRunning = false;
  #saidLeft: ReadonlySet<string> = new Set();
  #changes: Promise<void> = Promise.resolve();

  /** `onFault` is told of what no lane can go on from. */
  constructor(parts: DispatchParts, onFault: (error: unknown) => void) {
    this.#parts = parts;
    this.#onFault = onFault;
    this.#routes = parts.routes;
    const { meter } = parts;
    this.#lanes = new Lanes({
      ...parts,
      ...(meter && { onAttempt: ({ name }, outcome) => meter.attempted(name, outcome) }),
      encoding: raw,
      random: parts.random ?? Math.random,
      ignoreHold: parts.once === true,
      onState: (lane, state) => {
        // A pause that was asked for outlasts `--once`; what is left stays owed.
        if (parts.once && state.kind === 'slowed') lane.close();
        parts.telling?.routeChanged(lane.key, state);
        parts.outbox.saveRouteState(lane.key, state).catch(onFault);
      },
    });
  }

  /** Those in force. */
  get routes(): Routes {
    return this.#routes;
  }

  get counts(): { readonly delivered: number; readonly postponed: number; readonly dead: number } {
    return this.#counts;
  }

  /** Puts the first routes in force and opens their lanes. */
  open(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#parts.outbox.adopt(allOf(this.#routes), this.#parts.reading);
      await this.#sayLeftBehind();
      await this.#parts.telling?.inForce(this.#routes.all);
      await this.#openLanes();
    });
  }

  /** Sends until the lanes close. Never rejects. */
  async run(): Promise<void> {
    this.#isRunning = true;
    await Promise.all(this.#lanes.all.map((lane) => this.#lead(lane)));
  }

  /** Sends until nothing that was due at `asOf` (ms since 1970) is left. Never rejects. */
  async runOnce(asOf: number): Promise<void> {
    const alerts = this.#lanes.get(ALERTS_KEY);
    const others = this.#lanes.all.filter((lane) => lane !== alerts);
    await Promise.all(others.map((lane) => this.#lead(lane, asOf)));
    if (alerts === undefined) return;
    // Last, for what becomes of the others may be worth an alert.
    await Promise.all(others.map((lane) => lane.drained(this.#closed.signal)));
    await this.#parts.telling?.concludeOnce();
    await this.#lead(alerts, asOf);
  }

  /**
   * Puts other routes in force. One that stays as it is keeps its lane and never waits; one that changed first ends
   * what it has in flight (all changed ones wait for the slowest of them), while events are still owed under the old
   * routes; one that goes keeps its queue, unsent.
   */
  change(routes: Routes): Promise<boolean> {
    return this.#inTurn(() => this.#change(routes));
  }

  /** Sees what people asked of the routes. */
  async obey(): Promise<void> {
    this.#lanes.obey(await this.#parts.outbox.wishes());
    if (!this.#parts.once) return;
    for (const lane of this.#lanes.all) if (lane.isPaused) lane.close();
  }

  /** Takes no more deliveries; what is in flight goes on. */
  close(): void {
    this.#closed.abort();
    this.#lanes.closeAll();
  }

  /** Resolves when all is recorded or `enough` aborts, and no request is out any more. */
  async drained(enough: AbortSignal): Promise<void> {
    await this.#lanes.drained(enough);
    // What was cut is given back at once. Only a full disk can still hold up records: closing the outbox ends that.
    await this.#lanes.answered();
  }

  /** One after the other, or two would open a lane for the same new route. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changes.then(change);
    this.#changes = changed.then(
      () => undefined,
      () => undefined,
    );
    return changed;
  }

  async #change(routes: Routes): Promise<boolean> {
    const { signal } = this.#closed;
    await this.#leave(routes);
    if (signal.aborted) return false;
    const before = this.#routes;
    try {
      const adopted = this.#parts.outbox.adopt(allOf(routes), this.#parts.reading);
      this.#routes = routes; // before anything else is committed: a key that moved is gone
      await adopted;
      await this.#parts.telling?.inForce(routes.all);
    } catch (error) {
      this.#routes = before;
      await this.#openLanes();
      throw error;
    }
    this.#lanes.keepOnly(new Set(routes.all.map(({ key }) => key)));
    await this.#sayLeftBehind();
    await this.#openLanes();
    return true;
  }

  /** Ends the lanes that cannot go on under `routes`; resolves when nothing of theirs is out. */
  async #leave(routes: Routes): Promise<void> {
    const lanes = this.#lanes.end(changedKeys(this.#routes.all, routes.all));
    // One that was removed a moment ago may come back while it still has something out.
    const returning = this.#lanes.leaving.filter((lane) => isAwaited(lane, routes));
    const { signal } = this.#closed;
    await Promise.all(lanes.map((lane) => this.#loops.get(lane)));
    await Promise.all([...lanes, ...returning].map((lane) => lane.drained(signal)));
  }

  /** A route that was renamed or taken out leaves its queue behind: nobody would look for it. Each is said once. */
  async #sayLeftBehind(): Promise<void> {
    const left = await this.#parts.outbox.leftBehind();
    for (const { name, owed } of left) {
      if (this.#saidLeft.has(name)) continue;
      this.#parts.log.warn(
        { route: name, owed, hint: LEFT_HINT },
        'route not in force, queue kept',
      );
    }
    this.#saidLeft = new Set(left.map(({ name }) => name));
  }

  /** Opens lanes for routes that have none; while others send, these do too. A person looks: what is held is tried. */
  async #openLanes(): Promise<void> {
    for (const route of this.#routes.all) {
      if (this.#lanes.get(route.key) !== undefined) continue;
      this.#lanes.open(route, await this.#parts.outbox.routeState(route.key));
    }
    await this.obey();
    for (const lane of this.#lanes.all) {
      lane.tryAgain();
      if (this.#isRunning && !this.#loops.has(lane)) void this.#lead(lane);
    }
    // It may have come to an end meanwhile, before these lanes were there to be closed.
    if (this.#closed.signal.aborted) this.#lanes.closeAll();
  }

  #lead(lane: Lane, asOf?: number): Promise<void> {
    const loop = this.#feed(lane, asOf).finally(() => this.#loops.delete(lane));
    this.#loops.set(lane, loop);
    return loop;
  }

  async #feed(lane: Lane, asOf: number | undefined): Promise<void> {
    const { outbox } = this.#parts;
    try {
      for await (const delivery of outbox.due(lane, lane.closed, asOf)) {
        lane
          .start(delivery, (settlement) => this.#settle(lane, delivery, settlement))
          .catch(this.#onFault);
      }
    } catch (error) {
      this.#onFault(error);
    }
  }

  async #settle(lane: Lane, delivery: Delivery, settlement: Settlement | undefined): Promise<void> {
    const { outbox, telling, meter } = this.#parts;
    if (settlement === undefined) {
      outbox.release(lane, delivery);
      return;
    }
    this.#counts[settlement.kind === 'expired' ? 'dead' : settlement.kind] += 1;
    await outbox.record(lane, delivery, settlement);
    meter?.settled(lane.name, delivery, settlement);
    if (settlement.kind === 'delivered' || settlement.kind === 'postponed') return;
    telling?.dead(lane.key, delivery.event, settlement);
  }
}

function allOf({ all, disabled }: Routes) {
  return [...all, ...disabled];
}

/** Whether the route comes back in another order, or with a ceiling that what is out counts against. */
function isAwaited(lane: Lane, { all }: Routes): boolean {
  const next = all.find(({ key, formerly }) => key === lane.key || formerly === lane.key);
  if (next === undefined) return false;
  return next.order?.by !== lane.orderedBy || next.concurrency !== undefined;
}
