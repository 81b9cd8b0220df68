/** How long an event took to reach us, and by whose doing, before it was ours to deliver. */
import type { LogEvent } from '../event.ts';
import type { Intake } from './outbox.ts';

export interface Delay {
  /** At least so long it was not to be had from Okta: it was not there yet when the log had been read to its end. */
  readonly oktaMs: number;
  /** From then, or from when it was published, until it was read. */
  readonly pollMs: number;
}

/** Undefined of an event that does not say when it was published. All instants are by Okta's clock. */
export function delayOf(
  { published }: LogEvent,
  { cursor, headAt }: Pick<Intake, 'cursor' | 'headAt'>,
): Delay | undefined {
  const publishedAt = Date.parse(published ?? '');
  if (Number.isNaN(publishedAt) || cursor === undefined) return undefined;
  const thereAt = Math.max(publishedAt, headAt ?? publishedAt);
  return {
    oktaMs: thereAt - publishedAt,
    pollMs: Math.max(0, cursor.readAt - thereAt),
  };
}
