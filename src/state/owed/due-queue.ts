/**
 * A route's next deliveries, held in memory: a window over its `owed` rows. Fresh ones (never tried) come in log order
 * and may be handed in by the commit that made them; late ones (to be tried again) are mixed in, one to four. The late
 * window is filled from both ends of what is due in turn: a retry does not wait behind all of a large backfill. Those
 * that are parked behind others of their lane are on disk only, until `freed`.
 * Invariants: every fresh row up to `#freshSeq` that is not parked has entered the window, once; a late one is in `#claimed` from the
 * moment it enters the window until it is settled, and a claimed one is never read again.
 */
import { Alarm } from '../../alarm.ts';
import type { Clock } from '../../clock.ts';
import type { Delivery } from '../outbox.ts';
import type { MemoryBudget } from './memory-budget.ts';

const FRESH_WINDOW = 250;
const LATE_WINDOW = 50;
const FRESH_FOR_A_LATE = 4;
/** A wait this long is looked at again; nothing hangs on a wake-up that was missed. */
const LONGEST_WAIT_MS = 60_000;

/** The ends of what is due. */
export type Which = 'longest' | 'shortest';

export interface OwedRows {
  /** Never-tried deliveries after `seq`, in log order. */
  fresh(afterSeq: number, limit: number): Delivery[];
  /** Deliveries whose time to be tried again has come: those that wait longest, or those that wait shortest. */
  late(now: number, limit: number, which: Which): Delivery[];
  /** When the next one becomes due after `now`, ms; undefined if none waits. */
  nextDueAt(now: number): number | undefined;
  /** The never-tried delivery of this seq. */
  one(seq: number): Delivery | undefined;
  /** Whether it is owed still. */
  has(delivery: Delivery): boolean;
}

export class DueQueue {
  readonly #rows: OwedRows;
  readonly #alarm: Alarm;
  readonly #budget: MemoryBudget;
  readonly #fresh: Line;
  readonly #late: Line;
  readonly #claimed = new Set<number>();
  /** Of what waits here: read before another process changed something, which may have dropped it. */
  readonly #doubtful = new Set<Delivery>();
  #freshSeq = 0;
  /** Whether disk may hold fresh rows beyond `#freshSeq`. */
  #moreOnDisk = true;
  /** Before this instant (ms) disk holds no late row that is due and not claimed. */
  #lateFrom = 0;
  #freshInRow = 0;
  #nextLate: Which = 'longest';

  constructor(clock: Clock, budget: MemoryBudget, rows: OwedRows) {
    this.#alarm = new Alarm(clock);
    this.#budget = budget;
    this.#fresh = new Line(budget);
    this.#late = new Line(budget);
    this.#rows = rows;
  }

  /** Hands in a delivery that was just committed, in log order. */
  offer(delivery: Delivery): void {
    if (this.#moreOnDisk || !this.#budget.hasRoomFor(this.#fresh.bytes)) {
      this.#moreOnDisk = true;
    } else {
      this.#freshSeq = delivery.seq;
      this.#fresh.push(delivery);
    }
    this.wake();
  }

  /** The next delivery, or undefined when none is due at `now`. */
  take(now: number): Delivery | undefined {
    for (;;) {
      const delivery = this.#takeAny(now);
      if (delivery === undefined || !this.#doubtful.delete(delivery)) return delivery;
      if (this.#rows.has(delivery)) return delivery;
      this.#claimed.delete(delivery.seq);
    }
  }

  /** Its outcome is durable: it is over or, with `dueAt`, waits to be tried again. */
  settled(delivery: Delivery, dueAt: number | undefined): void {
    this.#claimed.delete(delivery.seq);
    if (dueAt === undefined) return;
    this.#lateFrom = Math.min(this.#lateFrom, dueAt);
    this.wake();
  }

  /** It was parked on disk, and is due since a commit that is durable: it takes its place. */
  freed(seq: number, dueAt: number): void {
    if (dueAt > 0) this.#lateFrom = Math.min(this.#lateFrom, dueAt);
    else if (seq > this.#freshSeq) this.#moreOnDisk = true;
    else {
      const delivery = this.#rows.one(seq);
      if (delivery !== undefined) this.#fresh.putBack(delivery);
    }
    this.wake();
  }

  /** Whether one that was tried before waits here or is out. */
  hasLate(seq: number): boolean {
    return this.#claimed.has(seq);
  }

  /** It is used no more: what it holds in memory is let go. */
  clear(): void {
    this.#fresh.clear();
    this.#late.clear();
    this.#doubtful.clear();
  }

  /** It was taken and not sent: it stands in its place again. */
  giveBack(delivery: Delivery): void {
    (delivery.dueAt === 0 ? this.#fresh : this.#late).putBack(delivery);
    this.wake();
  }

  /** Rows on disk were changed by something else than `settled`: look there again. */
  reread(): void {
    this.#lateFrom = 0;
    for (const line of [this.#fresh, this.#late]) {
      for (const delivery of line.all) this.#doubtful.add(delivery);
    }
    this.wake();
  }

  wake(): void {
    this.#alarm.ring();
  }

  /** After `take` had nothing: resolves when something may have become due, or when `signal` aborts. */
  async untilMore(now: number, signal: AbortSignal): Promise<void> {
    await this.#alarm.wait(Math.min(Math.max(this.#lateFrom - now, 0), LONGEST_WAIT_MS), signal);
  }

  #takeAny(now: number): Delivery | undefined {
    if (this.#freshInRow >= FRESH_FOR_A_LATE) return this.#takeLate(now) ?? this.#takeFresh();
    return this.#takeFresh() ?? this.#takeLate(now);
  }

  #takeFresh(): Delivery | undefined {
    if (this.#fresh.length === 0 && this.#moreOnDisk) this.#readFresh();
    const delivery = this.#fresh.shift();
    if (delivery !== undefined) this.#freshInRow += 1;
    return delivery;
  }

  #takeLate(now: number): Delivery | undefined {
    if (this.#late.length === 0 && now >= this.#lateFrom) this.#readLate(now);
    const delivery = this.#late.shift();
    if (delivery !== undefined) this.#freshInRow = 0;
    return delivery;
  }

  #readFresh(): void {
    const rows = this.#rows.fresh(this.#freshSeq, FRESH_WINDOW);
    this.#moreOnDisk = rows.length === FRESH_WINDOW;
    this.#freshSeq = rows.at(-1)?.seq ?? this.#freshSeq;
    for (const delivery of rows) this.#fresh.push(delivery);
  }

  #readLate(now: number): void {
    const rows = this.#rows
      .late(now, LATE_WINDOW + this.#claimed.size, this.#nextLate)
      .filter((delivery) => !this.#claimed.has(delivery.seq))
      .slice(0, LATE_WINDOW)
      .sort((one, other) => one.dueAt - other.dueAt || one.seq - other.seq);
    this.#nextLate = this.#nextLate === 'longest' ? 'shortest' : 'longest';
    for (const delivery of rows) {
      this.#claimed.add(delivery.seq);
      this.#late.push(delivery);
    }
    if (rows.length === 0) this.#lateFrom = this.#rows.nextDueAt(now) ?? Number.POSITIVE_INFINITY;
  }
}

/** First in, first out, without moving every element for each one taken. */
class Line {
  readonly #budget: MemoryBudget;
  #deliveries: Delivery[] = [];
  #head = 0;
  #bytes = 0;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /** Of the events that wait here. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#deliveries.length - this.#head;
  }

  get all(): readonly Delivery[] {
    return this.#deliveries.slice(this.#head);
  }

  push(delivery: Delivery): void {
    this.#deliveries.push(delivery);
    this.#hold(delivery.event.raw.length);
  }

  shift(): Delivery | undefined {
    const delivery = this.#deliveries[this.#head];
    if (delivery === undefined) return undefined;
    this.#head += 1;
    this.#hold(-delivery.event.raw.length);
    // What was taken must not be kept alive by the array.
    if (this.#head === this.#deliveries.length || this.#head >= FRESH_WINDOW) this.#compact();
    return delivery;
  }

  /** Before the first one of a later due time or place in the log. */
  putBack(delivery: Delivery): void {
    let [from, to] = [this.#head, this.#deliveries.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (isBefore(this.#deliveries[middle], delivery)) from = middle + 1;
      else to = middle;
    }
    this.#deliveries.splice(from, 0, delivery);
    this.#hold(delivery.event.raw.length);
  }

  clear(): void {
    this.#hold(-this.#bytes);
    this.#deliveries = [];
    this.#head = 0;
  }

  #hold(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.held(bytes);
  }

  #compact(): void {
    this.#deliveries = this.#deliveries.slice(this.#head);
    this.#head = 0;
  }
}

function isBefore(one: Delivery | undefined, other: Delivery): boolean {
  return one !== undefined && (one.dueAt - other.dueAt || one.seq - other.seq) < 0;
}
