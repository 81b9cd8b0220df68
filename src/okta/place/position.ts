/**
 * Where the reading of the log stands, and how it falls back when Okta does not take its place in the log any more:
 * to `since`, with an overlap, so that events come twice rather than not at all.
 */
import type { LogEvent } from '../../event.ts';
import { LOGS_PATH } from '../logs-path.ts';

export interface Cursor {
  /** The next link, byte for byte. */
  readonly nextUrl: string;
  /** What was asked for besides the time; reading with another one starts again, with an overlap. */
  readonly query: string;
  /** The latest `published` seen, ms since 1970, if any. */
  readonly lastPublishedAt?: number;
  /** When this cursor was read, ms since 1970. */
  readonly readAt: number;
}

/** What may be missing was published between `fromMs` and `toMs`; it was noticed at `at`. All by Okta's clock. */
export interface Gap {
  readonly kind: 'refused-link' | 'beyond-retention' | 'unreadable-page';
  readonly at: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly why: string;
}

interface Range {
  readonly since: number;
  readonly until?: number;
}

/** Where a bounded read was left: the link that came with its last page. */
export interface Left {
  readonly nextUrl: string;
}

const OVERLAP_MS = 10 * 60_000;
/** Okta keeps 90 days: https://developer.okta.com/docs/reference/system-log-query/#data-retention */
const REACH_MS = 89 * 86_400_000;
/** An event that claims to be from later than this after Okta's own time says nothing about where we stand. */
const AHEAD_MS = 60_000;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

export interface Query {
  readonly org: URL;
  readonly limit: number;
  readonly filter: string | undefined;
}

export class Position {
  /** What to ask next. */
  url: string;
  /** Whether `url` came from Okta; if not it is a start of our own. */
  isLink: boolean;
  /** What may be missing before the next page, to be taken with it. */
  gap: Gap | undefined;
  readonly #query: Query;
  #lastPublishedAt: number | undefined;
  #readAt: number | undefined;
  #headAt: number | undefined;

  private constructor(query: Query, url: string, isLink: boolean) {
    this.#query = query;
    this.url = url;
    this.isLink = isLink;
  }

  static start(query: Query, range: Range): Position {
    return new Position(query, startUrl(query, range), false);
  }

  /** Where a bounded read was left. */
  static at(query: Query, { nextUrl }: Left): Position {
    return new Position(query, nextUrl, true);
  }

  static resume(query: Query, cursor: Cursor): Position {
    const position = Position.at(query, cursor);
    position.#lastPublishedAt = cursor.lastPublishedAt;
    position.#readAt = cursor.readAt;
    return position;
  }

  /** The page size that `url` asks for: a link keeps the one of the request that it came from. */
  get limit(): number {
    const inUrl = Number(new URL(this.url).searchParams.get('limit') ?? Number.NaN);
    return Number.isInteger(inUrl) && inUrl > 0 ? inUrl : this.#query.limit;
  }

  /** The time that a start of our own begins at. */
  get startsAt(): number | undefined {
    return this.isLink ? undefined : sinceIn(this.url);
  }

  /** Nothing was read yet: begins there instead. */
  startAt(since: number): void {
    this.url = startUrl(this.#query, { since });
    this.isLink = false;
  }

  /** Goes past a page. Without a next link it stays where it is. Returns the cursor to be kept with its events. */
  moveOn(next: string | undefined, events: readonly LogEvent[], oktaNowMs: number): Cursor {
    for (const { published } of events) {
      const at = RFC_3339.test(published ?? '') ? Date.parse(published ?? '') : Number.NaN;
      if (!(at <= oktaNowMs + AHEAD_MS)) continue;
      this.#lastPublishedAt = Math.max(at, this.#lastPublishedAt ?? at);
    }
    this.#readAt = oktaNowMs;
    if (next !== undefined) {
      this.url = next;
      this.isLink = true;
    }
    return this.#cursor();
  }

  /**
   * To the later of the last event − 10 min and `nowMs` − 89 days. Returns where that is. With `isGap` it counts as a
   * gap even where all of the time is read again: what reached the log later than the overlap is long may be missing.
   */
  fallBack(nowMs: number, why: string, isGap: boolean): number {
    const last = this.#lastPublishedAt ?? sinceIn(this.url) ?? this.#readAt ?? nowMs;
    const wanted = last - OVERLAP_MS;
    const since = Math.max(wanted, nowMs - REACH_MS);
    const found = { at: nowMs, fromMs: wanted, why };
    if (since > wanted) this.gap = { ...found, kind: 'beyond-retention', toMs: since };
    else if (isGap) this.gap = { ...found, kind: 'refused-link', toMs: nowMs };
    this.url = startUrl(this.#query, { since });
    this.isLink = false;
    return since;
  }

  /** For a page of events without a link that leads on: from its last event, with the overlap. */
  restart(nowMs: number): Cursor {
    this.fallBack(nowMs, 'a page without a next link', false);
    return this.#cursor();
  }

  /** A page was the end of the log when it was asked for, if `askedAt` tells when. Returns when another was, before it. */
  atHead(askedAt: number | undefined): { readonly headAt?: number } {
    const before = this.#headAt;
    this.#headAt = askedAt ?? before;
    return before === undefined ? {} : { headAt: before };
  }

  /** What may be missing, once. */
  takeGap(): Gap[] {
    const { gap } = this;
    this.gap = undefined;
    return gap === undefined ? [] : [gap];
  }

  #cursor(): Cursor {
    return {
      nextUrl: this.url,
      query: queryText(this.#query.filter),
      ...(this.#lastPublishedAt !== undefined && { lastPublishedAt: this.#lastPublishedAt }),
      readAt: this.#readAt ?? 0,
    };
  }
}

const FILTER = 'filter=';

/** What a cursor was read with, for comparing. */
export function queryText(filter: string | undefined): string {
  return filter === undefined ? '' : `${FILTER}${filter}`;
}

/** The filter in what `queryText` made. */
export function filterIn(query: string): string | undefined {
  return query.startsWith(FILTER) ? query.slice(FILTER.length) : undefined;
}

/** Without `until` this is Okta's polling request, which alone gives every event; with it, a bounded one. */
function startUrl({ org, limit, filter }: Query, { since, until }: Range): string {
  const asked = [
    `since=${instant(since)}`,
    ...(until === undefined ? [] : [`until=${instant(until)}`]),
    `limit=${limit}`,
    'sortOrder=ASCENDING',
    ...(filter === undefined ? [] : [`filter=${encodeURIComponent(filter)}`]),
  ];
  return `${org.origin}${LOGS_PATH}?${asked.join('&')}`;
}

/** With milliseconds and Z: Okta refuses or misreads other forms. */
function instant(ms: number): string {
  return encodeURIComponent(new Date(ms).toISOString());
}

function sinceIn(url: string): number | undefined {
  if (!URL.canParse(url)) return undefined;
  const at = Date.parse(new URL(url).searchParams.get('since') ?? '');
  return Number.isNaN(at) ? undefined : at;
}
