/**
 * How long an event took to reach its receiver, in four parts, and by whose doing: Okta's until it could be read, ours
 * until it was, the queue's until the attempt that delivered it began, and the receiver's until it had answered.
 *
 * The first two are by Okta's clock, the last two by ours, and they meet at the commit of its page. So their sum is the
 * time from `published` to the answer by Okta's clock, however wrong ours is.
 */
import type { LogEvent } from '../event.ts';
import type { Delivery, Intake, Settlement } from './outbox.ts';

export interface Delay {
  /** At least so long it was not to be had from Okta: it was not there yet when the log had been read to its end. */
  readonly oktaMs: number;
  /** From then, or from when it was published, until it was read. */
  readonly pollMs: number;
}

export interface DelayParts extends Partial<Delay> {
  /** From when it was read until the attempt that delivered it began: waiting, and all attempts that failed. */
  readonly queueMs: number;
  /** That attempt, from its start to its end. */
  readonly sendMs: number;
}

/**
 * Of an event that is taken in at `now` (our clock). Undefined when it does not say when it was published, or was not
 * met by tailing: then the wait for our poll is no wait. Before the log was first read to its end all of it is poll.
 */
export function delayOf(
  { published }: LogEvent,
  { cursor, headAt, oktaAheadMs, source = 'tail' }: Intake,
  now: number,
): Delay | undefined {
  const publishedAt = Date.parse(published ?? '');
  if (Number.isNaN(publishedAt) || cursor === undefined || source !== 'tail') return undefined;
  const readAt = oktaAheadMs === undefined ? cursor.readAt : now + oktaAheadMs;
  // One that claims to be from the future was there when it was read.
  const thereAt = Math.min(Math.max(publishedAt, headAt ?? publishedAt), readAt);
  const oktaMs = Math.max(0, Math.round(thereAt - publishedAt));
  const wholeMs = Math.max(0, Math.round(readAt - publishedAt));
  return { oktaMs, pollMs: wholeMs - oktaMs };
}

/**
 * Undefined unless it was delivered, and for an event that a person asked for again: what lies between is theirs.
 * Without Okta's and the poll's part when it was backfilled, or never said when it was published.
 */
export function delayParts(
  { readAt, oktaMs, pollMs, replay }: Delivery,
  settlement: Settlement,
): DelayParts | undefined {
  if (settlement.kind !== 'delivered' || replay) return undefined;
  const { queueMs, sendMs } = partsSinceRead({ readAt, at: settlement.at, ms: settlement.ms });
  if (oktaMs === undefined || pollMs === undefined) return { queueMs, sendMs };
  return { oktaMs, pollMs, queueMs, sendMs };
}

/** Of an attempt that ended at `at` after `ms`. A clock that was set back meanwhile leaves the queue no time. */
export function partsSinceRead(times: {
  readonly readAt: number;
  readonly at: number;
  readonly ms: number;
}): Pick<DelayParts, 'queueMs' | 'sendMs'> {
  const sendMs = Math.round(times.ms);
  return { queueMs: Math.max(0, Math.round(times.at - times.readAt) - sendMs), sendMs };
}
