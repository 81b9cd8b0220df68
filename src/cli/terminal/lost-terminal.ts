/**
 * What it takes to outlive one's terminal. Writing to one that is gone fails with EIO, to a pipe that is gone with
 * EPIPE; and Node aborts at its very end (SIGABRT, a core dump) when a standard stream that was a terminal no longer is:
 * ResetStdio in https://github.com/nodejs/node/blob/main/src/node.cc takes no other failure of tcsetattr than EPERM.
 */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** Call once, before anything is written. */
export function outliveTerminal(): void {
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on('exit', () => {
    for (const fd of terminals) if (!isatty(fd)) replaceByNull(fd);
  });
}

/** Another file under the same number is left alone by Node; a file that is opened gets the lowest free number. */
function replaceByNull(fd: number): void {
  closeSync(fd);
  openSync('/dev/null', 'r+');
}
