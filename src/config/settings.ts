/** The small settings: each from its flag, else its variable, else its default. A flag wins. */
import { parseDuration } from '../duration.ts';
import { LOG_LEVELS, type LogLevel } from '../log.ts';
import type { Interval } from '../okta/poll-interval.ts';
import type { Environment } from './environment.ts';
import { parseInstant } from './instant.ts';
import { refuse } from './problems.ts';
import { quote } from './quote.ts';

const LOG_FORMATS = ['pretty', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const DEFAULT_INTERVAL_MS = 15_000;
const MIN_INTERVAL_MS = 1_000;
const MAX_INTERVAL_MS = 3_600_000;
/** Okta refuses older ones: https://developer.okta.com/docs/reference/system-log-query/ */
const MAX_SINCE_MS = 180 * 86_400_000;

interface Written {
  readonly where: string;
  readonly value: string;
}

/** How long to wait after a short page: `--interval 15s` or `auto`, else LOGHOOK_RETRY_SECONDS. A bare number is seconds. */
export function intervalSetting(
  flag: string | undefined,
  environment: Environment,
  inFile?: Interval,
): Interval {
  if (flag === undefined && inFile !== undefined) return inFile;
  const written = pick('--interval', flag, 'LOGHOOK_RETRY_SECONDS', environment);
  if (written === undefined) return DEFAULT_INTERVAL_MS;
  if (written.value.trim().toLowerCase() === 'auto') return 'auto';
  const ms = parseDuration(written.value, 's');
  const hint = 'write seconds, or a duration like 15s or 1m, from 1s to 1h, or auto';
  if (ms === undefined) refuse(written.where, `${quote(written.value)} is not a duration`, hint);
  if (ms < MIN_INTERVAL_MS) refuse(written.where, `${quote(written.value)} is too short`, hint);
  if (ms > MAX_INTERVAL_MS) refuse(written.where, `${quote(written.value)} is too long`, hint);
  return ms;
}

export function logLevel(flag: string | undefined, environment: Environment): LogLevel {
  const written = pick('--log-level', flag, 'LOGHOOK_LOG_LEVEL', environment);
  return written === undefined ? 'info' : oneOf(LOG_LEVELS, written);
}

/** Without a word of anyone, `pretty` on a terminal and `json` elsewhere. */
export function logFormat(
  flag: string | undefined,
  environment: Environment,
  isTerminal: boolean,
): LogFormat {
  const written = pick('--log-format', flag, 'LOGHOOK_LOG_FORMAT', environment);
  if (written !== undefined) return oneOf(LOG_FORMATS, written);
  return isTerminal ? 'pretty' : 'json';
}

/** `--since`, as milliseconds since 1970; neither in the future nor beyond what Okta takes. */
export function sinceAt(flag: string | undefined, now: number): number | undefined {
  if (flag === undefined) return undefined;
  const hint = 'write how long ago, like 2h, or a time like 2026-11-20T10:00:00Z';
  const at = parseInstant(flag, now);
  if (typeof at === 'object') refuse('--since', `${quote(flag)} is ${at.error}`, hint);
  if (at > now) refuse('--since', `${quote(flag)} lies in the future`, hint);
  if (at < now - MAX_SINCE_MS) {
    refuse('--since', `${quote(flag)} is more than 180 days ago`, 'Okta keeps 90 days');
  }
  return at;
}

export function filterSetting(
  flag: string | undefined,
  environment: Environment,
): string | undefined {
  return pick('--filter', flag, 'LOGHOOK_FILTER', environment)?.value;
}

/** What was written, and where; a flag wins. */
export function pick(
  flagName: string,
  flag: string | undefined,
  name: string,
  environment: Environment,
): Written | undefined {
  if (flag !== undefined) return { where: flagName, value: flag };
  const setting = environment.get(name);
  return setting === undefined ? undefined : { where: name, value: setting.value };
}

function oneOf<T extends string>(allowed: readonly T[], { where, value }: Written): T {
  const found = allowed.find((one) => one === value.trim().toLowerCase());
  if (found !== undefined) return found;
  return refuse(where, `${quote(value)} is none of ${allowed.join(', ')}`);
}
