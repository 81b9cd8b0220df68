/** A command's log: JSON lines, or the same lines drawn for a terminal. */
import type { LogFormat } from '../config/settings.ts';
import { type Log, type LogLevel, openLog } from '../log.ts';
import type { Output } from './io.ts';
import { Terminal } from './terminal.ts';

export function openCommandLog(level: LogLevel, format: LogFormat, output: Output): Log {
  if (format === 'pretty') return openLog(level, new Terminal(output));
  return openLog(level, output.fd === undefined ? output : { fd: output.fd });
}
