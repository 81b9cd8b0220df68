/**
 * Whether loghook does its work, and if not, why, in words. Pure: it is told how things are and asks nobody. No reason
 * holds anything that Okta or a receiver wrote.
 */

/** How one org stands. Ages in ms. */
export interface OrgFacts {
  /** Its name where there are several, else its host. */
  readonly org: string;
  /** Since it was started. */
  readonly upMs: number;
  /** Since a page of the log was read and kept; undefined: not yet. */
  readonly pollAgeMs?: number;
  readonly mostPollAgeMs: number;
  /** What keeps the log from being read, in our own words. */
  readonly trouble?: string;
  /** The event that has waited longest on a route that should send; undefined: none waits. */
  readonly oldest?: { readonly route: string; readonly state: string; readonly ageMs: number };
  readonly mostQueueAgeMs: number;
  readonly isTurning: boolean;
  readonly isWritable: boolean;
  /** An error ended its session: of what kind, in our own words, if that is known. */
  readonly failure?: { readonly why?: string };
  /** False: how much waits could not be looked up. */
  readonly isReadable: boolean;
}

type HealthWord = 'ok' | 'starting' | 'failing';

interface OrgHealth {
  readonly org: string;
  readonly status: HealthWord;
  readonly reasons: readonly string[];
  readonly lastPollSeconds: number | null;
  readonly oldestQueuedSeconds: number | null;
}

export interface Health {
  readonly status: HealthWord;
  /** Of all orgs; empty unless it is failing. */
  readonly reasons: readonly string[];
  readonly orgs: readonly OrgHealth[];
}

/** How long the state of the first org may wait to be opened. */
const MOST_OPENING_MS = 5 * 60_000;

/** Red when one of them is: each org has a right to be looked after. `upMs`: how long the process has been there. */
export function healthOf(all: readonly OrgFacts[], upMs: number): Health {
  if (all.length === 0 && upMs > MOST_OPENING_MS) {
    const reason = `no state could be opened in the ${inWords(upMs)} since the start (a full disk?)`;
    return { status: 'failing', reasons: [reason], orgs: [] };
  }
  const orgs = all.map(orgHealth);
  const words = new Set(orgs.map(({ status }) => status));
  const prefixed = orgs.flatMap(({ org, reasons }) =>
    reasons.map((reason) => (orgs.length > 1 ? `${org}: ${reason}` : reason)),
  );
  return { status: worst(words), reasons: prefixed, orgs };
}

function worst(words: ReadonlySet<HealthWord>): HealthWord {
  if (words.has('failing')) return 'failing';
  return words.size === 0 || words.has('starting') ? 'starting' : 'ok';
}

export function orgHealth(facts: OrgFacts): OrgHealth {
  const reasons = [...workReasons(facts), ...pollReasons(facts), ...queueReasons(facts)];
  const { org, pollAgeMs, oldest } = facts;
  const well = pollAgeMs === undefined ? 'starting' : 'ok';
  return {
    org,
    status: reasons.length > 0 ? 'failing' : well,
    reasons,
    lastPollSeconds: seconds(pollAgeMs),
    oldestQueuedSeconds: seconds(oldest?.ageMs),
  };
}

function workReasons({ isTurning, isWritable, isReadable, failure }: OrgFacts): string[] {
  return [
    ...(failure === undefined ? [] : [failureWords(failure)]),
    ...(isTurning ? [] : ['the daemon stands still: its loop has not turned for half a minute']),
    ...(isWritable
      ? []
      : ['the state cannot be written (a full disk?): nothing is read or sent until it can']),
    ...(isReadable ? [] : ['the state cannot be read: how much waits is not known']),
  ];
}

function failureWords({ why }: NonNullable<OrgFacts['failure']>): string {
  const kind = why === undefined ? '' : ` (${why})`;
  return `an error ended its session${kind}, which is tried again by itself: the log says more`;
}

function pollReasons({ upMs, pollAgeMs, mostPollAgeMs, trouble }: OrgFacts): string[] {
  const ageMs = pollAgeMs ?? upMs;
  if (ageMs <= mostPollAgeMs) return [];
  const since = inWords(ageMs);
  const what =
    pollAgeMs === undefined
      ? `the System Log has not been read once in the ${since} since the start`
      : `the System Log was last read ${since} ago`;
  const why = trouble === undefined ? '' : `: ${trouble}`;
  return [`${what}, which should be at most ${inWords(mostPollAgeMs)}${why}`];
}

function queueReasons({ oldest, mostQueueAgeMs }: OrgFacts): string[] {
  if (oldest === undefined || oldest.ageMs <= mostQueueAgeMs) return [];
  const { route, state, ageMs } = oldest;
  const waits = `an event has waited ${inWords(ageMs)} for route ${route} (${state})`;
  return [`${waits}, which should be at most ${inWords(mostQueueAgeMs)}`];
}

function seconds(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms / 100) / 10;
}

/** `90 s`, `12 min`, `3 h`, `2 d`: a whole number of the largest unit that leaves at least two, rounded down. */
export function inWords(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ] as const;
  const [unit, size] = units.find(([, size]) => ms >= 2 * size) ?? ['s', 1_000];
  return `${Math.floor(ms / size)} ${unit}`;
}
