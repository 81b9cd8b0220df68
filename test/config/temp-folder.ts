/** Real files for tests of what is read from disk. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder of the test's own, removed when the test ends. */
export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'loghook-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes `content` and returns its path. */
export function file(folder: string, name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Runs `run` while the file may not be read: root may read all, so it acts as another user meanwhile. */
export function withoutPermission<T>(path: string, run: () => T): T {
  const giveBack = takePermission(path);
  try {
    return run();
  } finally {
    giveBack();
  }
}

export async function withoutPermissionUntil<T>(path: string, run: () => Promise<T>): Promise<T> {
  const giveBack = takePermission(path);
  try {
    return await run();
  } finally {
    giveBack();
  }
}

function takePermission(path: string): () => void {
  chmodSync(path, 0o000);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  return () => {
    if (isRoot) process.seteuid?.(0);
    chmodSync(path, 0o600);
  };
}
