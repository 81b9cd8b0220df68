/** Retry-After (RFC 9110 section 10.2.3): whole seconds or an HTTP date, read strictly; anything else is ignored. */

/** A receiver may ask for a pause up to this long; a longer one is cut to it. */
const LONGEST_PAUSE_MS = 24 * 3_600_000;

/**
 * The pause in ms, 0 to 24 h; undefined when there is none or none is well formed. Of several the longest counts.
 * `now` is ms since 1970.
 */
export function parseRetryAfter(
  value: string | readonly string[] | undefined,
  now: number,
): number | undefined {
  if (value === undefined) return undefined;
  const texts = typeof value === 'string' ? [value] : value;
  const pauses = texts.map((text) => pauseOf(text.trim(), now)).filter((ms) => ms !== undefined);
  return pauses.length === 0 ? undefined : Math.min(Math.max(...pauses), LONGEST_PAUSE_MS);
}

function pauseOf(text: string, now: number): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  // Date.parse takes almost anything; IMF-fixdate, the one form that senders may write, is what comes out again.
  if (Number.isNaN(at) || new Date(at).toUTCString() !== text) return undefined;
  return Math.max(at - now, 0);
}
