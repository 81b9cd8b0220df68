/**
 * What is told of one route: that it is held, once that has lasted a minute; that it flows again, if the hold was told;
 * that it gave up on events, at most once an hour with their number. A route that flaps is told held every 10 min at most.
 */
import type { AlertDesk } from './alert-desk.ts';
import type { Cause } from './alerts.ts';

/** A hold that ends sooner is not worth waking anybody. */
const HELD_MS = 60_000;
const HELD_QUIET_MS = 600_000;
const DEAD_QUIET_MS = 3_600_000;
/** Ids that an alert names; the rest are in `loghook dead list`. */
const MOST_NAMED = 10;

export interface WatchedRoute {
  readonly key: string;
  readonly name: string;
}

/** Instants in ms since 1970. */
export type WatchedState =
  | { readonly kind: 'flowing' | 'slowed' }
  | {
      readonly kind: 'held';
      readonly why: string;
      readonly since: number;
      /** Absent when it waits for a person. */
      readonly until?: number;
    };

interface Death {
  readonly eventId: string;
  readonly why: string;
  /** Ms since 1970. */
  readonly at: number;
}

interface Hold {
  readonly beganAt: number;
  why: string;
  waitsForPerson: boolean;
  /** From when on it was watched without a break, on the monotonic clock. */
  watchedFrom: number;
  isTold: boolean;
}

export class RouteWatch {
  readonly #desk: AlertDesk;
  readonly #route: WatchedRoute;
  #hold: Hold | undefined;
  #heldQuietUntil = Number.NEGATIVE_INFINITY;
  #deadQuietUntil = Number.NEGATIVE_INFINITY;
  /** Not told yet. */
  #deaths: { readonly first: Death; last: Death; count: number; ids: string[] } | undefined;

  private constructor(desk: AlertDesk, route: WatchedRoute) {
    this.#desk = desk;
    this.#route = route;
  }

  /** Goes on from `state`, as it was saved. */
  static async open(desk: AlertDesk, route: WatchedRoute, state: WatchedState) {
    const watch = new RouteWatch(desk, route);
    watch.changed(state);
    if (watch.#hold !== undefined) {
      watch.#hold.isTold = await desk.wasTold(watch.#cause('loghook.route.held', watch.#hold));
    }
    return watch;
  }

  /** To be called before the new state is saved: a crash between tells it again, and it is known. */
  changed(state: WatchedState): void {
    if (state.kind !== 'held') {
      const hold = this.#hold;
      this.#hold = undefined;
      if (hold?.isTold) this.#tellFlowing(hold);
      return;
    }
    this.#hold ??= {
      beganAt: state.since,
      why: state.why,
      waitsForPerson: false,
      watchedFrom: this.#desk.clock.monotonic(),
      isTold: false,
    };
    this.#hold.why = state.why;
    this.#hold.waitsForPerson = state.until === undefined;
  }

  dead(death: Death): void {
    if (!this.#desk.isOpen) return;
    this.#deaths ??= { first: death, last: death, count: 0, ids: [] };
    this.#deaths.last = death;
    this.#deaths.count += 1;
    if (this.#deaths.ids.length < MOST_NAMED) this.#deaths.ids.push(death.eventId);
    this.tick();
  }

  /** Tells what is due. */
  tick(): void {
    if (!this.#desk.isOpen) return;
    const now = this.#desk.clock.monotonic();
    if (this.#hold !== undefined && this.#isWorthTelling(this.#hold, now)) {
      this.#heldQuietUntil = now + HELD_QUIET_MS;
      this.#hold.isTold = true;
      this.#tellHeld(this.#hold);
    }
    if (now >= this.#deadQuietUntil) this.tellDead();
  }

  /** Tells now of events that it gave up on and that were kept for the hour. */
  tellDead(): void {
    const deaths = this.#deaths;
    if (deaths === undefined) return;
    this.#deaths = undefined;
    this.#deadQuietUntil = this.#desk.clock.monotonic() + DEAD_QUIET_MS;
    const { first, last, count, ids } = deaths;
    const [what, kept] =
      count === 1 ? ['an event', 'It is kept'] : [`${count} events`, 'They are kept'];
    const { key, name } = this.#route;
    void this.#desk.tell({
      kind: 'loghook.dead',
      subject: `${key} ${first.eventId}`,
      beganAt: first.at,
      route: name,
      reason: last.why,
      message: `Route ${name} gave up on ${what}: ${last.why}. ${kept}: see \`loghook dead list\`.`,
      details: { count, events: ids },
    });
  }

  /** Tells of a hold by its age alone, for a run that is too short to watch it: nothing ended it in this run. */
  tellLasting(): void {
    const hold = this.#hold;
    if (hold === undefined || hold.isTold || !this.#desk.isOpen) return;
    if (!hold.waitsForPerson && this.#desk.clock.now() - hold.beganAt < HELD_MS) return;
    hold.isTold = true;
    this.#tellHeld(hold);
  }

  /** The machine slept: what lasted meanwhile was not watched, and may end with the next attempt. */
  woke(): void {
    if (this.#hold !== undefined) this.#hold.watchedFrom = this.#desk.clock.monotonic();
  }

  #isWorthTelling(hold: Hold, now: number): boolean {
    if (hold.isTold || now < this.#heldQuietUntil) return false;
    return hold.waitsForPerson || now - hold.watchedFrom >= HELD_MS;
  }

  #cause(kind: Cause['kind'], { beganAt }: Hold): Cause {
    return { kind, subject: this.#route.key, beganAt };
  }

  #tellHeld(hold: Hold): void {
    const { name } = this.#route;
    const next = hold.waitsForPerson
      ? `It waits for a person: put its URL right and reload loghook, or \`loghook resume ${name}\`.`
      : `loghook tries again by itself. ${adviceOn(hold.why)}`;
    void this.#desk.tell({
      ...this.#cause('loghook.route.held', hold),
      route: name,
      reason: hold.why,
      message: `Route ${name} is held: ${hold.why}. Nothing is lost: its events are kept. ${next}`,
    });
  }

  #tellFlowing(hold: Hold): void {
    const { name } = this.#route;
    void this.#desk.tell({
      ...this.#cause('loghook.route.flowing', hold),
      route: name,
      message: `Route ${name} flows again; what it was owed meanwhile is being sent.`,
      details: { was: hold.why },
    });
  }
}

function adviceOn(why: string): string {
  if (/^40[137] /.test(why)) return 'Check its key or password.';
  return 'Check that its receiver runs and can be reached; see `loghook status`.';
}
