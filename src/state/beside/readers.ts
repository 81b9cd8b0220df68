/**
 * Who reads Okta beside the daemon, so that all of them together keep to one share of the rate limit: while there are
 * readers, the daemon gives up half of its own. Nobody waits for anybody: each looks now and then, and a reader that
 * died is forgotten soon.
 */
import { codeOf } from '../../errors.ts';
import { asNumber, asText, type Statement } from '../database/sqlite.ts';
import type { Beside } from './beside.ts';

/** Of the rate limit, for all processes of a state folder together. */
export const WHOLE_SHARE = 0.5;
/** What all readers have of it together, beside a daemon. */
const READERS_SHARE = 0.25;
/** A reader that says nothing for so long is gone. */
const KEPT_MS = 120_000;
/** What was sent counts for as long as one of Okta's windows; so does who sent it. */
const WINDOW_MS = 60_000;
const RENEW_EVERY_MS = 20_000;

interface ReaderOptions {
  readonly pid: number;
  /** Which of the commands it is, in words. */
  readonly what: string;
  /** Ms since 1970. */
  readonly now: number;
}

export interface Reader {
  /**
   * Says that it is still there, and returns the part (0..1) of the rate limit that it may use until it asks again: at
   * least every minute, such as after each page.
   */
  share(now: number, daemon: 'runs' | 'none'): number;
  /** What it sent counts for a minute more. */
  close(now: number): void;
}

/** Lets a running daemon know within a second or two that `pid` reads Okta too. @throws StateError */
export function openReader(beside: Beside, { pid, what, now }: ReaderOptions): Reader {
  let renewAt = now + RENEW_EVERY_MS;
  const renew = (at: number) => {
    renewAt = at + RENEW_EVERY_MS;
    beside.write(() => {
      beside.sql('DELETE FROM readers WHERE until <= ?').run(at);
      beside
        .sql('INSERT OR REPLACE INTO readers (pid, what, share, until) VALUES (?, ?, ?, ?)')
        .run(pid, what, READERS_SHARE, at + KEPT_MS);
    });
  };
  renew(now);
  return {
    share: (at, daemon) => {
      if (at >= renewAt) renew(at);
      const whole = daemon === 'runs' ? READERS_SHARE : WHOLE_SHARE;
      const others = readersBeside(beside, at).filter((one) => one.isAlive && one.pid !== pid);
      return whole / (others.length + 1);
    },
    close: renew,
  };
}

/** Those that read now, or did within the last minute. */
export function readersBeside(beside: Beside, now: number): FoundReader[] {
  return readersIn((text) => beside.sql(text), now);
}

interface FoundReader {
  readonly pid: number;
  readonly what: string;
  /** If not, what it sent lately still counts. */
  readonly isAlive: boolean;
}

function readersIn(sql: (text: string) => Statement, now: number): FoundReader[] {
  return sql('SELECT pid, what, until FROM readers WHERE until > ?')
    .all(now)
    .map((row) => ({
      pid: asNumber(row.pid),
      what: asText(row.what),
      isAlive: isAlive(asNumber(row.pid)),
      until: asNumber(row.until),
    }))
    .filter((one) => one.isAlive || one.until > now + KEPT_MS - WINDOW_MS);
}

/** The part (0..1) of the rate limit that is left to the daemon. */
export function daemonShare(sql: (text: string) => Statement, now: number): number {
  return readersIn(sql, now).length === 0 ? WHOLE_SHARE : WHOLE_SHARE - READERS_SHARE;
}

/** One of another user, too. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
