/** Instants as flags name them. */
import { parseInstant } from '../config/instant.ts';
import { refuse } from '../config/problems.ts';
import { quote } from '../config/quote.ts';

/** Ms since 1970; undefined where nothing was written. @throws ConfigError */
export function instantFlag(
  where: string,
  text: string | undefined,
  now: number,
): number | undefined {
  if (text === undefined) return undefined;
  const at = parseInstant(text, now);
  if (typeof at === 'number') return at;
  return refuse(
    where,
    `${quote(text)} is ${at.error}`,
    'Write 2h, 2026-11-20, or a time with its zone such as 2026-11-20T10:00:00Z.',
  );
}

/** @throws ConfigError unless what was asked for ends after it begins */
export function refuseReversed(since: number, until: number): void {
  if (until > since) return;
  refuse('--until', 'it is not after --since', 'The later of the two is --until.');
}
