/** How things stand with one org, for people. */
import type { RouteStanding, Standing } from '../../state/beside/standing.ts';
import type { RouteState } from '../../state/outbox.ts';
import { gapInShort } from '../../status/gap-words.ts';
import { ALERTS_KEY } from '../../status/telling/telling.ts';
import { number } from '../words/counts.ts';
import { recentDelayLines } from '../words/delays.ts';
import { table } from '../words/table.ts';
import { ago, duration, localTime, when } from '../words/time.ts';

/** For people; not yet filtered for a terminal. `ofOthers`: the pid of what runs other orgs of the file. */
export function statusLines(standing: Standing, now: number, ofOthers?: number): string[] {
  return [
    ...headOf(standing, now, ofOthers),
    ...gapLines(standing.gaps, now),
    ...routeLines(standing, now),
  ];
}

function headOf(
  { holderPid, cursor, trouble }: Standing,
  now: number,
  ofOthers: number | undefined,
): string[] {
  const none = ofOthers === undefined ? '' : `, but for other orgs (pid ${ofOthers}): see its log`;
  const daemon = holderPid === undefined ? `not running${none}` : `running (pid ${holderPid})`;
  return [
    `daemon     ${daemon}`,
    `last poll  ${when(cursor?.readAt, now)}`,
    `newest     ${cursor?.lastPublishedAt === undefined ? 'no event yet' : `event published ${when(cursor.lastPublishedAt, now)}`}`,
    ...(trouble === undefined
      ? []
      : [`trouble    ${trouble.what}, since ${when(trouble.since, now)}`]),
  ];
}

function gapLines({ newest, count }: Standing['gaps'], now: number): string[] {
  if (count === 0) return [];
  const more = count - newest.length;
  return [
    `gaps       ${number(count)} in the last 30 days`,
    ...newest.flatMap((gap) => [
      `  ${when(gap.at, now)}  ${gapInShort(gap)}`,
      `    published ${timeOf(gap.fromMs)} to ${timeOf(gap.toMs)}`,
      `    ${gap.why}`,
    ]),
    ...(more > 0 ? [`  and ${number(more)} more`] : []),
  ];
}

function timeOf(instant: number | undefined): string {
  return instant === undefined ? 'at an unknown time' : localTime(instant);
}

/** In one word or two. */
export function stateOf(route: RouteStanding): string {
  if (route.unreadable) return '-';
  if (!route.enabled) return 'disabled';
  if (route.retired) return 'not in force';
  return route.pausedAt === undefined ? route.state.kind : 'paused';
}

function routeLines({ routes }: Standing, now: number): string[] {
  if (routes.length === 0) return ['', 'no routes yet'];
  const lines = table([
    ['ROUTE', 'STATE', 'QUEUED', 'DEAD', 'OLDEST QUEUED', 'LAST DELIVERED'],
    ...routes.map((route) => [
      route.name,
      stateOf(route),
      number(route.queued),
      number(route.dead),
      oldestOf(route, now),
      agoOrNot(route.lastDeliveredAt, now),
    ]),
  ]);
  const [heading = '', ...rows] = lines;
  const explained = rows.flatMap((row, index) => [row, ...notesOn(routes[index], now)]);
  return ['', heading, ...explained, ...nextSteps(routes)];
}

function oldestOf({ oldest }: RouteStanding, now: number): string {
  if (oldest === undefined) return '-';
  const published = Date.parse(oldest.published ?? '');
  return agoOrNot(Number.isNaN(published) ? oldest.readAt : published, now);
}

/** Short enough for a table in 80 columns; the instants are in `--json`. */
function agoOrNot(instant: number | undefined, now: number): string {
  return instant === undefined ? 'never' : ago(now - instant);
}

function notesOn(route: RouteStanding | undefined, now: number): string[] {
  if (route === undefined) return [];
  const { lastError, lastFailedAt } = route;
  return [
    ...(route.key === ALERTS_KEY ? ["  takes loghook's own news"] : []),
    ...(route.retired && route.enabled ? [] : standingNotes(route, now)),
    ...(route.delays === undefined
      ? []
      : recentDelayLines(route.delays).map((line) => `  ${line}`)),
    ...(lastError === undefined ? [] : [`  last error ${when(lastFailedAt, now)}: ${lastError}`]),
  ];
}

function standingNotes(
  { name, enabled, state, pausedAt, silentSince }: RouteStanding,
  now: number,
) {
  if (!enabled) return ['  `enabled: false` in its file; its queue is kept'];
  return [
    ...(pausedAt === undefined
      ? []
      : [`  paused for ${duration(now - pausedAt)}; to go on: loghook resume ${name}`]),
    ...(state.kind === 'flowing' ? [] : [`  ${inWords(name, state, now)}`]),
    ...(silentSince === undefined
      ? []
      : [`  silent for ${duration(now - silentSince)}: fewer events come than expected`]),
  ];
}

function inWords(
  name: string,
  state: Exclude<RouteState, { kind: 'flowing' }>,
  now: number,
): string {
  const since = `${state.kind} for ${duration(now - state.since)}: ${state.why}`;
  if (state.until === undefined)
    return `${since}; it waits for you: mend it, then loghook resume ${name}`;
  const next = state.until <= now ? 'now' : localTime(state.until);
  return state.kind === 'held' ? `${since}; next try ${next}` : `${since}; it goes on at ${next}`;
}

function nextSteps(routes: readonly RouteStanding[]): string[] {
  const hasDead = routes.some((route) => route.dead > 0);
  return hasDead ? ['', 'Dead letters wait for a person: loghook dead list'] : [];
}
