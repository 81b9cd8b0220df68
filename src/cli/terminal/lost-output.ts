/**
 * What a command prints is its result: where a full disk does not take it, a file that is cut short would pass for a
 * secret, a signature or a list. It is said at the end, and is no success. A reader that has gone wanted no more.
 */
import { codeOf, reasonOf } from '../../errors.ts';
import { EXIT } from '../exit.ts';

const GONE = ['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'];

/** Whether a write failed only because nobody is there to read. */
export function isReaderGone(error: Error): boolean {
  return GONE.includes(codeOf(error) ?? '');
}

/** Call once, before anything is written. */
export function mindOutput(): void {
  let lost: Error | undefined;
  process.stdout.on('error', (error) => {
    if (!isReaderGone(error)) lost ??= error;
  });
  process.on('exit', (code) => {
    if (lost === undefined || code !== EXIT.asAsked) return;
    process.stderr.write(`loghook: could not write to standard output (${reasonOf(lost)})\n`);
    process.stderr.write('  → What was printed is not whole. Make room, and ask again.\n');
    process.exitCode = EXIT.state;
  });
}
