/** The routes of a state folder as commands choose among them, and what each one's deliveries wait for. */
import { UNREADABLE } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Row,
} from '../database/sqlite.ts';
import type { RouteState } from '../outbox.ts';
import { toRouteState } from '../owed/route-table.ts';
import type { Beside } from './beside.ts';

export interface NamedRoute {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  /** Not in force. */
  readonly retired: boolean;
  /** Not in force because its file switches it off. */
  readonly disabled: boolean;
  readonly state: RouteState;
  readonly pausedAt?: number;
  /** The order that its deliveries keep. */
  readonly orderedBy?: string;
}

/** What became of one event on one route so far. */
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

export const DELIVERY_STATUSES = [
  'due',
  'waiting',
  'held',
  'paused',
  'delivered',
  'dead',
  'dropped',
] as const;

/** Those in force first, by name. Without the one that unreadable pieces of pages are kept under. */
export function namedRoutes(beside: Beside): NamedRoute[] {
  return beside
    .sql('SELECT * FROM routes WHERE id <> ? ORDER BY retired, name')
    .all(UNREADABLE)
    .map(toNamedRoute);
}

/** The same, with it. */
export function allRoutes(beside: Beside): NamedRoute[] {
  return beside.sql('SELECT * FROM routes ORDER BY retired, name').all().map(toNamedRoute);
}

/** Of what `route` is owed, due at `dueAt`. */
export function owedStatus(route: NamedRoute, dueAt: number, now: number): DeliveryStatus {
  if (route.retired) return 'waiting';
  if (route.pausedAt !== undefined) return 'paused';
  if (route.state.kind === 'held') return 'held';
  return dueAt < 0 || dueAt > now ? 'waiting' : 'due';
}

function toNamedRoute(row: Row): NamedRoute {
  const pausedAt = asOptionalNumber(row.paused_at);
  const orderedBy = asOptionalText(row.ordered_by);
  return {
    id: asNumber(row.id),
    key: asText(row.key),
    name: asText(row.name),
    retired: row.retired === 1,
    disabled: row.disabled === 1,
    state: toRouteState(row),
    ...(pausedAt === undefined ? {} : { pausedAt }),
    ...(orderedBy === undefined ? {} : { orderedBy }),
  };
}
