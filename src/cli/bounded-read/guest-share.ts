/**
 * The part of Okta's rate limit for a command that needs no state: where a daemon runs on the org's, it says there that it
 * reads too, as a backfill does. Where none runs it opens nothing and makes nothing. What keeps it from saying so is no
 * error: it then takes little, for the daemon does not know of it.
 */
import type { Clock } from '../../clock.ts';
import { codeOf, StateError } from '../../errors.ts';
import { Beside } from '../../state/beside/beside.ts';
import { openReader, type Reader, WHOLE_SHARE } from '../../state/beside/readers.ts';
import { holderOf, lookAtLock } from '../../state/database/folder.ts';
import { NOTICED_MS, type RateShare } from './rate-share.ts';

const UNKNOWN_SHARE = WHOLE_SHARE / 5;
/** The wait for the daemon's transactions stops the whole command. */
const PATIENCE_MS = 2_000;
const TRY_AGAIN_MS = 60_000;

interface Guest {
  /** The org's own, of the state, whether or not there is one; undefined: there can be none. */
  readonly folder: string | undefined;
  /** Who reads: in words. */
  readonly what: string;
  /** The part (0..1) that it takes where no daemon runs, and never more. */
  readonly alone?: number;
  readonly clock: Clock;
}

/** Resolves when a daemon that runs has given up its part, or `signal` aborts. */
export async function openGuestShare(guest: Guest, signal: AbortSignal): Promise<RateShare> {
  const share = new GuestShare(guest);
  share.now();
  if (share.isKnown) await guest.clock.sleep(NOTICED_MS, signal);
  return share;
}

/** What a daemon knows of us: in the state that it had open when we told it. */
interface Seat {
  readonly daemon: number;
  readonly beside: Beside;
  readonly reader: Reader;
}

class GuestShare implements RateShare {
  readonly #guest: Guest;
  readonly #alone: number;
  #seat: Seat | undefined;
  #tryAt = Number.NEGATIVE_INFINITY;

  constructor(guest: Guest) {
    this.#guest = guest;
    this.#alone = guest.alone ?? WHOLE_SHARE;
  }

  get isKnown(): boolean {
    return this.#seat !== undefined;
  }

  now(): number {
    const daemon = daemonIn(this.#guest.folder);
    if (typeof daemon === 'number' && daemon !== this.#seat?.daemon) this.#sitDown(daemon);
    const runs = daemon === 'none' ? 'none' : 'runs';
    const share = this.#orLeave((reader, now) => reader.share(now, runs));
    const unsaid = runs === 'none' ? this.#alone : UNKNOWN_SHARE;
    return Math.min(this.#alone, share ?? unsaid);
  }

  close(): void {
    this.#orLeave((reader, now) => reader.close(now));
    this.#leave();
  }

  #sitDown(daemon: number): void {
    const { folder, what, clock } = this.#guest;
    this.#leave();
    if (folder === undefined || clock.monotonic() < this.#tryAt) return;
    let beside: Beside | undefined;
    try {
      beside = new Beside(folder, { readOnly: false, patienceMs: PATIENCE_MS });
      const reader = openReader(beside, { pid: process.pid, what, now: clock.now() });
      this.#seat = { daemon, beside, reader };
    } catch (error) {
      beside?.close();
      this.#failed(error);
    }
  }

  /** Undefined where the daemon does not know of us. */
  #orLeave<T>(ask: (reader: Reader, now: number) => T): T | undefined {
    try {
      return this.#seat && ask(this.#seat.reader, this.#guest.clock.now());
    } catch (error) {
      this.#leave();
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    if (!(error instanceof StateError)) throw error;
    this.#tryAt = this.#guest.clock.monotonic() + TRY_AGAIN_MS;
  }

  #leave(): void {
    this.#seat?.beside.close();
    this.#seat = undefined;
  }
}

/** Its pid; hidden: we may not look. */
function daemonIn(folder: string | undefined): number | 'hidden' | 'none' {
  if (folder === undefined) return 'none';
  try {
    return lookAtLock(folder).kind === 'hidden' ? 'hidden' : (holderOf(folder) ?? 'none');
  } catch (error) {
    // The lock of another user can be seen, and its pid not.
    if (codeOf(error) === undefined) throw error;
    return 'hidden';
  }
}
