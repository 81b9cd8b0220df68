/** Whether anything in a folder has changed. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

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
