/**
 * A state folder and its lock. One daemon a folder: the lock is an exclusive transaction held on a second SQLite file,
 * so the kernel frees it the moment the process dies, however it dies.
 */
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { codeOf, reasonOf, StateError } from '../../errors.ts';
import { OwnFiles } from './own-files.ts';
import { type Database, hintFor, isBusy, isNoDatabase, openDatabase } from './sqlite.ts';

export const DATABASE_FILE = 'state.db';
const LOCK_FILE = 'lock.db';
const PID_FILE = 'loghook.pid';

/** Makes the folder (0700) if there is none. @throws StateError */
export function makeFolder(folder: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) chmodSync(folder, 0o700);
  } catch (cause) {
    const hint =
      codeOf(cause) === 'ENOSPC'
        ? 'Free some space on that disk.'
        : 'Choose a folder that you may write to with --state or LOGHOOK_STATE.';
    throw new StateError(folder, 'make the state folder', { cause, hint });
  }
}

export interface FolderLock {
  /** @throws StateError when what is open does not lie in the folder any more. */
  check(): void;
  release(): void;
}

/** @throws StateError naming the other process when a daemon holds the folder already. */
export function lockFolder(folder: string, pid: number): FolderLock {
  const path = join(folder, LOCK_FILE);
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
    writeFileSync(join(folder, PID_FILE), `${pid}\n`, { mode: 0o600 });
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) throw heldByAnother(folder, cause);
    const hint = isNoDatabase(cause) ? LOCK_HINT : hintFor(cause, path);
    throw new StateError(path, 'lock', { cause, hint });
  }
  const held = database;
  const files = new OwnFiles([path, join(folder, DATABASE_FILE)]);
  return { check: () => files.check(), release: () => held.close() };
}

/** What to do about a lock's file that is damaged. */
export const LOCK_HINT =
  'It holds nothing but the lock: while no loghook runs on this folder, remove it. Nothing is lost by that.';

type LockLook =
  | { readonly kind: 'sound' }
  /** `why` is to be said of the file. */
  | { readonly kind: 'damaged'; readonly path: string; readonly why: string }
  /** We may not read it: who holds it cannot be seen. */
  | { readonly kind: 'hidden'; readonly why: string };

const SQLITE_HEAD = 'SQLite format 3\0';

/** Looks at the lock's file as a file alone, and takes nothing. One that is not there, or empty, is as good as new. */
export function lookAtLock(folder: string): LockLook {
  const path = join(folder, LOCK_FILE);
  try {
    const { size } = statSync(path);
    const head = size === 0 ? SQLITE_HEAD : headOf(path, SQLITE_HEAD.length);
    if (head === SQLITE_HEAD) return { kind: 'sound' };
    return { kind: 'damaged', path, why: 'is not a database' };
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (['ENOENT', 'ENOTDIR'].includes(code)) return { kind: 'sound' };
    if (code === 'EISDIR') return { kind: 'damaged', path, why: 'is a folder' };
    return { kind: 'hidden', why: reasonOf(error) };
  }
}

function headOf(path: string, length: number): string {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(length);
    return head.toString('latin1', 0, readSync(file, head));
  } finally {
    closeSync(file);
  }
}

/** The pid of the daemon that holds the folder, or undefined when none does. Takes nothing. */
export function holderOf(folder: string): number | undefined {
  let database: Database | undefined;
  try {
    database = openDatabase(join(folder, LOCK_FILE), { readOnly: true });
    database.exec('PRAGMA busy_timeout = 0');
    database.prepare('SELECT count(*) FROM sqlite_master').get();
    return undefined;
  } catch (error) {
    return isBusy(error) ? pidIn(folder) : undefined;
  } finally {
    database?.close();
  }
}

function pidIn(folder: string): number | undefined {
  try {
    return Number(readFileSync(join(folder, PID_FILE), 'utf8').trim()) || undefined;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function heldByAnother(folder: string, cause: unknown): StateError {
  const pid = pidIn(folder);
  const who = pid === undefined ? 'another loghook' : `another loghook (pid ${pid})`;
  return new StateError(folder, `start: ${who} holds the state folder`, {
    cause,
    hint: 'One daemon a folder. Stop that one, or give this one a folder of its own with --state.',
  });
}
