/**
 * The loops of loghook; read this file first. `collect` turns pages of the System Log into what is owed, one
 * transaction a page. `dispatch` turns what is owed into attempts, one lane a route. They meet only in the outbox, so
 * either can stand still while the other goes on.
 */
import type { Clock } from './clock.ts';
import type { Sender } from './delivery/attempt.ts';
import type { Lane } from './delivery/lane.ts';
import { Lanes } from './delivery/lanes.ts';
import { raw } from './formats/raw.ts';
import type { Log } from './log.ts';
import type { Page } from './okta/system-log.ts';
import type { Routes } from './routing/routes.ts';
import type { Committed, Delivery, Outbox, Settlement } from './state/outbox.ts';
import { ALERTS_KEY, type Telling } from './status/telling.ts';

/** How long a soft stop waits for requests in flight. */
const DRAIN_MS = 10_000;
const TIDY_EVERY_MS = 1_000;
const STUCK_MS = 30_000;
/** How long `once` waits for a page of Okta's. */
const ONCE_READ_MS = 60_000;

export interface DaemonParts {
  /** Pages from where the cursor stands, until `signal` aborts. */
  readonly tail: (signal: AbortSignal) => AsyncIterable<Page>;
  readonly outbox: Outbox;
  readonly routes: Routes;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly log: Log;
  readonly userAgent: string;
  readonly random?: () => number;
  /** Read to the first short page, try each due delivery once, and end. */
  readonly once?: boolean;
  /** A held route is tried at least this often, ms. */
  readonly longestProbeMs?: number;
  /** Told of what people should know. */
  readonly telling?: Telling;
  /** Called when the first page of this run is safe: Okta answers. */
  readonly onReady?: () => void;
}

export interface Stop {
  /** Take no more work; finish what is in flight. */
  readonly soft: AbortSignal;
  /** Cut what is in flight too. */
  readonly hard: AbortSignal;
}

export interface Counts {
  readonly events: number;
  readonly delivered: number;
  readonly postponed: number;
  readonly dead: number;
}

export class Daemon {
  readonly #parts: DaemonParts;
  readonly #lanes: Lanes;
  readonly #counts = { events: 0, delivered: 0, postponed: 0, dead: 0 };
  /** Ends every loop: a soft stop, or a fault that no loop can go on from. */
  readonly #halt = new AbortController();
  #routes: Routes;
  #readToEnd = false;
  #turnedAt: number;
  #reloaded: Promise<void> = Promise.resolve();
  #fault: unknown;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#routes = parts.routes;
    this.#turnedAt = parts.clock.monotonic();
    this.#lanes = new Lanes({
      ...parts,
      encoding: raw,
      random: parts.random ?? Math.random,
      ignoreHold: parts.once === true,
      onState: (lane, state) => {
        // A pause that was asked for outlasts `--once`; what is left stays owed.
        if (parts.once && state.kind === 'slowed') lane.close();
        parts.telling?.routeChanged(lane.key, state);
        parts.outbox.saveRouteState(lane.key, state).catch((error) => this.#fail(error));
      },
    });
  }

  /** What this run did so far: events owed, and what became of attempts. */
  get counts(): Counts {
    return this.#counts;
  }

  /** With `once`: whether Okta's log was read to its first short page. */
  get readToEnd(): boolean {
    return this.#readToEnd;
  }

  /** Whether the loops turn: false once the one that turns every second has stood still for half a minute. */
  get isTurning(): boolean {
    return this.#parts.clock.monotonic() - this.#turnedAt < STUCK_MS;
  }

  /**
   * Runs until `stop.soft` aborts (with `once`, until there is no more to do), then waits up to 10 s for what is in
   * flight. Rejects only when state cannot be trusted or Okta refuses a first start; all that is owed stays owed.
   */
  async run(stop: Stop): Promise<void> {
    const halt = () => this.#stopTaking();
    stop.soft.addEventListener('abort', halt, { once: true });
    if (stop.soft.aborted) halt();
    try {
      await (this.#parts.once ? this.#runOnce() : this.#runOn());
    } catch (error) {
      this.#fail(error);
    }
    stop.soft.removeEventListener('abort', halt);
    await this.#drain(stop.hard);
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** Puts other routes in force. One that stays keeps its lane; one that goes keeps its queue, unsent. */
  reload(routes: Routes): Promise<void> {
    // One after the other, or both would open a lane for the same new route.
    const reloaded = this.#reloaded.then(() => this.#reload(routes));
    this.#reloaded = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(routes: Routes): Promise<void> {
    if (this.#halt.signal.aborted) return;
    const opened = await this.#openLanes(routes);
    this.#routes = routes;
    this.#lanes.keepOnly(new Set(routes.all.map((route) => route.key)));
    for (const lane of opened) void this.#dispatch(lane);
    // It may have come to an end meanwhile, before these lanes were there to be closed.
    if (this.#halt.signal.aborted) this.#lanes.closeAll();
  }

  async #runOn(): Promise<void> {
    const lanes = await this.#openLanes(this.#routes);
    await Promise.all([
      this.#collect(this.#halt.signal),
      this.#tidy(),
      ...lanes.map((lane) => this.#dispatch(lane)),
    ]);
  }

  /** What is owed is tried whether or not Okta can be read: a cron job must come to an end. */
  async #runOnce(): Promise<void> {
    const lanes = await this.#openLanes(this.#routes);
    await this.#readOnce();
    const asOf = this.#parts.clock.now();
    const alerts = this.#lanes.get(ALERTS_KEY);
    const others = lanes.filter((lane) => lane !== alerts);
    await Promise.all(others.map((lane) => this.#dispatch(lane, asOf)));
    if (alerts === undefined) return;
    // Last, for what becomes of the others may be worth an alert.
    await this.#lanes.drained(this.#halt.signal);
    this.#parts.telling?.conclude();
    await this.#dispatch(alerts, asOf);
  }

  /** Reads to the first short page, or until none has come for a minute. */
  async #readOnce(): Promise<void> {
    const { clock, log } = this.#parts;
    const reading = new AbortController();
    this.#halt.signal.addEventListener('abort', () => reading.abort(), { once: true });
    const giveUp = () => {
      log.warn({}, 'okta could not be read to the end, going on with what is owed');
      reading.abort();
    };
    let cancel = clock.after(ONCE_READ_MS, giveUp);
    try {
      await this.#collect(reading.signal, (page) => {
        cancel();
        this.#readToEnd = !page.full;
        if (page.full) cancel = clock.after(ONCE_READ_MS, giveUp);
        return this.#readToEnd;
      });
    } finally {
      cancel();
    }
  }

  async #collect(
    signal: AbortSignal,
    isLast: (page: Page) => boolean = () => false,
  ): Promise<void> {
    const { tail, outbox, telling, onReady } = this.#parts;
    let sayReady = onReady;
    for await (const page of tail(signal)) {
      await telling?.gaps(page.gaps);
      const committed = await outbox.commit(page, this.#routes, signal);
      if (committed === undefined) return;
      this.#say(page, committed);
      await telling?.read(page, committed.owed);
      sayReady?.();
      sayReady = undefined;
      if (isLast(page)) return;
    }
  }

  /** Ends when the lane closes or, with `asOf`, when nothing that was due then is left. Never rejects. */
  async #dispatch(lane: Lane, asOf?: number): Promise<void> {
    const { outbox } = this.#parts;
    try {
      for await (const delivery of outbox.due(lane, lane.closed, asOf)) {
        lane
          .start(delivery, (settlement) => this.#settle(lane, delivery, settlement))
          .catch((error) => this.#fail(error));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #settle(lane: Lane, delivery: Delivery, settlement: Settlement | undefined): Promise<void> {
    if (settlement === undefined) {
      this.#parts.outbox.release(lane, delivery);
      return;
    }
    this.#counts[settlement.kind === 'expired' ? 'dead' : settlement.kind] += 1;
    await this.#parts.outbox.record(lane, delivery, settlement);
    if (settlement.kind === 'delivered' || settlement.kind === 'postponed') return;
    this.#parts.telling?.dead(lane.key, delivery.event, settlement);
  }

  async #tidy(): Promise<void> {
    const { clock, outbox, telling } = this.#parts;
    while (!this.#halt.signal.aborted) {
      await clock.sleep(TIDY_EVERY_MS, this.#halt.signal);
      this.#turnedAt = clock.monotonic();
      await outbox.tidy();
      await telling?.tick();
    }
  }

  /** Opens lanes for routes that have none and returns those. */
  async #openLanes(routes: Routes): Promise<Lane[]> {
    const { outbox, telling } = this.#parts;
    await outbox.adopt([...routes.all, ...routes.disabled]);
    await telling?.inForce(routes.all);
    const opened: Lane[] = [];
    for (const route of routes.all) {
      const known = this.#lanes.get(route.key);
      const lane = known ?? this.#lanes.open(route, await outbox.routeState(route.key));
      if (known === undefined) opened.push(lane);
      lane.tryAgain();
    }
    return opened;
  }

  async #drain(hard: AbortSignal): Promise<void> {
    const { clock, sender } = this.#parts;
    this.#stopTaking();
    const enough = new AbortController();
    const cut = () => {
      sender.cut();
      enough.abort();
    };
    hard.addEventListener('abort', cut, { once: true });
    const cancel = clock.after(DRAIN_MS, cut);
    await this.#lanes.drained(enough.signal);
    cancel();
    hard.removeEventListener('abort', cut);
    // What was cut is given back at once. Only a full disk can still hold up records: closing the outbox ends that.
    await this.#lanes.answered();
  }

  #fail(error: unknown): void {
    this.#fault ??= error;
    this.#stopTaking();
  }

  #stopTaking(): void {
    this.#halt.abort();
    this.#lanes.closeAll();
  }

  #say(page: Page, { owed, repeated }: Committed): void {
    const { log } = this.#parts;
    this.#counts.events += owed.length;
    for (const { event, routes } of owed) {
      log.info(
        { event: event.id, type: event.eventType, routes: routes.map((route) => route.name) },
        'event owed',
      );
    }
    log.debug({ events: page.events.length, owed: owed.length, repeated }, 'page committed');
  }
}
