/** A folder of one test's own, taken away after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export function tempFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'loghook-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
