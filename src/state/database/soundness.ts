/** Whether a state folder's database is sound, looked at beside a running daemon or without one. It changes nothing. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, reasonOf, StateError } from '../../errors.ts';
import { DATABASE_FILE } from './folder.ts';
import { SCHEMA_VERSION, versionOf } from './schema.ts';
import { asNumber, asText, type Database, hintFor, openDatabase } from './sqlite.ts';

export type Soundness =
  | { readonly kind: 'none' }
  | { readonly kind: 'unreadable'; readonly error: StateError }
  /** Of another schema than this loghook's. */
  | { readonly kind: 'newer' | 'older'; readonly version: number; readonly known: number }
  | {
      readonly kind: 'read';
      readonly bytes: number;
      /** Of the write-ahead log beside it. */
      readonly walBytes: number;
      /** What SQLite says is wrong with it. */
      readonly damage?: string;
      /** The events' bytes were left out: there are too many to look through while somebody waits. */
      readonly isPartly: boolean;
    };

/** About what a slow disk reads in two seconds. */
const WHOLE_BYTES = 256_000_000;
const LARGE_TABLE = 'bundles';
const TIMEOUT_MS = 1_000;

export function soundnessOf(folder: string): Soundness {
  const path = join(folder, DATABASE_FILE);
  let database: Database | undefined;
  try {
    // Before it is opened: SQLite empties a log that nobody needs.
    const bytes = sizeOf(path);
    if (bytes === undefined) return { kind: 'none' };
    const sizes = { bytes, walBytes: sizeOf(`${path}-wal`) ?? 0 };
    database = openDatabase(path, { readOnly: true, timeout: TIMEOUT_MS });
    return looked(database, path, sizes);
  } catch (cause) {
    const error = new StateError(path, 'read the state', { cause, hint: hintFor(cause, path) });
    return { kind: 'unreadable', error };
  } finally {
    database?.close();
  }
}

function looked(
  database: Database,
  path: string,
  sizes: { readonly bytes: number; readonly walBytes: number },
): Soundness {
  const version = versionOf(database);
  const known = SCHEMA_VERSION;
  if (version === 0) return withoutVersion(database, path);
  if (version !== known) return { kind: version > known ? 'newer' : 'older', version, known };
  const isPartly = sizes.bytes > WHOLE_BYTES;
  const damage = damageIn(database, isPartly);
  return { kind: 'read', ...sizes, isPartly, ...(damage !== undefined && { damage }) };
}

/** A daemon that was killed while it made the file leaves it empty; the next one goes on with it. */
function withoutVersion(database: Database, path: string): Soundness {
  const tables = asNumber(database.prepare('SELECT count(*) AS n FROM sqlite_master').get()?.n);
  if (tables === 0) return { kind: 'none' };
  const cause = new Error('it is a database of another program');
  const hint = 'Choose another folder with --state.';
  return { kind: 'unreadable', error: new StateError(path, 'read the state', { cause, hint }) };
}

function damageIn(database: Database, isPartly: boolean): string | undefined {
  try {
    const checks = isPartly ? tablesOf(database).map(quickCheck) : ['PRAGMA quick_check(1)'];
    const said = checks.map((sql) => asText(database.prepare(sql).get()?.quick_check));
    return said.find((words) => words !== 'ok');
  } catch (error) {
    return reasonOf(error);
  }
}

function tablesOf(database: Database): string[] {
  return database
    .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> ?")
    .all(LARGE_TABLE)
    .map((row) => asText(row.name));
}

function quickCheck(table: string): string {
  return `PRAGMA quick_check("${table.replaceAll('"', '""')}")`;
}

/** Undefined where there is no such file. */
function sizeOf(path: string): number | undefined {
  try {
    return statSync(path).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
