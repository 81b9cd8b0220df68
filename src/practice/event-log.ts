/**
 * The practice org's log. Each event has the time it was published and the later time it was persisted, which is when
 * readers can see it. Invariant: nothing is ever persisted before a cursor that polling has handed out, so a reader that
 * follows cursors sees every event once.
 */

export interface StoredEvent {
  readonly raw: Buffer;
  /** Epoch ms; visible from then on. */
  readonly persisted: number;
  /** Tells events of one millisecond apart; grows with every event added. */
  readonly sequence: number;
}

/** A place in the log: `<epoch ms>_<sequence>` of the last event handed out. */
export interface Cursor {
  readonly time: number;
  readonly sequence: number;
}

export interface LogPage {
  readonly events: readonly StoredEvent[];
  /** Where the next page begins. Polling: undefined means the cursor stays. Bounded: undefined means the end. */
  readonly cursor: Cursor | undefined;
}

export interface LogWindow {
  /** Epoch ms, inclusive; ignored when there is an `after`. */
  readonly since: number;
  /** Epoch ms, exclusive; bounded reads only. */
  readonly until?: number;
  readonly after?: Cursor;
  readonly limit: number;
  readonly descending?: boolean;
  readonly matches?: (raw: Buffer) => boolean;
}

interface Timed extends StoredEvent {
  /** Read from the event only when a bounded read first needs it. */
  published: number | undefined;
}

type TimeOf = (event: Timed) => number;

const persistedOf: TimeOf = (event) => event.persisted;
const publishedOf: TimeOf = (event) => {
  event.published ??= publishedIn(event.raw) ?? event.persisted;
  return event.published;
};

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

export class EventLog {
  /** By (persisted, sequence) whenever `#sorted`. */
  readonly #events: Timed[] = [];
  #sorted = true;
  /** By (published, sequence); may be shorter than `#events` until a bounded read needs it. */
  readonly #byPublished: Timed[] = [];
  readonly #added: Timed[] = [];
  /** The latest persisted time that polling has handed out. */
  #handedOut = Number.NEGATIVE_INFINITY;
  #nextSequence = 1;

  get size(): number {
    return this.#events.length;
  }

  /** Holds `raw` itself, not a copy. A `persisted` before what polling has handed out is moved up to it. */
  add(raw: Buffer, persisted: number, published?: number): void {
    const event: Timed = {
      raw,
      // Whole milliseconds: cursors have no room for parts of one.
      persisted: Math.max(Math.floor(persisted), this.#handedOut),
      sequence: this.#nextSequence,
      published: published === undefined ? undefined : Math.floor(published),
    };
    this.#nextSequence += 1;
    const last = this.#events.at(-1);
    if (last !== undefined && last.persisted > event.persisted) this.#sorted = false;
    this.#events.push(event);
    this.#added.push(event);
  }

  /** True when `cursor` was the place of an event, on the axis of the reader that got it. */
  knows(cursor: Cursor, axis: 'persisted' | 'published'): boolean {
    const [events, timeOf] = this.#axis(axis);
    const event = events[firstAfter(events, timeOf, cursor) - 1];
    return (
      event !== undefined && timeOf(event) === cursor.time && event.sequence === cursor.sequence
    );
  }

  /** What has been persisted at `now`, oldest first; the cursor stays where it is when there is nothing. */
  poll(window: LogWindow, now: number): LogPage {
    const [events, timeOf] = this.#axis('persisted');
    const page: Timed[] = [];
    for (let at = firstIn(events, timeOf, window); page.length < window.limit; at += 1) {
      const event = events[at];
      if (event === undefined || event.persisted > now) break;
      if (window.matches?.(event.raw) ?? true) page.push(event);
    }

    const last = page.at(-1);
    if (last === undefined) return { events: page, cursor: undefined };
    this.#handedOut = Math.max(this.#handedOut, last.persisted);
    return { events: page, cursor: { time: last.persisted, sequence: last.sequence } };
  }

  /** What was published in [since, until) and is persisted at `now`; the last page has no cursor. */
  range(window: LogWindow, now: number): LogPage {
    const [events, timeOf] = this.#axis('published');
    const step = window.descending ? -1 : 1;
    const page: Timed[] = [];
    for (let at = firstOfRange(events, window); ; at += step) {
      const event = events[at];
      if (event === undefined || !isWithin(timeOf(event), window)) break;
      if (event.persisted > now || window.matches?.(event.raw) === false) continue;
      const last = page.at(-1);
      if (last !== undefined && page.length === window.limit) {
        return { events: page, cursor: { time: timeOf(last), sequence: last.sequence } };
      }
      page.push(event);
    }
    return { events: page, cursor: undefined };
  }

  #axis(axis: 'persisted' | 'published'): readonly [readonly Timed[], TimeOf] {
    if (axis === 'published') {
      if (this.#added.length > 0) {
        for (const event of this.#added.splice(0)) this.#byPublished.push(event);
        this.#byPublished.sort(byTime(publishedOf));
      }
      return [this.#byPublished, publishedOf];
    }
    if (!this.#sorted) this.#events.sort(byTime(persistedOf));
    this.#sorted = true;
    return [this.#events, persistedOf];
  }
}

function isWithin(time: number, { since, until = Number.POSITIVE_INFINITY }: LogWindow): boolean {
  return time >= since && time < until;
}

function firstOfRange(events: readonly Timed[], window: LogWindow): number {
  if (!window.descending) return firstIn(events, publishedOf, window);
  const { after, until = Number.POSITIVE_INFINITY } = window;
  // The event at the cursor itself has been handed out: begin one before it.
  if (after !== undefined) return firstAfter(events, publishedOf, after) - 2;
  return firstAfter(events, publishedOf, justBefore(until)) - 1;
}

function firstIn(events: readonly Timed[], timeOf: TimeOf, window: LogWindow): number {
  return firstAfter(events, timeOf, window.after ?? justBefore(window.since));
}

/** Before every event of that millisecond: sequences begin at 1. */
function justBefore(time: number): Cursor {
  return { time, sequence: 0 };
}

function firstAfter(events: readonly Timed[], timeOf: TimeOf, cursor: Cursor): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const event = events[middle];
    if (event !== undefined && isAfter(timeOf(event), event.sequence, cursor)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function isAfter(time: number, sequence: number, cursor: Cursor): boolean {
  return time > cursor.time || (time === cursor.time && sequence > cursor.sequence);
}

function byTime(timeOf: TimeOf): (a: Timed, b: Timed) => number {
  return (a, b) => timeOf(a) - timeOf(b) || a.sequence - b.sequence;
}

/** The event's own `published`, or undefined where it has none in RFC 3339. */
function publishedIn(raw: Buffer): number | undefined {
  try {
    const event: unknown = JSON.parse(raw.toString('utf8'));
    if (typeof event !== 'object' || event === null || !('published' in event)) return undefined;
    if (typeof event.published !== 'string' || !RFC3339.test(event.published)) return undefined;
    const time = Date.parse(event.published);
    return Number.isNaN(time) ? undefined : time;
  } catch {
    return undefined; // a person may practise with broken events too: they are ordered by when they were persisted
  }
}
