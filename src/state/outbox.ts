/**
 * The outbox contract: what survives a crash, and when. Everything here is asynchronous and names no SQLite, so that
 * another store can stand behind the same contract; one conformance suite runs over every implementation.
 */
import type { LogEvent } from '../event.ts';

/** Where the tail goes on. Written only together with what its page owes. */
export interface TailCursor {
  readonly nextUrl: string;
  /** What was asked of Okta (the filter); a cursor of another question is of no use. */
  readonly query: string;
  /** Latest `published` seen, ms since 1970. */
  readonly lastPublishedAt?: number;
  /** When the page was read, ms since 1970. */
  readonly readAt: number;
}

/** What one page brings: its events, the bytes that could not be cut, what may be missing, and where to go on. */
export interface Intake {
  readonly events: readonly LogEvent[];
  readonly leftovers?: readonly { readonly raw: Buffer; readonly why: string }[];
  /** Remembered for `status`, in the same transaction. One of a kind that begins where a known one does is that one. */
  readonly gaps?: readonly Gap[];
  readonly cursor?: TailCursor;
  /** Whether there are more to be had at once; if not, the log was read to its end when the cursor was. */
  readonly full?: boolean;
  /** Where they come from: `news` are loghook's own, which no audit asks Okta about. Default: tail. */
  readonly source?: 'tail' | 'news';
  /** When the log had last been read to its end before this page, by Okta's clock, ms since 1970; undefined: not yet. */
  readonly headAt?: number;
  /** How far Okta's clock is ahead of ours; undefined: not known, then the cursor's `readAt` tells when it was read. */
  readonly oktaAheadMs?: number;
}

export interface RouteRef {
  /** Identity; stays the same when patterns are edited or lines are reordered. */
  readonly key: string;
  /** What people see. */
  readonly name: string;
  /** If no route of `key` is known and one of this key is, it is that one: its queue and its past go on under `key`. */
  readonly formerly?: string;
  /** Undefined: deliveries wait for nobody. */
  readonly order?: LaneOrder;
  /** False: it is kept like one that is no longer named, and `status` says why. */
  readonly enabled?: boolean;
  /** What leads to it, so that an audit can tell later what it wanted; undefined: no event of Okta's. */
  readonly patterns?: readonly string[];
}

/** What is read from Okta while routes are in force. */
export interface Reading {
  /** What is asked of Okta besides the time, as in a cursor. */
  readonly query: string;
  /** At a first start: all that is published from then on is read, ms since 1970. */
  readonly since?: number;
}

/** How a route's deliveries are kept from overtaking one another. */
export interface LaneOrder {
  /** Remembered, so that a change of order is noticed. */
  readonly by: string;
  /** Of the deliveries of one lane only the earliest is ever due; undefined: the event waits for nobody. */
  laneOf(event: LogEvent): string | undefined;
}

export interface Wants {
  wantedBy(event: LogEvent): readonly RouteRef[];
}

export interface Committed {
  /** What is owed now that was not before, in log order. */
  readonly owed: readonly { readonly event: LogEvent; readonly routes: readonly RouteRef[] }[];
  /** Events that were read before and so owe nothing again. */
  readonly repeated: number;
}

/** One event owed to one route. */
export interface Delivery {
  readonly seq: number;
  readonly event: LogEvent;
  /** 0 if never tried, else the instant (ms) it became due. */
  readonly dueAt: number;
  /** Attempts recorded so far. */
  readonly attempts: number;
  /** Of these, how many were the event's own fault: others got through meanwhile. */
  readonly tries: number;
  readonly firstAttemptAt?: number;
  readonly lastAttemptAt?: number;
  /** When it was read from Okta, ms since 1970. */
  readonly readAt: number;
  /** Until then: how long it was not to be had, and how long it waited for our poll; see delay.ts. */
  readonly oktaMs?: number;
  readonly pollMs?: number;
  /** A person asked for it to be sent again. */
  readonly replay: boolean;
  /** What it must not overtake others of. */
  readonly lane?: string;
  /** Where its bytes are kept; the store's own. */
  readonly bundle: number;
}

/** What became of an attempt, as far as the outbox must know. Instants in ms since 1970. */
export type Settlement =
  | {
      readonly kind: 'delivered';
      readonly at: number;
      readonly status: number;
      readonly ms: number;
      readonly trace?: AttemptTrace;
    }
  | {
      readonly kind: 'postponed';
      readonly at: number;
      readonly dueAt: number;
      /** Whether the attempt counts against the event. */
      readonly charged: boolean;
      readonly status?: number;
      readonly why: string;
      readonly trace?: AttemptTrace;
    }
  | {
      readonly kind: 'dead';
      readonly at: number;
      readonly status?: number;
      readonly why: string;
      readonly trace?: AttemptTrace;
    }
  /** Too old for its route: a dead letter without an attempt. */
  | { readonly kind: 'expired'; readonly at: number; readonly why: string };

/** What an attempt was like on the wire, for `loghook show`. Durations in ms; absent where it did not come to that. */
export interface AttemptTrace {
  /** Absent when the connection was open already. */
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  /** From the request on the wire to the status line. */
  readonly firstByteMs?: number;
  /** The answer's first bytes, at most 200, as far as they have come when it is recorded. */
  readonly answer?: { readonly head: Buffer };
}

/** Events that nobody can send, because they could not be read. Instants in ms since 1970. */
export interface Gap {
  readonly at: number;
  readonly kind: 'refused-link' | 'beyond-retention' | 'unreadable-page';
  /** What may be missing was published between these, as far as that is known. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly why: string;
}

/** What people asked of a route from outside the daemon. */
export interface RouteWish {
  readonly key: string;
  /** Nothing is sent until somebody resumes it. */
  readonly paused: boolean;
  /** When somebody last asked for it to go on, ms since 1970. */
  readonly resumedAt?: number;
}

export type RouteState =
  | { readonly kind: 'flowing' }
  | {
      readonly kind: 'slowed';
      readonly why: string;
      readonly since: number;
      readonly until: number;
    }
  | {
      readonly kind: 'held';
      readonly why: string;
      readonly since: number;
      /** The next probe; absent when the route waits for a person. */
      readonly until?: number;
    };

/** What the outbox asks of whoever sends a route's deliveries. */
export interface LaneGate {
  readonly key: string;
  /** Resolves when one more delivery may start, or when `signal` aborts. */
  room(signal: AbortSignal): Promise<void>;
}

/** The queue of a route that is not in force. */
export interface LeftBehind {
  readonly name: string;
  readonly owed: number;
}

export interface Outbox {
  /**
   * Makes `routes` the ones that can be owed to. Those no longer named keep their queues, retired. One whose order
   * changed has what it owes put into other lanes: nothing of it may be out then. With `reading` it is remembered which
   * patterns are in force from now on; events that are committed next were held against them.
   */
  adopt(routes: readonly RouteRef[], reading?: Reading): Promise<void>;
  cursor(): Promise<TailCursor | undefined>;
  /**
   * Owes what `wants` says and moves the cursor in one transaction; durable when it resolves. An event seen before
   * owes nothing. On a full disk it waits for room. Resolves undefined if `signal` aborts first: nothing was taken.
   */
  commit(intake: Intake, wants: Wants, signal: AbortSignal): Promise<Committed | undefined>;
  /**
   * Yields what is due for a route, one each time the lane has room: never-tried events in log order, with late
   * retries mixed in 1 to 4. Never yields one twice before its `record`. Of those with one `lane` one at a time is due;
   * the next one is when that is delivered or dead, and a replay as soon as none is out. Waits when nothing is due; ends
   * when `signal` aborts, or, with `asOf` (ms since 1970), when nothing is left that was due then. Yields nothing while
   * the disk refuses what was recorded last.
   */
  due(lane: LaneGate, signal: AbortSignal, asOf?: number): AsyncIterable<Delivery>;
  /** Resolves when durable; several are written in one transaction. On a full disk it is kept and tried again. */
  record(lane: { readonly key: string }, delivery: Delivery, settlement: Settlement): Promise<void>;
  /** Gives back a delivery that was yielded and never sent; it is due as before. */
  release(lane: { readonly key: string }, delivery: Delivery): void;
  /** How many deliveries are owed to routes in force and due now or later. */
  owedCount(): Promise<number>;
  /** How many wait for routes that were removed: kept, and not sent until the route comes back. */
  removedCount(): Promise<number>;
  /** What is owed to each route that no file says any more; those that are switched off are not among them. */
  leftBehind(): Promise<readonly LeftBehind[]>;
  routeState(key: string): Promise<RouteState>;
  saveRouteState(key: string, state: RouteState): Promise<void>;
  /** Remembers what is wrong with the tail, and since when something is; undefined: nothing. */
  saveTrouble(trouble: string | undefined): Promise<void>;
  /** What was wrong with the tail when it was last saved. */
  trouble(): Promise<{ readonly what: string; readonly since: number } | undefined>;
  /** Remembers since when (ms since 1970) a route has had fewer events than are expected; undefined: it has enough. */
  saveSilence(key: string, since: number | undefined): Promise<void>;
  silentSince(key: string): Promise<number | undefined>;
  /** Whether an event of this id was taken in and is not forgotten. */
  knows(eventId: string): Promise<boolean>;
  /** What people asked of the routes that were adopted. */
  wishes(): Promise<readonly RouteWish[]>;
  /**
   * Sees what other processes changed (`dead replay`, `pause`) and forgets what is too old. Call about once a second.
   * Resolves to whether another process changed something.
   */
  tidy(): Promise<boolean>;
  /** The part (0..1) of Okta's rate limit that the daemon may use: less while other processes read the log too. */
  rateShare(): Promise<number>;
  /** Writes what waits to be recorded and lets go of the store. A second call does nothing. */
  close(): Promise<void>;
}
