/**
 * A start that Okta's clock has not come to yet was meant by a clock of ours that is ahead: until then nothing would be
 * read, and everything missed. It begins as long before Okta's time as it was meant to be before ours.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Position } from './position.ts';

/** True when it has to be asked again; the same start by Okta's clock is not later than its answer, so that ends. */
export function startsEarlier(
  position: Position,
  { oktaNowMs }: { readonly oktaNowMs: number | undefined },
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): boolean {
  const { startsAt } = position;
  if (startsAt === undefined || oktaNowMs === undefined || startsAt <= oktaNowMs) return false;
  const now = clock.now();
  const since = oktaNowMs - Math.max(0, now - startsAt);
  position.startAt(since);
  log.warn(
    {
      aheadMs: Math.round(now - oktaNowMs),
      since: new Date(since).toISOString(),
      hint: 'set the clock of this machine: loghook doctor',
    },
    "the clock is ahead of okta's, reading from earlier",
  );
  return true;
}
