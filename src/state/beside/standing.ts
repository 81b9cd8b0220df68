/** How things stand in a state folder, read beside a running daemon or without one. Shows no URL of Okta's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SystemClock } from '../../clock.ts';
import { StateError } from '../../errors.ts';
import { DATABASE_FILE, holderOf } from '../database/folder.ts';
import { openStateBeside, UNREADABLE } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  type Row,
  stateErrorOf,
} from '../database/sqlite.ts';
import type { Gap, RouteState } from '../outbox.ts';
import { toRouteState } from '../owed/route-table.ts';
import { gapOf } from './gaps.ts';
import { type RecentDelays, recentDelays } from './recent-delays.ts';

/** Instants in ms since 1970. */
export interface Standing {
  readonly folder: string;
  /** The daemon that holds the folder now. */
  readonly holderPid?: number;
  /** Absent until a first page was read. */
  readonly cursor?: { readonly readAt: number; readonly lastPublishedAt?: number };
  /** What is wrong with the tail. */
  readonly trouble?: { readonly what: string; readonly since: number };
  /** Those of the last 30 days, newest first: at most 5, and how many there are. */
  readonly gaps: { readonly newest: readonly Gap[]; readonly count: number };
  /** Those in force; of the others, those that still have something. */
  readonly routes: readonly RouteStanding[];
}

export interface RouteStanding {
  /** Its identity. */
  readonly key: string;
  readonly name: string;
  /** False: it stands in its file, switched off. */
  readonly enabled: boolean;
  /** Not in force: kept for what it still has. */
  readonly retired: boolean;
  /** No route, but what could not be read of Okta's pages; nothing is ever sent there. */
  readonly unreadable: boolean;
  readonly state: RouteState;
  /** Since when a person wants nothing sent to it. */
  readonly pausedAt?: number;
  /** Since when fewer events have come for it than are expected. */
  readonly silentSince?: number;
  readonly queued: number;
  /** The oldest event that is queued; `published` as Okta wrote it. */
  readonly oldest?: { readonly published?: string; readonly readAt: number };
  readonly dead: number;
  readonly lastDeliveredAt?: number;
  /** How long its last deliveries took. */
  readonly delays?: RecentDelays;
  readonly lastFailedAt?: number;
  readonly lastError?: string;
}

const SHOWN_GAPS_MS = 30 * 86_400_000;
const SHOWN_GAPS = 5;

/** @throws StateError naming the folder when there is no state in it, or it cannot be read. */
export async function readStanding(
  folder: string,
  now: number = new SystemClock().now(),
): Promise<Standing> {
  const path = databaseIn(folder);
  const holderPid = holderOf(folder);
  const database = openStateBeside(path, { readOnly: true });
  try {
    // One snapshot for all that follows.
    database.exec('BEGIN');
    return {
      folder,
      ...(holderPid === undefined ? {} : { holderPid }),
      ...tailOf(database),
      gaps: gapsOf(database, now),
      routes: routesOf(database),
    };
  } catch (error) {
    throw stateErrorOf(path, 'read', error);
  } finally {
    database.close();
  }
}

/** The database of a folder that has one. @throws StateError */
export function databaseIn(folder: string): string {
  const path = join(folder, DATABASE_FILE);
  if (existsSync(path)) return path;
  throw new StateError(folder, 'find any state in', {
    hint: 'Nothing has run with this folder yet: start `loghook run`, or name another one with --state.',
  });
}

function tailOf(database: Database): Pick<Standing, 'cursor' | 'trouble'> {
  const cursor = database.prepare('SELECT read_at, last_published_at FROM cursor').get();
  const trouble = database.prepare('SELECT what, since FROM trouble').get();
  return {
    ...(cursor === undefined
      ? {}
      : {
          cursor: {
            readAt: asNumber(cursor.read_at),
            ...optional('lastPublishedAt', asOptionalNumber(cursor.last_published_at)),
          },
        }),
    ...(trouble === undefined
      ? {}
      : { trouble: { what: asText(trouble.what), since: asNumber(trouble.since) } }),
  };
}

function gapsOf(database: Database, now: number): Standing['gaps'] {
  const from = now - SHOWN_GAPS_MS;
  const { n } = database.prepare('SELECT count(*) AS n FROM gaps WHERE at >= ?').get(from) ?? {};
  const newest = database
    .prepare('SELECT * FROM gaps WHERE at >= ? ORDER BY at DESC, id DESC LIMIT ?')
    .all(from, SHOWN_GAPS)
    .map(gapOf);
  return { newest, count: asNumber(n) };
}

function routesOf(database: Database): RouteStanding[] {
  const owed = byRoute(database, 'SELECT route, count(*) AS n, min(seq) AS oldest FROM owed');
  const dead = byRoute(database, 'SELECT route, count(*) AS n FROM dead');
  const delays = recentDelays(database);
  const event = database.prepare('SELECT published, read_at FROM events WHERE seq = ?');
  return database
    .prepare('SELECT * FROM routes ORDER BY retired, id = ?, name')
    .all(UNREADABLE)
    .map((row): RouteStanding => {
      const queue = owed.get(asNumber(row.id));
      const oldest = queue === undefined ? undefined : event.get(asNumber(queue.oldest));
      return {
        key: asText(row.key),
        name: asText(row.name),
        enabled: row.disabled !== 1,
        retired: row.retired === 1,
        unreadable: row.id === UNREADABLE,
        state: toRouteState(row),
        ...optional('pausedAt', asOptionalNumber(row.paused_at)),
        queued: asOptionalNumber(queue?.n) ?? 0,
        dead: asOptionalNumber(dead.get(asNumber(row.id))?.n) ?? 0,
        ...(oldest === undefined
          ? {}
          : {
              oldest: {
                readAt: asNumber(oldest.read_at),
                ...optional('published', asOptionalText(oldest.published)),
              },
            }),
        ...optional('lastDeliveredAt', asOptionalNumber(row.last_delivered_at)),
        ...optional('delays', delays.get(asNumber(row.id))),
        ...optional('lastFailedAt', asOptionalNumber(row.last_failed_at)),
        ...optional('silentSince', asOptionalNumber(row.silent_since)),
        ...optional('lastError', asOptionalText(row.last_error)),
      };
    })
    .filter((route) => !route.retired || !route.enabled || route.queued > 0 || route.dead > 0);
}

function byRoute(database: Database, select: string): Map<number, Row> {
  const rows = database.prepare(`${select} GROUP BY route`).all();
  return new Map(rows.map((row) => [asNumber(row.route), row]));
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [_ in K]?: V } {
  // A computed key widens to an index signature; K names it.
  return (value === undefined ? {} : { [key]: value }) as { readonly [_ in K]?: V };
}
