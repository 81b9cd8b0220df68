/**
 * The part of Okta's rate limit that a command may use beside a daemon and other commands of the same state folder.
 * They come and go, so it is asked for anew with each page.
 */
import type { Clock } from '../../clock.ts';
import type { Beside } from '../../state/beside/beside.ts';
import { openReader } from '../../state/beside/readers.ts';
import { holderOf } from '../../state/database/folder.ts';

/** A daemon looks once a second who else reads. */
export const NOTICED_MS = 1_500;

export interface RateShare {
  /** 0..1 */
  now(): number;
  close(): void;
}

/** The org's own state, and who reads beside it: in words. */
interface SharedState {
  readonly beside: Beside;
  readonly folder: string;
  readonly what: string;
  readonly clock: Clock;
}

/** Resolves when a daemon that runs has given up its part, or `signal` aborts. @throws StateError */
export async function openRateShare(
  { beside, folder, what, clock }: SharedState,
  signal: AbortSignal,
): Promise<RateShare> {
  const reader = openReader(beside, { pid: process.pid, what, now: clock.now() });
  if (daemonOf(folder) === 'runs') await clock.sleep(NOTICED_MS, signal);
  return {
    now: () => reader.share(clock.now(), daemonOf(folder)),
    close: () => reader.close(clock.now()),
  };
}

function daemonOf(folder: string): 'runs' | 'none' {
  return holderOf(folder) === undefined ? 'none' : 'runs';
}
