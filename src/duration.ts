/** Durations as people write them: `15s`, `1h30m`. */

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

function msOf(unit: string | undefined): number {
  return UNIT_MS[unit ?? ''] ?? 0;
}
