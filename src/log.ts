/**
 * The one log. Lines are JSON (a fixed lower-case message, everything else in fields); a terminal gets the same lines
 * drawn by the writer that the command line hands in. Writing never throws: a closed terminal must not stop deliveries.
 */
import { type Logger, pino } from 'pino';

export type Log = Logger;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Takes whole lines. What goes to `fd` is written at the end of each turn of the event loop, and at exit. */
type LogTarget = { readonly fd: number } | { write(line: string): void };

/** More than this is written at once, in the middle of a turn. */
const BUFFERED_CHARACTERS = 15 * 1024;

export function openLog(level: LogLevel, target: LogTarget): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!('fd' in target)) return pino(options, target);
  const log = pino(
    options,
    turnByTurn(target.fd, () => {
      log.level = 'silent';
    }),
  );
  return log;
}

/** A busy daemon writes hundreds of lines a turn: one system call for all of them, and none waits longer. */
function turnByTurn(fd: number, onClosed: () => void): { write(line: string): void } {
  const file = pino.destination({ dest: fd, sync: true });
  // EPIPE and EIO: whoever read the log is gone. Going on without it is the point.
  let isClosed = false;
  file.on('error', () => {
    isClosed = true;
    onClosed();
  });
  let lines = '';
  const flush = () => {
    if (lines === '') return;
    const written = lines;
    lines = '';
    file.write(written);
  };
  process.on('exit', flush);
  return {
    write: (line) => {
      if (isClosed) return; // those of an org have a level of their own
      if (lines === '') setImmediate(flush);
      lines += line;
      if (lines.length >= BUFFERED_CHARACTERS) flush();
    },
  };
}

/** For tests and for embedding: keeps nothing. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
