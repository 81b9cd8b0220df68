/**
 * The one log. Lines are JSON (a fixed lower-case message, everything else in fields); a terminal gets the same lines
 * drawn by the writer that the command line hands in. Writing never throws: a closed terminal must not stop deliveries.
 */
import { type Logger, pino } from 'pino';

export type Log = Logger;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Takes whole lines; `fd` is written synchronously. */
export type LogTarget = { readonly fd: number } | { write(line: string): void };

export function openLog(level: LogLevel, target: LogTarget): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!('fd' in target)) return pino(options, target);
  const destination = pino.destination({ dest: target.fd, sync: true });
  destination.on('error', () => {
    // EPIPE and EIO: whoever read the log is gone. Going on without it is the point.
    options.level = 'silent';
    log.level = 'silent';
  });
  const log = pino(options, destination);
  return log;
}

/** For tests and for embedding: keeps nothing. */
export function silentLog(): Log {
  return pino({ level: 'silent' });
}
