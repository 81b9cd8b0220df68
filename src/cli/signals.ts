/**
 * Signals, for as long as a daemon runs. The first SIGTERM or SIGINT asks for a soft stop, the second ends the process
 * at once. SIGHUP reloads the routes, unless we were started from a terminal: then the terminal is gone, and it stops.
 */
import { setMaxListeners } from 'node:events';

interface SignalHandlers {
  readonly fromTerminal: boolean;
  readonly onReload: () => void;
  /** Ends the process now. */
  readonly exit: () => void;
}

export interface StopSignals {
  readonly soft: AbortSignal;
  readonly hard: AbortSignal;
  /** As if a first SIGTERM had come. */
  stop(): void;
  /** Gives the signals back. */
  release(): void;
}

export function listenForSignals(handlers: SignalHandlers): StopSignals {
  const soft = new AbortController();
  const hard = new AbortController();
  setMaxListeners(0, soft.signal, hard.signal); // every org of the process listens
  const stop = () => {
    if (soft.signal.aborted) {
      hard.abort();
      handlers.exit();
    }
    soft.abort();
  };
  const hangUp = handlers.fromTerminal ? () => soft.abort() : handlers.onReload;
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', hangUp);
  return {
    soft: soft.signal,
    hard: hard.signal,
    stop: () => soft.abort(),
    release: () => {
      process.off('SIGTERM', stop);
      process.off('SIGINT', stop);
      process.off('SIGHUP', hangUp);
    },
  };
}
