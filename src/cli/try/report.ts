/** What a rehearsal found, for people. Lines are at most 80 characters where names allow; not yet fit for a terminal. */
import type { Rate } from '../../routing/route.ts';
import { count, number } from '../words/counts.ts';
import { rateWords } from '../words/route-options.ts';
import { duration, localTime } from '../words/time.ts';
import type { EventSummary } from './event-summary.ts';
import { exactPattern } from './patterns.ts';
import type { Rehearsal } from './rehearsal.ts';
import { MOST_KEYS, type RouteTally } from './route-tally.ts';

const MINUTE_MS = 60_000;
const MOST_UNWANTED = 10;

/** What was read. Instants in ms since 1970. */
export interface Stretch {
  readonly org: string;
  readonly since: number;
  /** Where it ends, or as far as it came before it was stopped. */
  readonly until: number;
  /** It was stopped before its end. */
  readonly partial: boolean;
  /** Pieces of Okta's pages that could not be read as events. */
  readonly unreadable: number;
}

export function reportLines(rehearsal: Rehearsal, stretch: Stretch): string[] {
  return [
    ...heading(rehearsal, stretch),
    ...rehearsal.tallies.flatMap((tally) => ['', ...routeLines(tally, stretch)]),
    '',
    ...unwantedLines(rehearsal),
  ];
}

function heading(rehearsal: Rehearsal, { org, since, until, partial, unreadable }: Stretch) {
  const span = `${localTime(since)} to ${localTime(until)}`;
  return [
    ...(partial ? ['PARTIAL: it was stopped before all events were read'] : []),
    `${org}, ${span} (${duration(until - since)})`,
    `${count(rehearsal.events, 'event')} read, nothing sent`,
    ...(unreadable === 0 ? [] : [`${count(unreadable, 'piece')} of Okta's pages unreadable`]),
  ];
}

function routeLines(tally: RouteTally, stretch: Stretch): string[] {
  const { route, samples } = tally;
  const off = route.enabled === false ? '  (disabled: it sends none of them)' : '';
  return [
    `${route.name}   ${patternWords(route.patterns)}${off}`,
    `  ${[count(tally.count, 'event'), ...paceWords(tally, stretch)].join(', ')}`,
    ...rateLines(tally, stretch).map((line) => `  ${line}`),
    ...orderLines(tally).map((line) => `  ${line}`),
    ...samples.all.flatMap(sampleLines),
  ];
}

function patternWords([first = '', ...others]: readonly string[]): string {
  const more = others.length === 0 ? '' : ` and ${count(others.length, 'more pattern')}`;
  return `${cut(`/${first}/`, PATTERN)}${more}`;
}

function paceWords({ count: events, busiest }: RouteTally, stretch: Stretch): string[] {
  if (busiest === undefined) return [];
  const at = localTime(busiest.at).slice(0, -3);
  return [
    `${decimal(perMinute(events, stretch))} a minute on average`,
    `${number(busiest.events)} in the busiest (${at})`,
  ];
}

/** Requests a minute over the whole stretch. */
export function perMinute(events: number, { since, until }: Stretch): number {
  return until <= since ? events : (events * MINUTE_MS) / (until - since);
}

function rateLines({ route, busiest, backlog, count: events }: RouteTally, stretch: Stretch) {
  if (route.rate === undefined || backlog === undefined) return [];
  const allowed = ratePerMinute(route.rate);
  const words = `rate ${rateWords(route.rate)} is ${decimal(allowed)} a minute`;
  const { ms, at, events: waiting } = backlog.longest;
  if (busiest === undefined || busiest.events <= allowed) return [`${words}: enough`];
  const since = at === undefined ? '' : ` (${localTime(at).slice(0, -3)})`;
  const average = perMinute(events, stretch);
  return [
    `${words}: TOO LITTLE for the busiest minute`,
    `  its backlog of up to ${count(waiting, 'event')}${since} takes ${duration(ms)} to send`,
    ...(average > allowed ? ['  more comes on average than it lets through'] : []),
    ...tooOldLines(route.maxAgeMs, backlog.tooOld),
  ];
}

function tooOldLines(maxAgeMs: number | undefined, events: number): string[] {
  if (maxAgeMs === undefined || events === 0) return [];
  const age = duration(maxAgeMs);
  return [
    `  ${count(events, 'event')} would be dead letters: older than maxAge ${age} at their turn`,
  ];
}

function orderLines({ route, keys, count: events }: RouteTally): string[] {
  if (keys === undefined || events === 0) return [];
  const many = keys >= MOST_KEYS ? `${number(MOST_KEYS)} or more` : `${keys}`;
  return route.order?.by === 'strict'
    ? ['order strict: one after the other']
    : [`order key: ${many} different keys`];
}

const PATTERN = 40;
const AT = 4;
const TYPE = 46;
const STORY = 60;

/** `11-21 10:04:05  user.session.start   f790999f` and below it who did it to whom, and the outcome. */
function sampleLines({ id, type, published, who, whom, outcome }: EventSummary): string[] {
  const at = published === null ? Number.NaN : Date.parse(published);
  const time = Number.isNaN(at) ? '-'.padEnd(14) : localTime(at).slice('2026-'.length);
  const shortId = id.replace(/^sha256-/, '').slice(0, 8);
  const names = [who, whom].filter((name) => name !== null).join(' → ');
  const margin = ' '.repeat(AT + 14 + 2);
  return [
    `${' '.repeat(AT)}${time}  ${cut(type ?? '(no type)', TYPE).padEnd(TYPE)}  ${shortId}`,
    ...story(names, outcome ?? '').map((line) => `${margin}${line}`),
  ];
}

/** Side by side where there is room for both. */
function story(names: string, outcome: string): string[] {
  const parts = [names, outcome].filter((part) => part !== '');
  const line = parts.join('  ');
  return line.length <= STORY ? [line] : parts.map((part) => cut(part, STORY));
}

function unwantedLines(rehearsal: Rehearsal): string[] {
  const { unwantedEvents, unwantedTypes } = rehearsal;
  if (unwantedEvents === 0) return rehearsal.events === 0 ? [] : ['every event is wanted'];
  const types = rehearsal.unwanted(MOST_UNWANTED);
  const width = Math.max(...types.map(({ events }) => number(events).length));
  const more = unwantedTypes - types.length;
  return [
    `${count(unwantedEvents, 'event')} of ${count(unwantedTypes, 'type')} that no route wants`,
    ...types.map(({ type, events }) => {
      const many = number(events).padStart(width);
      return `  ${many}  ${exactPattern(type)}`;
    }),
    ...(more === 0 ? [] : [`  and ${count(more, 'more type')}`]),
  ];
}

export function ratePerMinute({ count: events, perMs }: Rate): number {
  return (events * MINUTE_MS) / perMs;
}

function decimal(n: number): string {
  if (n > 0 && n < 0.05) return 'under 0.1';
  return n.toLocaleString('en-US', { maximumFractionDigits: n < 10 ? 1 : 0 });
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
