/** The query of GET /api/v1/logs: what is asked for, or Okta's reason to refuse it. */
import type { ErrorCode } from './error-body.ts';
import type { Cursor } from './event-log.ts';
import { type Predicate, parseFilter, parseKeywords } from './search.ts';

const DAY_MS = 86_400_000;
const OLDEST_SINCE_MS = 180 * DAY_MS;
const DEFAULT_SPAN_MS = 7 * DAY_MS;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const CURSOR = /^(\d{1,15})_(\d{1,15})$/;

interface Asked {
  readonly since: number;
  readonly after?: Cursor;
  readonly limit: number;
  /** What `filter` and `q` want of a parsed event; all of them must hold. */
  readonly predicates: readonly Predicate[];
}

/**
 * Polling: no `until`, ascending; filters by persisted, never ends. Bounded: `until`, filters by published, ends.
 * https://developer.okta.com/docs/reference/system-log-query/ "Request types"
 */
export type LogsQuery =
  | (Asked & { readonly kind: 'polling' })
  | (Asked & { readonly kind: 'bounded'; readonly until: number; readonly descending: boolean })
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly cause: string };

/** Thrown and caught in this file only: it ends the reading of one query. */
class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function parseLogsQuery(params: URLSearchParams, now: number): LogsQuery {
  try {
    return readQuery(params, now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: 'refused', code: error.code, cause: error.message };
  }
}

export function formatCursor({ time, sequence }: Cursor): string {
  return `${time}_${sequence}`;
}

function readQuery(params: URLSearchParams, now: number): LogsQuery {
  const until = parseTime('until', params.get('until'));
  const after = parseAfter(params.get('after'));
  const asked = {
    since: parseSince(params.get('since'), until ?? now, after === undefined ? now : undefined),
    ...(after === undefined ? {} : { after }),
    limit: parseLimit(params.get('limit')),
    predicates: parsePredicates(params),
  };
  const descending = parseDescending(params.get('sortOrder'));
  if (until === undefined) {
    // Okta has refused this mix since 2018.28 (OKTA-175411); how it words it is not documented.
    if (descending) throw new Refusal('E0000001', 'sortOrder: DESCENDING needs since and until');
    return { kind: 'polling', ...asked };
  }
  if (until < asked.since) throw new Refusal('E0000001', 'until: is before since');
  return { kind: 'bounded', ...asked, until, descending };
}

/** `now` is left out when a cursor supersedes `since`: real next links repeat it for as long as they are followed. */
function parseSince(text: string | null, end: number, now: number | undefined): number {
  const since = parseTime('since', text) ?? end - DEFAULT_SPAN_MS;
  if (now !== undefined && since < now - OLDEST_SINCE_MS) {
    throw new Refusal('E0000053', 'since: parameter is over 180 days prior to the current day');
  }
  return since;
}

/** Epoch ms of an RFC 3339 instant; an absent or empty parameter is undefined. */
function parseTime(name: string, text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const [, year, month, day] = RFC3339.exec(text) ?? [];
  const time = Date.parse(text);
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Date.parse turns February 30 into March 2.
  if (Number.isNaN(time) || date.getUTCDate() !== Number(day)) {
    throw new Refusal('E0000001', `${name}: is not a valid RFC 3339 date`);
  }
  return time;
}

function parseAfter(text: string | null): Cursor | undefined {
  if (text === null || text === '') return undefined;
  const [, time, sequence] = CURSOR.exec(text) ?? [];
  if (time === undefined || sequence === undefined) {
    throw new Refusal('E0000001', 'after: is not a valid cursor');
  }
  return { time: Number(time), sequence: Number(sequence) };
}

function parseLimit(text: string | null): number {
  if (text === null || text === '') return DEFAULT_LIMIT;
  const limit = Number(text);
  if (!/^\d+$/.test(text) || limit < 1 || limit > MAX_LIMIT) {
    throw new Refusal('E0000001', `limit: must be between 1 and ${MAX_LIMIT}`);
  }
  return limit;
}

function parseDescending(text: string | null): boolean {
  if (text === 'DESCENDING') return true;
  if (text === null || text === '' || text === 'ASCENDING') return false;
  throw new Refusal('E0000001', 'sortOrder: must be ASCENDING or DESCENDING');
}

function parsePredicates(params: URLSearchParams): Predicate[] {
  const predicates: Predicate[] = [];
  const filter = params.get('filter');
  if (filter) {
    const predicate = parseFilter(filter);
    if (predicate === undefined) throw new Refusal('E0000031', 'filter: is not supported');
    predicates.push(predicate);
  }
  const keywords = params.get('q');
  if (keywords) {
    const predicate = parseKeywords(keywords);
    if (predicate === undefined) {
      throw new Refusal('E0000001', 'q: at most 10 keywords of at most 40 characters');
    }
    predicates.push(predicate);
  }
  return predicates;
}
