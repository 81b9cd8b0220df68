/** Turns a request for the log into a page of it: the events' own bytes joined into an array, and the links. */
import { type ErrorCode, errorBody } from './error-body.ts';
import type { Cursor, EventLog, LogPage, LogWindow, StoredEvent } from './event-log.ts';
import { formatCursor, type LogsQuery, parseLogsQuery } from './logs-query.ts';
import type { Reply } from './reply.ts';
import type { Predicate } from './search.ts';

export interface LogsPage extends Reply {
  readonly links: Links | undefined;
}

export interface Links {
  readonly self: string;
  /** Absent after the last page of a bounded read. */
  readonly next: string | undefined;
}

interface PageRequest {
  /** As the client sees the org: links repeat its origin. */
  readonly url: URL;
  readonly now: number;
  readonly retentionMs: number;
}

/** The page that is asked for, or Okta's refusal. Nothing in it has been parsed and printed again. */
export function logsPage(log: EventLog, { url, now, retentionMs }: PageRequest): LogsPage {
  const query = parseLogsQuery(url.searchParams, now);
  if (query.kind === 'refused') return refusal(query.code, query.cause);
  const oldest = now - retentionMs;
  if (query.after !== undefined && isStale(log, query, query.after, oldest)) {
    return refusal('E0000001', 'after: is unknown or has expired');
  }

  const window: LogWindow = {
    ...query,
    since: Math.max(query.since, oldest),
    ...(query.predicates.length > 0 ? { matches: matcher(query.predicates) } : {}),
  };
  const page = query.kind === 'polling' ? log.poll(window, now) : log.range(window, now);
  const self = linkUrl(url, query.after);
  const stay = query.kind === 'polling' ? self : undefined;
  const next = page.cursor === undefined ? stay : linkUrl(url, page.cursor);
  const cacheKey = cacheKeyOf(query, page);
  return {
    status: 200,
    headers: {},
    body: joined(page.events),
    ...(cacheKey === undefined ? {} : { cacheKey }),
    links: { self, next },
  };
}

/** The values of the Link header, one a line as Okta sends them. */
export function linkHeader({ self, next }: Links): string[] {
  const lines = [`<${self}>; rel="self"`];
  if (next !== undefined) lines.push(`<${next}>; rel="next"`);
  return lines;
}

/** The refusal that a client meets whose cursor the org does not know any more. */
export function staleLink(): LogsPage {
  return refusal('E0000001', 'after: is unknown or has expired');
}

function refusal(code: ErrorCode, cause: string): LogsPage {
  return { status: 400, headers: {}, body: errorBody(code, [cause]), links: undefined };
}

type Granted = Exclude<LogsQuery, { readonly kind: 'refused' }>;

function isStale(log: EventLog, query: Granted, after: Cursor, oldest: number): boolean {
  const axis = query.kind === 'polling' ? 'persisted' : 'published';
  return after.time < oldest || !log.knows(after, axis);
}

/** The request's own parameters in their order, then `after`; percent-encoded the way that Okta's links are. */
function linkUrl(url: URL, after: Cursor | undefined): string {
  const params = new URLSearchParams(url.searchParams);
  params.delete('after');
  if (after !== undefined) params.append('after', formatCursor(after));
  const query = params.toString();
  return `${url.origin}${url.pathname}${query === '' ? '' : `?${query}`}`;
}

function matcher(predicates: readonly Predicate[]): (raw: Buffer) => boolean {
  return (raw) => {
    const event = parsed(raw);
    return predicates.every((predicate) => predicate(event));
  };
}

function parsed(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined; // broken events may be practised with; no search finds them
  }
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

function joined(events: readonly StoredEvent[]): Buffer {
  const parts: Buffer[] = [OPEN];
  for (const { raw } of events) parts.push(raw, COMMA);
  if (events.length > 0) parts.pop();
  parts.push(CLOSE);
  return Buffer.concat(parts);
}

/** What lies between two places in the order of persistence never changes once it has been handed out. */
function cacheKeyOf(query: Granted, page: LogPage): string | undefined {
  const [first, last] = [page.events[0], page.events.at(-1)];
  if (query.kind !== 'polling' || query.predicates.length > 0) return undefined;
  if (first === undefined || last === undefined || page.events.length < query.limit)
    return undefined;
  return `${first.sequence}-${last.sequence}-${page.events.length}`;
}
