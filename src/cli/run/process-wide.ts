/**
 * What the sessions of one process share, whatever their number: the signals, and what systemd is told. READY goes out
 * when the first of them begins; the watchdog is answered while all of them turn.
 */
import type { Clock } from '../../clock.ts';
import type { Stop } from '../../daemon.ts';
import type { Log } from '../../log.ts';
import { openServiceNotifier, type ServiceNotifier } from '../../status/systemd.ts';
import { EXIT } from '../exit.ts';
import { type Io, startedFromTerminal } from '../io.ts';
import { listenForSignals } from '../signals.ts';

interface ProcessWideOptions {
  readonly io: Io;
  readonly log: Log;
  readonly clock: Clock;
  readonly isAlive: () => boolean;
  /** On SIGHUP. */
  readonly onReload: () => void;
  /** Stops it instead of the process's signals. */
  readonly stop?: Stop | undefined;
}

export interface ProcessWide {
  readonly stop: Stop;
  readonly notifier: ServiceNotifier;
  /** Gives the signals back. Never rejects. */
  close(): Promise<void>;
}

export function openProcessWide(options: ProcessWideOptions): ProcessWide {
  const { io, log, clock, isAlive, onReload } = options;
  const notifier = openServiceNotifier({
    environment: io.env,
    clock,
    log,
    pid: process.pid,
    isAlive,
  });
  const stop: Stop & { readonly release?: () => void } =
    options.stop ??
    listenForSignals({
      fromTerminal: startedFromTerminal(io),
      onReload,
      exit: () => process.exit(EXIT.asAsked),
    });
  stop.soft.addEventListener('abort', () => {
    log.info({}, 'stopping');
    notifier.stopping();
  });
  return {
    stop,
    notifier,
    close: async () => {
      stop.release?.();
      await notifier.close();
    },
  };
}
