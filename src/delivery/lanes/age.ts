/** Whether an event is too old to be acted on: a three-day-old alarm must not lock anybody out today. */
import { formatDuration } from '../../duration.ts';

/** As Okta writes instants (RFC 3339); `Date.parse` alone would take `1` for a year. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

interface Aged {
  readonly event: { readonly published?: string };
  readonly readAt?: number;
  readonly replay?: boolean;
}

/** Why it is too old to be sent at `now`, if it is; what a person asked for is never too old. */
export function whyExpired(
  delivery: Aged,
  maxAgeMs: number | undefined,
  now: number,
): string | undefined {
  if (maxAgeMs === undefined || delivery.replay === true) return undefined;
  const ageMs = now - happenedAt(delivery, now);
  return ageMs > maxAgeMs ? `expired: older than ${formatDuration(maxAgeMs)}` : undefined;
}

/** As the event says; else when it was read. */
function happenedAt({ event, readAt }: Aged, now: number): number {
  const { published = '' } = event;
  const at = INSTANT.test(published) ? Date.parse(published) : Number.NaN;
  return Number.isNaN(at) ? (readAt ?? now) : at;
}
