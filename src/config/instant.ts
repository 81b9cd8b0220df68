/** Instants as people write them: `2026-11-20T10:00:00Z`, or `2h` for two hours ago. */
import { parseDuration } from '../duration.ts';

const INSTANT =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Milliseconds since 1970: a date (UTC), a date and time with its zone, or a duration before `now`. */
export function parseInstant(text: string, now: number): number | { readonly error: string } {
  const trimmed = text.trim();
  const ago = parseDuration(trimmed);
  if (ago !== undefined) return now - ago;
  const [, date, time, zone] = INSTANT.exec(trimmed) ?? [];
  if (date === undefined) return { error: 'neither a duration like 2h nor a time' };
  if (time !== undefined && zone === undefined) return { error: 'a time without its zone' };
  if (!isDate(date)) return { error: 'not a day of the calendar' };
  const at = Date.parse(`${date}T${time ?? '00:00'}${(zone ?? 'Z').toUpperCase()}`);
  return Number.isNaN(at) ? { error: 'not a time of the day' } : at;
}

/** `Date` takes 30 February for 2 March. */
function isDate(date: string): boolean {
  const at = Date.parse(`${date}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
}
