/** A command's log: JSON lines, or the same lines drawn for a terminal. */
import type { LogFormat } from '../../config/settings.ts';
import { type Log, type LogLevel, openLog } from '../../log.ts';
import { type Io, type Output, wantsColours } from '../io.ts';
import { Terminal } from './terminal.ts';

export function openCommandLog(
  { logLevel, logFormat }: { readonly logLevel: LogLevel; readonly logFormat: LogFormat },
  output: Output,
  env: Io['env'],
): Log {
  if (logFormat === 'pretty') {
    return openLog(logLevel, new Terminal(output, wantsColours(output, env)));
  }
  return openLog(logLevel, output.fd === undefined ? output : { fd: output.fd });
}
