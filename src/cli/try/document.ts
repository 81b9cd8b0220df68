/** What a rehearsal found, as one JSON document. */
import { rateWords } from '../words/route-options.ts';
import { iso } from '../words/time.ts';
import { exactPattern } from './patterns.ts';
import type { Rehearsal } from './rehearsal.ts';
import { perMinute, ratePerMinute, type Stretch } from './report.ts';
import type { RouteTally } from './route-tally.ts';

const MOST_UNWANTED = 100;

export function reportDocument(rehearsal: Rehearsal, stretch: Stretch): unknown {
  const { org, since, until, partial, unreadable } = stretch;
  return {
    org,
    since: iso(since),
    until: iso(until),
    partial,
    events: rehearsal.events,
    unreadable,
    routes: rehearsal.tallies.map((tally) => routeDocument(tally, stretch)),
    unwanted: {
      events: rehearsal.unwantedEvents,
      types: rehearsal.unwantedTypes,
      top: rehearsal
        .unwanted(MOST_UNWANTED)
        .map(({ type, events }) => ({ type, events, pattern: exactPattern(type) })),
    },
  };
}

function routeDocument(tally: RouteTally, stretch: Stretch): unknown {
  const { route, busiest, backlog, samples, keys } = tally;
  return {
    route: route.name,
    enabled: route.enabled !== false,
    patterns: route.patterns,
    events: tally.count,
    perMinute: perMinute(tally.count, stretch),
    busiestMinute: busiest === undefined ? null : { at: iso(busiest.at), events: busiest.events },
    ...(route.rate !== undefined && {
      rate: rateWords(route.rate),
      ratePerMinute: ratePerMinute(route.rate),
      enough: (busiest?.events ?? 0) <= ratePerMinute(route.rate),
    }),
    ...(backlog !== undefined && {
      longestWaitMs: Math.round(backlog.longest.ms),
      longestBacklog: backlog.longest.events,
      tooOld: backlog.tooOld,
    }),
    ...(keys !== undefined && { orderKeys: keys }),
    samples: samples.all,
  };
}
