/** When an event is tried again, as data. A try counts only while others get through (see whose-trouble.ts). */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** After a verdict on the event (400, 413 …): 5 tries in about 30 minutes. */
const VERDICT_DELAYS: readonly number[] = [5 * SECOND, MINUTE, 6 * MINUTE, 23 * MINUTE];

/** After anything else: dense in the first minutes, then every 6 hours up to about 72 hours. */
const FAILURE_DELAYS: readonly number[] = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  ...Array.from({ length: 11 }, () => 6 * HOUR),
];

/** While nothing gets through on the route, how far apart it is looked at. */
const PROBE_DELAYS: readonly number[] = [5, 10, 20, 40, 80, 160, 320, 640, 900].map(
  (seconds) => seconds * SECOND,
);

/** Jitter is only ever added, so that no receiver is asked earlier than it was told. */
const JITTER = 0.2;

/** Ms between the tries of an event, by what it fails with. */
export interface Schedule {
  readonly verdict: readonly number[];
  readonly failure: readonly number[];
  /** What a person wrote, if somebody did. */
  readonly own?: readonly number[];
}

/** What holds for a route that says nothing else. */
export const USUAL_SCHEDULE: Schedule = { verdict: VERDICT_DELAYS, failure: FAILURE_DELAYS };

/** The route's own delays, whatever an event fails with, or the usual ones. */
export function scheduleOf(delaysMs: readonly number[] | undefined): Schedule {
  return delaysMs === undefined
    ? USUAL_SCHEDULE
    : { verdict: delaysMs, failure: delaysMs, own: delaysMs };
}

/** Ms until the next try after `tries` counted ones, or undefined when they are used up. */
export function retryDelay(
  delays: readonly number[],
  tries: number,
  random: () => number,
): number | undefined {
  const delay = delays[tries];
  return delay === undefined ? undefined : jittered(delay, random);
}

/**
 * Ms for which the route's own delays want an event left alone that failed `attempts` times before, however long the
 * route is held: never longer than between two probes, so that what mends is seen.
 */
export function ownDelay({ own }: Schedule, attempts: number): number {
  const delay = own?.[Math.min(attempts, own.length - 1)] ?? 0;
  return Math.min(delay, PROBE_DELAYS.at(-1) ?? 0);
}

/** Ms until the next probe, after `failures` of them. */
export function probeDelay(failures: number, random: () => number): number {
  const last = PROBE_DELAYS.length - 1;
  return jittered(PROBE_DELAYS[Math.min(failures, last)] ?? 0, random);
}

function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (1 + JITTER * random()));
}
