/**
 * What a command has that reads a stretch of the log to its end: how far it has come on the last line of the terminal,
 * the command's log above that, and the signals that end it early.
 */
import type { Clock } from '../../clock.ts';
import type { Settings } from '../../config/config.ts';
import type { SystemLog } from '../../okta/system-log.ts';
import { type Io, startedFromTerminal } from '../io.ts';
import { sayNotes } from '../notes.ts';
import { listenForSignals } from '../signals.ts';
import { type Asking, openSystemLog } from '../system-log.ts';
import { openCommandLog } from '../terminal/command-log.ts';
import { Progress } from './progress.ts';

interface BoundedReadOptions {
  readonly settings: Settings;
  /** Goes before the filter of the settings, even where it is undefined. */
  readonly filter: string | undefined;
  /** What a person should know at the start. */
  readonly notes: readonly string[];
  /** Of a process that a second signal ends at once. */
  readonly exitCode: number;
  readonly rate?: Pick<Asking, 'rateShare' | 'rateReserve' | 'onWait'>;
  readonly clock: Clock;
  readonly io: Io;
}

interface BoundedRead {
  readonly progress: Progress;
  readonly systemLog: SystemLog;
  /** Aborts when a signal asks it to stop. */
  readonly stop: AbortSignal;
  close(): Promise<void>;
}

export function openBoundedRead(options: BoundedReadOptions): BoundedRead {
  const { settings, filter, notes, exitCode, rate, clock, io } = options;
  const progress = new Progress(io.stderr);
  const log = openCommandLog(settings, progress.isTTY ? progress : io.stderr, io.env);
  sayNotes(log, notes);
  const asking = { ...rate, version: io.version, clock, log };
  const systemLog = openSystemLog({ ...settings, filter }, asking);
  const { soft, release } = listenForSignals({
    fromTerminal: startedFromTerminal(io),
    onReload: () => undefined,
    exit: () => process.exit(exitCode),
  });
  return {
    progress,
    systemLog,
    stop: soft,
    close: () => {
      progress.end();
      release();
      return systemLog.close();
    },
  };
}
