/** Numbers and durations of the practice commands, refused in words. */
import { refuse } from '../config/problems.ts';
import { quote } from '../config/quote.ts';
import { parseDuration } from '../duration.ts';

interface Bounds {
  readonly least: number;
  readonly most: number;
}

/** Undefined where nothing was written. @throws ConfigError */
export function wholeNumber(
  where: string,
  text: string | undefined,
  { least, most }: Bounds,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  return refuse(where, `${quote(text)} is not a whole number from ${least} to ${most}`);
}

/** Milliseconds; a bare number is seconds. Undefined where nothing was written. @throws ConfigError */
export function durationMs(where: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text, 's');
  if (ms !== undefined && ms >= 1 && ms <= 86_400_000) return ms;
  return refuse(where, `${quote(text)} is not a duration like 100ms or 2s, up to 1d`);
}
