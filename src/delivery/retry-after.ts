/** Retry-After (RFC 9110 section 10.2.3): whole seconds or an HTTP date, read strictly; anything else is ignored. */

/** A receiver may ask for a pause up to this long; a longer one is cut to it. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/** IMF-fixdate, the only date form that senders may still write: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The pause in ms, 0 to 24 h; undefined when there is none or it is not well formed. `now` is ms since 1970. */
export function parseRetryAfter(
  value: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  const text = typeof value === 'string' ? value.trim() : value?.[0]?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Math.min(Number(text) * 1000, LONGEST_PAUSE_MS);
  if (!HTTP_DATE.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), LONGEST_PAUSE_MS);
}
