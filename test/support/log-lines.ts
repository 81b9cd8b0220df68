/** A log that keeps its lines. */
import { type Log, openLog } from '../../src/log.ts';

export interface LogLine extends Readonly<Record<string, unknown>> {
  readonly level: number;
  readonly msg: string;
}

export function keptLog(): { readonly log: Log; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return { lines, log: openLog('trace', { write: (line) => void lines.push(JSON.parse(line)) }) };
}
