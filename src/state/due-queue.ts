/**
 * A route's next deliveries, held in memory: a window over its `owed` rows. Fresh ones (never tried) come in log order
 * and may be handed in by the commit that made them; late ones (to be tried again) are mixed in, one to four.
 * Invariant: a delivery is in `#claimed` from the moment it enters the window until it is settled or released, and a
 * claimed one is never read again.
 */
import { Alarm } from '../alarm.ts';
import type { Clock } from '../clock.ts';
import type { Delivery } from './outbox.ts';

const WINDOW = 250;
const LATE_SHARE = 50;
/** Beyond this many waiting, a commit leaves new deliveries on disk, to be read when their turn comes. */
const MOST_IN_MEMORY = 2_000;

export interface OwedRows {
  /** Never-tried deliveries after `seq`, in log order. */
  fresh(afterSeq: number, limit: number): Delivery[];
  /** Deliveries whose time to be tried again has come, earliest first. */
  late(now: number, limit: number): Delivery[];
  /** When the next one becomes due after `now`, ms; undefined if none waits. */
  nextDueAt(now: number): number | undefined;
}

export class DueQueue {
  readonly #rows: OwedRows;
  readonly #alarm: Alarm;
  readonly #claimed = new Set<number>();
  #ready: Delivery[] = [];
  #head = 0;
  /** Fresh rows up to here are in the window or settled. */
  #freshSeq = 0;
  /** Whether disk holds fresh rows beyond `#freshSeq`. */
  #moreOnDisk = true;

  constructor(clock: Clock, rows: OwedRows) {
    this.#alarm = new Alarm(clock);
    this.#rows = rows;
  }

  /** Hands in a delivery that was just committed, in log order. */
  offer(delivery: Delivery): void {
    if (this.#moreOnDisk || this.#ready.length - this.#head >= MOST_IN_MEMORY) {
      this.#moreOnDisk = true;
    } else {
      this.#claimed.add(delivery.seq);
      this.#freshSeq = delivery.seq;
      this.#ready.push(delivery);
    }
    this.wake();
  }

  /** The next delivery, or undefined when none is due now. */
  take(now: number): Delivery | undefined {
    if (this.#head === this.#ready.length) this.#refill(now);
    const delivery = this.#ready[this.#head];
    if (delivery === undefined) return undefined;
    this.#head += 1;
    if (this.#head >= WINDOW) this.#forgetTaken();
    return delivery;
  }

  /** A delivery was settled, postponed or given back: it may be read again if it is still owed. */
  unclaim(delivery: Delivery, stillFresh: boolean): void {
    this.#claimed.delete(delivery.seq);
    if (!stillFresh) return;
    this.#freshSeq = Math.min(this.#freshSeq, delivery.seq - 1);
    this.#moreOnDisk = true;
  }

  /** Something on disk changed behind our back (another process): look there again. */
  reread(): void {
    this.#moreOnDisk = true;
    this.wake();
  }

  wake(): void {
    this.#alarm.ring();
  }

  /** Resolves when something may have become due, or when `signal` aborts. */
  async untilMore(now: number, signal: AbortSignal): Promise<void> {
    const nextDueAt = this.#rows.nextDueAt(now);
    const ms = nextDueAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, nextDueAt - now);
    await this.#alarm.wait(Math.min(ms, LONGEST_WAIT_MS), signal);
  }

  #forgetTaken(): void {
    this.#ready = this.#ready.slice(this.#head);
    this.#head = 0;
  }

  #refill(now: number): void {
    const late = this.#unclaimed(this.#rows.late(now, LATE_SHARE + this.#claimed.size)).slice(
      0,
      LATE_SHARE,
    );
    const fresh = this.#moreOnDisk ? this.#readFresh() : [];
    this.#ready = mixed(fresh, late);
    this.#head = 0;
    for (const delivery of this.#ready) this.#claimed.add(delivery.seq);
  }

  #readFresh(): Delivery[] {
    const rows = this.#rows.fresh(this.#freshSeq, WINDOW);
    this.#moreOnDisk = rows.length === WINDOW;
    this.#freshSeq = rows.at(-1)?.seq ?? this.#freshSeq;
    return this.#unclaimed(rows);
  }

  #unclaimed(rows: Delivery[]): Delivery[] {
    return rows.filter((delivery) => !this.#claimed.has(delivery.seq));
  }
}

/** A wait this long is looked at again; nothing hangs on a wake-up that was missed. */
const LONGEST_WAIT_MS = 60_000;

/** Four fresh ones, then a late one, until both are used up. */
function mixed(fresh: readonly Delivery[], late: readonly Delivery[]): Delivery[] {
  if (late.length === 0) return [...fresh];
  const all: Delivery[] = [];
  let taken = 0;
  for (const delivery of late) {
    all.push(...fresh.slice(taken, taken + 4), delivery);
    taken += 4;
  }
  all.push(...fresh.slice(taken));
  return all;
}
