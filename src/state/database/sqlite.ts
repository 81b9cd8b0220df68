/**
 * SQLite as this room uses it: Node's own module where there is one, else the package that mirrors it (Node 20).
 * Nothing outside state/ knows which.
 */
import { createRequire } from 'node:module';
import { codeOf, StateError } from '../../errors.ts';
import { prepareNumbered } from './numbered.ts';

export type SqlValue = null | number | string | Uint8Array;
export type Row = Record<string, SqlValue>;

export interface Statement {
  run(...values: SqlValue[]): { readonly changes: number | bigint };
  get(...values: SqlValue[]): Row | undefined;
  all(...values: SqlValue[]): Row[];
}

export interface Database {
  exec(sql: string): void;
  /** Each text is prepared once. */
  prepare(sql: string): Statement;
  close(): void;
}

type DatabaseConstructor = new (
  path: string,
  options?: { readonly readOnly?: boolean },
) => Database;

/** How long a writer waits for another process (a `dead replay`, say). The wait blocks the whole process. */
const BUSY_TIMEOUT_MS = 500;

/** Result codes of https://www.sqlite.org/rescode.html; the low byte is the primary code. */
const SQLITE_ERROR = 1;
const SQLITE_BUSY = 5;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
/** An extended one: no room for the shared memory beside the write-ahead log. */
const SQLITE_IOERR_SHMSIZE = 4874;

/** By SQLite's own words (sqlite3ErrStr in its main.c): the package for Node 20 leaves the code out of what `all` throws. */
const WORDS: ReadonlyMap<string, number> = new Map([
  ['database is locked', SQLITE_BUSY],
  ['attempt to write a readonly database', SQLITE_READONLY],
  ['disk I/O error', SQLITE_IOERR],
  ['database disk image is malformed', SQLITE_CORRUPT],
  ['database or disk is full', SQLITE_FULL],
  ['unable to open database file', SQLITE_CANTOPEN],
  ['file is not a database', SQLITE_NOTADB],
]);

/** What the file system says, as SQLite would say it. */
const FILE_ERRORS: ReadonlyMap<string, number> = new Map([
  ['ENOSPC', SQLITE_FULL],
  ['EROFS', SQLITE_READONLY],
  ['EACCES', SQLITE_CANTOPEN],
  ['EPERM', SQLITE_CANTOPEN],
]);

let DatabaseSync: DatabaseConstructor | undefined;

/** @throws StateError when this Node has no SQLite and the optional package is not installed. */
export function openDatabase(
  path: string,
  { readOnly = false, timeout = BUSY_TIMEOUT_MS } = {},
): Database {
  DatabaseSync ??= loadSqlite();
  const database = new DatabaseSync(path, { readOnly });
  // Not the constructor's `timeout`: Node 22.13 to 22.15 do not know it, and say nothing.
  database.exec(`PRAGMA busy_timeout = ${timeout}`);
  const prepared = new Map<string, Statement>();
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const known = prepared.get(sql);
      if (known !== undefined) return known;
      const statement = prepareNumbered(sql, (plain) => database.prepare(plain));
      prepared.set(sql, statement);
      return statement;
    },
    close: () => {
      // The package keeps the file open until the last statement is collected as garbage; Node's own does not.
      prepared.clear();
      database.close();
    },
  };
}

function loadSqlite(): DatabaseConstructor {
  const require = createRequire(import.meta.url);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const builtIn = major > 22 || (major === 22 && minor >= 13);
  try {
    // node:sqlite is experimental before Node 24 and says so on stderr; its file format is SQLite's own.
    const loaded = builtIn
      ? withoutWarning(() => require('node:sqlite'))
      : require('@photostructure/sqlite');
    return loaded.DatabaseSync;
  } catch (cause) {
    throw new StateError('SQLite', 'load', {
      cause,
      hint: 'Install Node 22.13 or newer, or reinstall loghook without --omit=optional.',
    });
  }
}

function withoutWarning<T>(load: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function extendedCode(error: unknown): number {
  if (codeOf(error) !== 'ERR_SQLITE_ERROR' || !(error instanceof Error)) return -1;
  const code = 'errcode' in error ? error.errcode : WORDS.get(error.message);
  return typeof code === 'number' ? code : SQLITE_ERROR;
}

function primaryCode(error: unknown): number {
  const code = extendedCode(error);
  return code === -1 ? -1 : code & 0xff;
}

/** The disk is full, refuses to write or another process holds the lock: worth waiting for, the file is as it was. */
export function isForNow(error: unknown): boolean {
  return isFull(error) || isBusy(error) || primaryCode(error) === SQLITE_IOERR;
}

export function isFull(error: unknown): boolean {
  return primaryCode(error) === SQLITE_FULL;
}

/** As `isFull`, also for what the file system itself said, and where there was no room to open. */
export function isDiskFull(error: unknown): boolean {
  return (
    isFull(error) || extendedCode(error) === SQLITE_IOERR_SHMSIZE || codeOf(error) === 'ENOSPC'
  );
}

/** The file holds no database, or a damaged one. */
export function isNoDatabase(error: unknown): boolean {
  return primaryCode(error) === SQLITE_NOTADB || primaryCode(error) === SQLITE_CORRUPT;
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === SQLITE_BUSY;
}

/** What a person should know about a database error, beside its text. */
export function hintFor(error: unknown, path: string): string {
  switch (FILE_ERRORS.get(codeOf(error) ?? '') ?? primaryCode(error)) {
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return `Check who owns ${path} and its folder, and that the disk is not mounted read-only.`;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return `The file is damaged. It is left as it is: move it away to start anew, or restore it from a backup.`;
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return `Free some space on the disk that holds ${path}.`;
    case SQLITE_BUSY:
      return 'Another process is writing to it; try again.';
    default:
      return `See the cause above; the file is ${path}.`;
  }
}

/** What is not the database's own (a bug in who called) stays what it is. */
export function stateErrorOf(path: string, doing: string, cause: unknown): unknown {
  if (primaryCode(cause) === -1 || cause instanceof StateError) return cause;
  return new StateError(path, doing, { cause, hint: hintFor(cause, path) });
}

/** All of `work` or, when it or the commit throws, none of it. */
export function inTransaction(database: Database, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** Ends a transaction that is open, if one is. */
export function rollback(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // A full disk makes SQLite roll back by itself; there is then nothing left to roll back.
  }
}

/** A stored blob as a Buffer over the same memory. */
export function asBuffer(value: SqlValue | undefined): Buffer {
  if (!(value instanceof Uint8Array)) throw new TypeError(`expected a blob, got ${typeof value}`);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

export function asNumber(value: SqlValue | undefined): number {
  if (typeof value !== 'number') throw new TypeError(`expected a number, got ${typeof value}`);
  return value;
}

export function asText(value: SqlValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError(`expected a text, got ${typeof value}`);
  return value;
}

export function asOptionalNumber(value: SqlValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function asOptionalText(value: SqlValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
