/** How things stand with one org, as JSON. */
import type { DelaySpread } from '../../state/beside/recent-delays.ts';
import type { RouteStanding, Standing } from '../../state/beside/standing.ts';
import type { Gap, RouteState } from '../../state/outbox.ts';
import { ALERTS_KEY } from '../../status/telling/telling.ts';
import { delayAsJson } from '../words/delays.ts';
import { iso } from '../words/time.ts';

export function statusDocument(standing: Standing, now: number) {
  const { folder, holderPid, cursor, trouble, gaps, routes } = standing;
  return {
    folder,
    pid: holderPid ?? null,
    lastPollAt: iso(cursor?.readAt),
    lastPollMsAgo: cursor === undefined ? null : now - cursor.readAt,
    newestPublishedAt: iso(cursor?.lastPublishedAt),
    newestPublishedMsAgo:
      cursor?.lastPublishedAt === undefined ? null : now - cursor.lastPublishedAt,
    trouble: trouble === undefined ? null : { what: trouble.what, since: iso(trouble.since) },
    gaps: { count: gaps.count, newest: gaps.newest.map(gapAsJson) },
    routes: routes.map((route) => ({
      name: route.name,
      inForce: !route.retired,
      enabled: route.enabled,
      alerts: route.key === ALERTS_KEY,
      state: stateAsJson(route.state),
      pausedAt: iso(route.pausedAt),
      silentSince: iso(route.silentSince),
      queued: route.queued,
      dead: route.dead,
      oldestQueued:
        route.oldest === undefined
          ? null
          : { published: route.oldest.published ?? null, readAt: iso(route.oldest.readAt) },
      lastDeliveredAt: iso(route.lastDeliveredAt),
      delays: delaysAsJson(route),
      lastFailedAt: iso(route.lastFailedAt),
      lastError: route.lastError ?? null,
    })),
  };
}

function delaysAsJson({ delays }: RouteStanding) {
  if (delays === undefined) return null;
  const spread = (one: DelaySpread) => ({ whole: one.wholeMs, ...delayAsJson(one) });
  return {
    deliveries: delays.count,
    medianMs: spread(delays.median),
    p95Ms: spread(delays.p95),
  };
}

function stateAsJson(state: RouteState) {
  if (state.kind === 'flowing') return { kind: state.kind };
  return { kind: state.kind, why: state.why, since: iso(state.since), until: iso(state.until) };
}

function gapAsJson({ at, kind, fromMs, toMs, why }: Gap) {
  return { at: iso(at), kind, from: iso(fromMs), to: iso(toMs), why };
}
