/** A small disk of the soak's own: a tmpfs in a mount namespace, where the machine allows that. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILLER = 'filler';
const PIECE = 16 * 1024 * 1024;
/** What `mount` says when it may not. */
export const NO_MOUNT = 99;

/** Runs `file` with `folder` as its argument, on a disk of so many MB. Resolves to its exit code, NO_MOUNT if there can be none. */
export function onDiskOf(megabytes: number, file: string, folder: string): Promise<number> {
  const namespaces = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
  const script = `mount -t tmpfs -o size="$1" tmpfs "$2" 2>/dev/null || exit ${NO_MOUNT}; exec "$3" --enable-source-maps "$4" "$2"`;
  const args = ['sh', '-c', script, 'sh', `${megabytes}m`, folder, process.execPath, file];
  const child = spawn('unshare', [...namespaces, ...args], { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', () => resolve(NO_MOUNT));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

/** Not a byte is left. */
export function fillDisk(disk: string): void {
  mkdirSync(join(disk, FILLER), { recursive: true });
  for (let n = 0; ; n += 1) {
    const { bavail, bsize } = statfsSync(disk);
    if (bavail === 0) return;
    try {
      writeFileSync(join(disk, FILLER, String(n)), Buffer.alloc(Math.min(PIECE, bavail * bsize)));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') continue; // the daemon writes too
      throw error;
    }
  }
}

export function makeRoom(disk: string): void {
  rmSync(join(disk, FILLER), { recursive: true, force: true });
}
