/** What an audit found, as one JSON document. */
import type { Gap } from '../../state/outbox.ts';
import { iso } from '../words/time.ts';
import type { Auditor } from './auditor.ts';
import type { Finding } from './findings.ts';
import type { Tally } from './tally.ts';
import { type Audited, addsUp } from './verdict.ts';

export function auditDocument(auditor: Auditor, audited: Audited): unknown {
  const { org, window, partial, unreadable, coverage, tallies, repaired } = audited;
  return {
    org,
    since: iso(window.since),
    until: iso(window.until),
    notes: window.notes,
    partial,
    addsUp: addsUp(audited),
    events: auditor.events,
    repeated: auditor.repeated,
    unreadable,
    ledger: { events: coverage.known, unlisted: coverage.leftOut, isCovered: coverage.isEnough },
    routes: tallies.map(routeDocument),
    findings: auditor.findings.map(findingDocument),
    gaps: auditor.gaps.map(gapDocument),
    ...(repaired !== undefined && { repaired }),
  };
}

function routeDocument(tally: Tally) {
  const { route, terms, owedAs, changed, duplicates, uncomparable, unlisted } = tally;
  return {
    route: route.name,
    inForce: !route.retired,
    enabled: !route.disabled,
    events: tally.listed,
    ...terms,
    owedAs: Object.fromEntries(owedAs),
    changed,
    duplicates,
    uncomparable,
    unlisted,
    addsUp: tally.addsUp,
  };
}

function findingDocument(finding: Finding) {
  const { kind, event, eventType, published, route, why, gap, difference } = finding;
  return {
    kind,
    event,
    eventType: eventType ?? null,
    published: published ?? null,
    route,
    ...(why !== undefined && { why }),
    ...(gap !== undefined && { gap: gapDocument(gap) }),
    ...(difference !== undefined && { difference }),
  };
}

function gapDocument({ kind, at, fromMs, toMs, why }: Gap) {
  return { kind, at: iso(at), from: iso(fromMs), to: iso(toMs), why };
}
