/** What a backfill is to read, and which routes it may owe to; all that speaks against it is said before it begins. */
import { createHash } from 'node:crypto';
import { refuse } from '../../config/problems.ts';
import type { RouteFile } from '../../config/route-file.ts';
import type { Route } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import type { Backfill } from '../../state/beside/backfills.ts';
import type { Beside } from '../../state/beside/beside.ts';
import { type NamedRoute, namedRoutes } from '../../state/beside/named-routes.ts';
import { mayBeForgotten, type Reach } from '../../state/beside/reach.ts';
import { refuseReversed } from '../instant-flag.ts';
import { routeNamed } from '../route-named.ts';
import { iso } from '../words/time.ts';
import type { BackfillFlags } from './add-backfill.ts';

/** A little behind the clock: what was published this moment may not be in Okta's log yet. */
const SETTLE_MS = 10_000;
/** https://developer.okta.com/docs/reference/system-log-query/#data-retention */
const OKTA_KEEPS_MS = 90 * 86_400_000;

/** A rest that nobody would begin another backfill for. */
const REST_WORTH_MS = 60_000;

/** The routes that are owed to, by their keys. */
export interface Chosen {
  readonly routes: Routes;
  readonly rows: ReadonlyMap<string, NamedRoute>;
}

/** Those of the routes file that the daemon knows as in force, or the one that was named. @throws ConfigError */
export function chooseRoutes(
  { routes, alerts }: RouteFile,
  written: string | undefined,
  beside: Beside,
): Chosen {
  const all = [...routes.all, ...routes.disabled].filter(({ key }) => key !== alerts?.key);
  const only = written === undefined ? undefined : routeNamed(all, written, '--route');
  if (only?.enabled === false) {
    refuse('--route', `${only.name} is disabled in the routes file`, 'Enable it first.');
  }
  const chosen = only === undefined ? all.filter(({ enabled }) => enabled !== false) : [only];
  const known = new Map(namedRoutes(beside).map((route) => [route.key, route]));
  refuseUnknown(chosen, known);
  const rows = new Map([...known].filter(([key]) => chosen.some((route) => route.key === key)));
  return { routes: new Routes(chosen), rows };
}

function refuseUnknown(chosen: readonly Route[], known: ReadonlyMap<string, NamedRoute>): void {
  if (chosen.length === 0) refuse('backfill', 'the routes file has no route in force');
  const unknown = chosen.filter(({ key }) => known.get(key)?.retired !== false);
  if (unknown.length === 0) return;
  const names = unknown.map(({ name }) => name).join(', ');
  refuse(
    'backfill',
    `the daemon of this state folder does not have ${names} in force`,
    'Start `loghook run` with these routes, or reload it (SIGHUP), first; or choose others with --route.',
  );
}

/** The same text for the same wish, which is how one that was cut off is found again. */
export function askedFor(
  { since, until, route }: BackfillFlags,
  { routes, rows }: Chosen,
  { query }: Reach,
): string {
  const judged = routes.all.map(({ key, patterns }) => [rows.get(key)?.id, patterns]);
  const digest = createHash('sha256')
    .update(JSON.stringify([judged, query]))
    .digest('hex');
  return JSON.stringify({ since, until, route, routes: digest.slice(0, 16) });
}

/** Whether the words mean, now, some of what they meant when it began: "the last hour", said tomorrow, is another one. */
export function isStillMeant({ until }: Backfill, { since }: WindowWish): boolean {
  return until > since;
}

/** Instants in ms since 1970. */
interface Window {
  readonly since: number;
  readonly until: number;
  /** What a person should know of it. */
  readonly notes: readonly string[];
}

export interface WindowWish {
  readonly since: number;
  readonly until: number | undefined;
  readonly now: number;
}

/** @throws ConfigError */
export function windowOf(wish: WindowWish, reach: Reach, chosen: Chosen): Window {
  const { now } = wish;
  if (wish.until !== undefined && wish.until > now) {
    refuse('--until', 'it lies in the future', 'Leave it out to read as far as the daemon has.');
  }
  if (wish.until !== undefined) refuseReversed(wish.since, wish.until);
  const since = Math.max(wish.since, now - OKTA_KEEPS_MS);
  const { until, notes } = endOf(wish, reach);
  if (until <= since) {
    refuse(
      '--since',
      `the daemon has read up to ${iso(until)} only, and reads on from there by itself`,
      'Name an earlier time.',
    );
  }
  refuseForgotten({ since, until }, reach, chosen);
  const clipped = since > wish.since ? [`Okta keeps 90 days: it is read from ${iso(since)}`] : [];
  return { since, until, notes: [...clipped, ...notes] };
}

/** The tail's own events are left to the tail. */
function endOf(
  { until, now }: WindowWish,
  { readTo }: Reach,
): { readonly until: number; readonly notes: readonly string[] } {
  const wanted = until ?? now - SETTLE_MS;
  if (readTo === undefined || wanted <= readTo + 1) return { until: wanted, notes: [] };
  // So that what was published at the very instant is read, too.
  const end = readTo + 1;
  const note = `it is read up to ${iso(end)}: what comes after that, the daemon reads by itself`;
  return { until: end, notes: until === undefined ? [] : [note] };
}

function refuseForgotten(
  { since, until }: Omit<Window, 'notes'>,
  reach: Reach,
  { rows }: Chosen,
): void {
  const { ledgerFrom } = reach;
  if (ledgerFrom === undefined) return;
  for (const { id, name } of rows.values()) {
    const begin = Math.max(since, reach.begins.get(id) ?? since);
    if (begin >= until || !mayBeForgotten(reach, id, begin)) continue;
    const others = rows.size > 1 ? ', or choose other routes with --route' : '';
    const before = begin > since ? `, or end before ${name} came with --until ${iso(begin)}` : '';
    refuse(
      '--since',
      `${name} may have got events of ${iso(begin)} to ${iso(Math.min(ledgerFrom + 1, until))} that the ledger has forgotten, and would get them twice`,
      `The earliest that is safe: --since ${iso(ledgerFrom + 1)}${before}${others}`,
    );
  }
}

/** Whether it goes on, in words. */
export function resumeWords({ since, until, readTo, startedAt }: Backfill): string {
  const from = readTo === undefined ? '' : `, from ${iso(readTo)}`;
  return `goes on with the backfill that began at ${iso(startedAt)} (${iso(since)} to ${iso(until)})${from}`;
}

/** It is begun anew: the words that the other was asked for in mean another time now. */
export function leftWords({ since, until, readTo, startedAt }: Backfill): string {
  return `the backfill of these words that began at ${iso(startedAt)} was cut off, and is left so: --since ${iso(readTo ?? since)} --until ${iso(until)} reads its rest`;
}

/** Words for what the same command means now and did not mean when this one began; undefined: nothing to speak of. */
export function restWords(left: Backfill, wish: WindowWish, reach: Reach): string | undefined {
  if (endOf(wish, reach).until < left.until + REST_WORTH_MS) return undefined;
  return `that was up to ${iso(left.until)}, as when it began: the same command again reads what came after`;
}
