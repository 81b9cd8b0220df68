/** Which part of the time that is asked for can be judged, and why not more. */
import { refuse } from '../../config/problems.ts';
import type { Horizon } from '../../state/beside/audit-desk.ts';
import type { ConfigVersion } from '../../state/configs.ts';
import { refuseReversed } from '../instant-flag.ts';
import { iso } from '../words/time.ts';

/** So long after it was published an event may still come to be listed. */
const SETTLE_MS = 5 * 60_000;
/** https://developer.okta.com/docs/reference/system-log-query/#data-retention */
const OKTA_KEEPS_MS = 90 * 86_400_000;

/** From `since` up to, and without, `until`; ms since 1970. */
export interface Window {
  readonly since: number;
  readonly until: number;
  /** Where it was cut, and why; for people. */
  readonly notes: readonly string[];
}

export interface Asked {
  readonly since: number;
  /** Undefined: as late as it makes sense. */
  readonly until?: number | undefined;
  readonly now: number;
}

interface Bound {
  readonly at: number;
  readonly why: string;
}

/** @throws ConfigError when nothing of it can be judged */
export function windowOf({ since, until, now }: Asked, horizon: Horizon): Window {
  if (until !== undefined) refuseReversed(since, until);
  const { readTo } = horizon;
  const floor = latest(floorsOf(horizon, now));
  if (floor === NEVER || readTo === undefined) refuseUnread(floor);
  const window = { since: Math.max(since, floor.at), until: endOf({ until, now, readTo }) };
  if (window.since >= window.until) refuseAll(floor, readTo);
  const notes = [
    ...(floor.at > since ? [`from ${iso(floor.at)} on: ${floor.why}`] : []),
    ...endNotes({ until, now, readTo }),
  ];
  return { ...window, notes };
}

/** What came late may not have been read yet. */
export function isBehind({ readTo }: Horizon, now: number): boolean {
  return readTo !== undefined && readTo < now - SETTLE_MS;
}

const UNREAD = 'what came later loghook has not read yet';

interface End {
  readonly until: number | undefined;
  readonly now: number;
  readonly readTo: number;
}

/** What is late must be there when loghook reads, not only when Okta is asked: a tail that stands still reads it later. */
function endOf({ until, now, readTo }: End): number {
  return until === undefined ? Math.min(now, readTo) - SETTLE_MS : Math.min(until, readTo);
}

function endNotes({ until, now, readTo }: End): string[] {
  const settledTo = iso(readTo - SETTLE_MS);
  if (until === undefined) {
    if (readTo >= now - SETTLE_MS) return [];
    return [`up to ${settledTo}: loghook has read up to ${iso(readTo)}, and later what is late`];
  }
  return [
    ...(readTo < until ? [`up to ${iso(readTo)}: ${UNREAD}`] : []),
    ...(Math.min(until, readTo) > readTo - SETTLE_MS
      ? [`after ${settledTo} what came late may count as missing: loghook may still read it`]
      : []),
  ];
}

function refuseUnread({ why }: Bound): never {
  const message = 'nothing of that time can be judged';
  const reason = why === NEVER.why ? why : 'nothing was read yet';
  return refuse('audit', message, `${reason}: start \`loghook run\` first.`);
}

function refuseAll(floor: Bound, readTo: number): never {
  const message = 'nothing of that time can be judged';
  if (floor.at >= readTo) {
    const read = `loghook has read up to ${iso(readTo)}`;
    const hint = `Nothing can be yet: ${read}, and not before ${iso(floor.at)} (${floor.why}).`;
    return refuse('audit', message, hint);
  }
  return refuse(
    'audit',
    message,
    `It can be from ${iso(floor.at)} (${floor.why}) up to ${iso(readTo)} (${UNREAD}); it ends 5 minutes before that unless --until says otherwise.`,
  );
}

/** What was published before them cannot be judged. */
function floorsOf(horizon: Horizon, now: number): Bound[] {
  const { versions, beganAt, forgottenTo, unjudgedTo } = horizon;
  const [first] = versions;
  if (first === undefined || beganAt === undefined) return [NEVER];
  const filterAt = filterSince(versions);
  return [
    { at: beganAt, why: "loghook's first start, or its first one that remembered its routes" },
    { at: now - OKTA_KEEPS_MS, why: 'Okta keeps 90 days' },
    ...(forgottenTo === undefined
      ? []
      : [{ at: forgottenTo + 1, why: 'of what came before, the ledger may have forgotten some' }]),
    ...(unjudgedTo === undefined
      ? []
      : [{ at: unjudgedTo + 1, why: 'which routes wanted what came before is forgotten' }]),
    ...(filterAt === undefined
      ? []
      : [{ at: filterAt, why: 'another filter was in force before' }]),
  ];
}

const NEVER: Bound = {
  at: Number.POSITIVE_INFINITY,
  why: 'no loghook that remembers its routes has run with this state',
};

/** When the filter came into force that is now; undefined: there was no other. */
function filterSince(versions: readonly ConfigVersion[]): number | undefined {
  const query = versions.at(-1)?.query;
  const other = versions.findLastIndex((version) => version.query !== query);
  return other === -1 ? undefined : versions[other + 1]?.at;
}

function latest([first = NEVER, ...others]: readonly Bound[]): Bound {
  return others.reduce((one, other) => (other.at > one.at ? other : one), first);
}
