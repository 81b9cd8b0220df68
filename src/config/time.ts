/** Durations and instants as people write them: `15s`, `1h30m`, `2026-11-20T10:00:00Z`. */

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g;
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/;
const INSTANT =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/i;

/** Milliseconds; undefined if `text` is none. A number without a unit counts `bareUnit`s, if that is given. */
export function parseDuration(text: string, bareUnit?: 'ms' | 's'): number | undefined {
  const trimmed = text.trim().toLowerCase();
  const written = bareUnit !== undefined && /^[\d.]+$/.test(trimmed) ? trimmed + bareUnit : trimmed;
  if (!WHOLE.test(written)) return undefined;
  const parts = [...written.matchAll(PART)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * msOf(unit), 0);
  return Number.isSafeInteger(Math.round(ms)) ? Math.round(ms) : undefined;
}

/** As parseDuration reads it, exactly: `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [unit, size] of Object.entries(UNIT_MS).toReversed()) {
    if (unit === 'w' || rest < size) continue;
    text += `${Math.floor(rest / size)}${unit}`;
    rest %= size;
  }
  return text === '' ? '0s' : text;
}

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

function msOf(unit: string | undefined): number {
  return UNIT_MS[unit ?? ''] ?? 0;
}

/** `Date` takes 30 February for 2 March. */
function isDate(date: string): boolean {
  const at = Date.parse(`${date}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(date);
}
