/** Whether anything in a folder has changed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openDatabase } from '../../src/state/database/sqlite.ts';

const NOTHING_LEFT_OUT = { maxArrayLength: null, maxStringLength: null } as const;

/** Names and bytes of all files below that `counts`. */
export function hashOf(folder: string, counts = (_path: string) => true): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    if (statSync(path).isFile() && counts(path)) hash.update(name).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** Without what SQLite keeps of who reads: its index of the log in memory, and a log with nothing in it. */
export function contentOf(folder: string): string {
  return hashOf(folder, (path) => !path.endsWith('-shm') && statSync(path).size > 0);
}

/** What a database says of anything but who reads Okta, which commands note there that change nothing else. */
export function factsOf(path: string): string {
  const database = openDatabase(path, { readOnly: true });
  try {
    const hash = createHash('sha256');
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    for (const { name } of tables) {
      if (name === 'readers') continue;
      const rows = database.prepare(`SELECT * FROM "${name}"`).all();
      hash.update(`${name}`).update(inspect(rows, NOTHING_LEFT_OUT));
    }
    return hash.digest('hex');
  } finally {
    database.close();
  }
}
