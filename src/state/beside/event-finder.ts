/** Finds an event by the start of its id, and says how much of an id is enough to find it again. */
import { ConfigError } from '../../errors.ts';
import { shownIdStart } from '../../event.ts';
import { numbers, texts } from '../database/optional.ts';
import { SOURCES } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Row,
} from '../database/sqlite.ts';
import type { Place } from '../intake/bundles.ts';
import type { Beside } from './beside.ts';

export interface FoundEvent {
  readonly seq: number;
  readonly event: string;
  readonly eventType?: string;
  /** As Okta wrote it. */
  readonly published?: string;
  readonly readAt: number;
  /** Until then, see delay.ts. */
  readonly oktaMs?: number;
  readonly pollMs?: number;
  /** It was not met by tailing. */
  readonly backfilled: boolean;
  /** Where its bytes lie, while they are kept. */
  readonly place?: Place;
}

const CANDIDATES = 5;
/** As many characters as people compare at a glance. */
const SHORTEST = 8;
/** The ids of events that have no uuid of their own start so, and are shown without it. */
const HASH = 'sha256-';

/** @throws ConfigError naming the candidates */
export function findEvent(beside: Beside, prefix: string): FoundEvent {
  const rows = beside.read(() => {
    const found = startingWith(beside, prefix);
    return found.length > 0 ? found : startingWith(beside, `${HASH}${prefix}`);
  });
  const exact = rows.find((row) => row.id === prefix);
  const [first, ...others] = exact === undefined ? rows : [exact];
  if (first === undefined) throw notFound(prefix);
  if (others.length > 0) throw ambiguous(prefix, rows);
  return toFound(first);
}

/** As git does it: the first characters of an id, as many as no other event's id starts with. */
export function shortId(beside: Beside, id: string): string {
  const next = beside.sql('SELECT min(id) AS id FROM events WHERE id > ?').get(id);
  const last = beside.sql('SELECT max(id) AS id FROM events WHERE id < ?').get(id);
  const least = id.startsWith(HASH) ? HASH.length + SHORTEST : SHORTEST;
  const shared = Math.max(
    sharedLength(id, asOptionalText(next?.id)),
    sharedLength(id, asOptionalText(last?.id)),
  );
  return id.slice(0, Math.max(least, shared + 1));
}

function startingWith(beside: Beside, prefix: string): Row[] {
  // Ids are ASCII, so everything that starts with the prefix sorts before the prefix and a tilde.
  return beside
    .sql(
      `SELECT events.*, EXISTS (SELECT 1 FROM bundles WHERE bundles.id = events.bundle) AS kept
       FROM events WHERE id >= ? AND id < ? ORDER BY id LIMIT ?`,
    )
    .all(prefix, `${prefix}~`, CANDIDATES + 1);
}

function sharedLength(one: string, other: string | undefined): number {
  let length = 0;
  while (length < one.length && one[length] === other?.[length]) length += 1;
  return length;
}

function toFound(row: Row): FoundEvent {
  const bundle = row.kept === 1 ? asOptionalNumber(row.bundle) : undefined;
  return {
    seq: asNumber(row.seq),
    event: asText(row.id),
    ...texts({ eventType: row.type, published: row.published }),
    readAt: asNumber(row.read_at),
    ...numbers({ oktaMs: row.okta_ms, pollMs: row.poll_ms }),
    backfilled: row.source === SOURCES.backfill,
    ...(bundle === undefined
      ? {}
      : { place: { bundle, at: asNumber(row.at), size: asNumber(row.size) } }),
  };
}

function notFound(prefix: string): ConfigError {
  return new ConfigError([
    {
      where: 'event',
      message: `none has an id that starts with ${shownIdStart(prefix)}`,
      hint: 'Ids of events that no route wanted are kept for a day or so. See the others with: loghook deliveries',
    },
  ]);
}

function ambiguous(prefix: string, rows: readonly Row[]): ConfigError {
  const shown = rows.slice(0, CANDIDATES).map((row) => {
    const type = asOptionalText(row.type) ?? '(no type)';
    return `${asText(row.id)} (${type})`;
  });
  const several = rows.length > CANDIDATES ? 'many' : String(rows.length);
  return new ConfigError([
    {
      where: 'event',
      message: `"${prefix}" is the start of ${several} ids: ${shown.join(', ')}${rows.length > CANDIDATES ? ' …' : ''}`,
      hint: 'Write more of the id.',
    },
  ]);
}
