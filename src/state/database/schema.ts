/**
 * The tables of a state folder, and how an older folder becomes today's. A newer folder is refused: an old loghook
 * must never write what it does not understand.
 */
import { StateError } from '../../errors.ts';
import {
  asNumber,
  type Database,
  hintFor,
  inTransaction,
  isForNow,
  openDatabase,
} from './sqlite.ts';

export const SCHEMA_VERSION = 3;

/**
 * Version 1. `owed.due_at` is 0 for what was never tried (due at once, in log order) and an instant in ms for what is to be tried
 * again. An event's bytes lie in its bundle (see bundles.ts) for as long as an `owed` or `dead` row needs one of it.
 * Route 0 is no route: raw pieces of pages that could not be cut lie there as dead letters. `probe` means nothing: it is
 * written over, in its place, to see whether the disk takes writes.
 */
const VERSION_1 = `
  CREATE TABLE cursor (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    next_url TEXT NOT NULL, query TEXT NOT NULL, last_published_at INTEGER, read_at INTEGER NOT NULL
  );
  CREATE TABLE trouble (only INTEGER PRIMARY KEY CHECK (only = 1), what TEXT NOT NULL, since INTEGER NOT NULL);
  CREATE TABLE probe (only INTEGER PRIMARY KEY CHECK (only = 1), filler BLOB NOT NULL);
  CREATE TABLE routes (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, retired INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'flowing', why TEXT, since INTEGER, until INTEGER,
    last_delivered_at INTEGER, last_failed_at INTEGER, last_error TEXT
  );
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT, published TEXT, read_at INTEGER NOT NULL,
    bundle INTEGER, at INTEGER, size INTEGER
  );
  CREATE TABLE bundles (id INTEGER PRIMARY KEY, raw BLOB NOT NULL);
  CREATE TABLE bundle_refs (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL);
  CREATE TABLE owed (
    route INTEGER NOT NULL, due_at INTEGER NOT NULL, seq INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
    first_at INTEGER, last_at INTEGER, last_status INTEGER, last_why TEXT,
    PRIMARY KEY (route, due_at, seq)
  ) WITHOUT ROWID;
  CREATE TABLE dead (
    route INTEGER NOT NULL, seq INTEGER NOT NULL, died_at INTEGER NOT NULL, why TEXT NOT NULL,
    status INTEGER, attempts INTEGER NOT NULL, first_at INTEGER,
    PRIMARY KEY (route, seq)
  ) WITHOUT ROWID;
  CREATE TABLE ledger (
    seq INTEGER NOT NULL, route INTEGER NOT NULL, result TEXT NOT NULL, at INTEGER NOT NULL,
    first_at INTEGER, status INTEGER, attempts INTEGER NOT NULL, ms INTEGER,
    PRIMARY KEY (seq, route)
  ) WITHOUT ROWID;
  INSERT INTO probe (only, filler) VALUES (1, zeroblob(32768));
  INSERT INTO routes (id, key, name, retired) VALUES (0, '', '(unreadable pages)', 1);
`;

/**
 * Version 2. `owed.lane` is what a delivery must not overtake others of: in one lane all but the earliest wait with
 * `due_at` PARKED. `attempts` holds the failed ones and those before a replay; the attempt that delivered stands in the
 * ledger. `routes.ordered_by` is the order that lanes were made for. A bundle that nobody needs (refs = 0) is history:
 * it is kept for replays while there is room.
 */
const VERSION_2 = `
  ALTER TABLE owed ADD COLUMN lane TEXT;
  ALTER TABLE owed ADD COLUMN replay INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX owed_lane ON owed (route, lane, seq) WHERE lane IS NOT NULL;
  ALTER TABLE routes ADD COLUMN ordered_by TEXT;
  ALTER TABLE routes ADD COLUMN paused_at INTEGER;
  ALTER TABLE routes ADD COLUMN resumed_at INTEGER;
  ALTER TABLE routes ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE routes ADD COLUMN silent_since INTEGER;
  ALTER TABLE ledger ADD COLUMN dns_ms INTEGER;
  ALTER TABLE ledger ADD COLUMN connect_ms INTEGER;
  ALTER TABLE ledger ADD COLUMN tls_ms INTEGER;
  ALTER TABLE ledger ADD COLUMN first_byte_ms INTEGER;
  ALTER TABLE ledger ADD COLUMN answer BLOB;
  CREATE TABLE attempts (
    seq INTEGER NOT NULL, route INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL,
    result TEXT NOT NULL, status INTEGER, why TEXT, next_at INTEGER,
    dns_ms INTEGER, connect_ms INTEGER, tls_ms INTEGER, first_byte_ms INTEGER, answer BLOB,
    PRIMARY KEY (seq, route, n)
  ) WITHOUT ROWID;
  ALTER TABLE bundle_refs ADD COLUMN bytes INTEGER;
  UPDATE bundle_refs SET bytes = (SELECT length(raw) FROM bundles WHERE bundles.id = bundle_refs.id);
  CREATE INDEX bundle_history ON bundle_refs (id, bytes) WHERE refs = 0;
  CREATE TABLE gaps (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, from_at INTEGER, to_at INTEGER, why TEXT NOT NULL
  );
  CREATE UNIQUE INDEX gap_once ON gaps (kind, from_at);
`;

/**
 * Version 3: what audit, backfill and the parts of the delay need.
 *
 * What routes wanted. `configs` says which routes were in force since when: `routes` is JSON, a list of
 * { id, patterns }; `read_to`: what was published up to then had been read when the version came into force.
 * `events.config` is the one that an event was held against when it was read (null: before this version, or no event of
 * Okta's).
 *
 * What an audit can judge. `horizons.began_at`: what was published before may never have been read. `ledger_from`: of
 * what was published up to then the ledger may have forgotten. `judged_from`: of what was published up to then nobody
 * may be able to tell which routes wanted it. Routes up to the id `old_routes` were sent events by a loghook that did
 * not remember since when. `cursor.head_at`: when the log was last read to its end, by Okta's clock.
 *
 * What became of an event. `ledger.digest` is of the bytes that were sent. `replays` counts how often a person asked for
 * an event again: each allows one delivery more. `moves` says where a person moved to what a route was owed or had given
 * up; such a row goes with its event. `events.source` is one of SOURCES; `okta_ms` and `poll_ms`: how long Okta, and the
 * wait for our poll, kept it.
 *
 * Who reads besides the tail. `readers` are the processes that read Okta beside the daemon, with the share of the rate
 * limit that each was given. A backfill goes on at `next_url`; all of it was read when `ended_at` is set; its `routes`
 * is JSON, by route how many events it wanted and how many of these were owed.
 */
const VERSION_3 = `
  CREATE TABLE configs (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, query TEXT NOT NULL, routes TEXT NOT NULL, read_to INTEGER
  );
  CREATE TABLE horizons (
    only INTEGER PRIMARY KEY CHECK (only = 1), began_at INTEGER, ledger_from INTEGER, old_routes INTEGER
  );
  ALTER TABLE events ADD COLUMN config INTEGER;
  ALTER TABLE events ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE events ADD COLUMN okta_ms INTEGER;
  ALTER TABLE events ADD COLUMN poll_ms INTEGER;
  ALTER TABLE ledger ADD COLUMN digest BLOB;
  CREATE TABLE replays (
    seq INTEGER NOT NULL, route INTEGER NOT NULL, times INTEGER NOT NULL,
    PRIMARY KEY (seq, route)
  ) WITHOUT ROWID;
  INSERT INTO replays (seq, route, times)
    SELECT seq, route, count(*) FROM attempts WHERE result IN ('delivered', 'dead', 'expired') GROUP BY seq, route;
  CREATE TABLE readers (
    pid INTEGER PRIMARY KEY, what TEXT NOT NULL, share REAL NOT NULL, until INTEGER NOT NULL
  );
  CREATE TABLE backfills (
    id INTEGER PRIMARY KEY, asked TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
    next_url TEXT, read_to INTEGER, events INTEGER NOT NULL DEFAULT 0, owed INTEGER NOT NULL DEFAULT 0,
    routes TEXT NOT NULL DEFAULT '{}', started_at INTEGER NOT NULL, ended_at INTEGER
  );
  ALTER TABLE cursor ADD COLUMN head_at INTEGER;
  ALTER TABLE horizons ADD COLUMN judged_from INTEGER;
  CREATE TABLE moves (
    seq INTEGER NOT NULL, route INTEGER NOT NULL, to_route INTEGER NOT NULL,
    PRIMARY KEY (seq, route)
  ) WITHOUT ROWID;
`;

/** What makes each version out of the one before; the first makes it out of nothing. */
const UPGRADES: readonly string[] = [VERSION_1, VERSION_2, VERSION_3];

/**
 * What only makes looking faster came after its version was released: it is made where it is missing, and a loghook
 * that does not know it keeps it right, for SQLite does.
 */
const AIDS = `CREATE INDEX IF NOT EXISTS ledger_dropped ON ledger (route, at) WHERE result = 'dropped'`;

/** Where an event came from: `events.source`. */
export const SOURCES = { tail: 0, backfill: 1, news: 2 } as const;

/** The pseudo-route that raw pieces of unreadable pages are dead letters of. */
export const UNREADABLE = 0;

/** The due time of a delivery that waits for another of its lane: neither fresh nor late. */
export const PARKED = -1;
/** The due time of a delivery that another process owes again and the daemon has not found a lane for yet. */
export const UNPLACED = -2;

/**
 * 8 KB pages waste least with 2 KB events. An older file has them already, and would be written to by saying so: the
 * one that is damaged is to be left as it is, and a full disk is to be no hindrance.
 */
const FOR_A_NEW_FILE = 'PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;';

/**
 * Opens the database of a state folder, making or upgrading its tables.
 * @throws StateError when it cannot be opened, is damaged, or was written by a newer loghook.
 */
export function openState(path: string): Database {
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    const version = versionOf(database);
    refuseNewer(version, path);
    if (version === 0) database.exec(FOR_A_NEW_FILE);
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -16000;
      PRAGMA journal_size_limit = 67108864;
    `);
    prepareTables(database, path);
    makeAids(database);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof StateError) throw cause;
    throw new StateError(path, 'open the state', { cause, hint: hintFor(cause, path) });
  }
}

/** How long a command waits for the daemon's transactions, ms. */
const COMMAND_TIMEOUT_MS = 10_000;

export interface Access {
  readonly readOnly: boolean;
  /** How long it waits for other writers. The wait blocks the whole process: a daemon says less than a command does. */
  readonly patienceMs?: number;
}

/**
 * Opens an existing database as a second process, beside a daemon that writes or without one. An older one is upgraded,
 * which a daemon of its version does not mind. @throws StateError
 */
export function openStateBeside(
  path: string,
  { readOnly, patienceMs = COMMAND_TIMEOUT_MS }: Access,
): Database {
  let database: Database | undefined;
  try {
    database = openDatabase(path, { readOnly, timeout: patienceMs });
    const version = versionOf(database);
    refuseNewer(version, path);
    if (version > 0 && version < SCHEMA_VERSION) {
      database.close();
      database = openDatabase(path, { timeout: patienceMs });
      prepareTables(database, path);
    }
    if (!readOnly) database.exec('PRAGMA synchronous = FULL');
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof StateError) throw cause;
    throw new StateError(path, 'read the state', { cause, hint: hintFor(cause, path) });
  }
}

/** 0: it has no tables of ours. */
export function versionOf(database: Database): number {
  return Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
}

function refuseNewer(version: number, path: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new StateError(path, 'open the state', {
    cause: new Error(`its version is ${version}, this loghook knows up to ${SCHEMA_VERSION}`),
    hint: 'A newer loghook wrote it: run that one, or choose another folder with --state.',
  });
}

function prepareTables(database: Database, path: string): void {
  if (versionOf(database) === SCHEMA_VERSION) return;
  inTransaction(database, () => {
    // Looked at inside the transaction: another process may have been first.
    const version = versionOf(database);
    if (version === 0) refuseForeign(database, path);
    for (const upgrade of UPGRADES.slice(version)) database.exec(upgrade);
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  });
}

/** On a full disk it goes without. */
function makeAids(database: Database): void {
  try {
    database.exec(AIDS);
  } catch (error) {
    if (!isForNow(error)) throw error;
  }
}

function refuseForeign(database: Database, path: string): void {
  const row = database.prepare('SELECT count(*) AS tables FROM sqlite_master').get();
  if (asNumber(row?.tables) === 0) return;
  throw new StateError(path, 'open the state', {
    cause: new Error('it is a database of another program'),
    hint: 'Choose another folder with --state.',
  });
}
