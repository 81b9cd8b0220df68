/** Events, pages and lanes for tests of the outbox. */
import type { LogEvent } from '../../src/event.ts';
import type {
  Delivery,
  Intake,
  LaneGate,
  Outbox,
  RouteRef,
  Settlement,
  TailCursor,
  Wants,
} from '../../src/state/outbox.ts';
import type { FakeClock } from './fake-clock.ts';

export const never: AbortSignal = new AbortController().signal;

export const A: RouteRef = { key: 'https://a.example/in', name: 'a.example#1111' };
export const B: RouteRef = { key: 'https://b.example/in', name: 'b.example#2222' };

export function eventOf(n: number, filler = ''): LogEvent {
  const id = `event-${String(n).padStart(6, '0')}`;
  const published = '2026-11-21T07:59:00.000Z';
  const raw = `{"uuid":"${id}","eventType":"user.session.start","published":"${published}","n":${n}.0,"filler":"${filler}"}`;
  return { id, uuid: id, eventType: 'user.session.start', published, raw: Buffer.from(raw) };
}

export function eventsOf(from: number, count: number, filler = ''): LogEvent[] {
  return Array.from({ length: count }, (_, index) => eventOf(from + index, filler));
}

export function pageOf(events: readonly LogEvent[], cursor?: TailCursor): Intake {
  return cursor === undefined ? { events } : { events, cursor };
}

export function cursorAt(readAt: number, page = 1): TailCursor {
  return {
    nextUrl: `https://acme.okta.com/api/v1/logs?after=${page}`,
    query: '',
    readAt,
    lastPublishedAt: readAt - 30_000,
  };
}

/** Every event goes to each of `routes`. */
export function allTo(...routes: RouteRef[]): Wants {
  return { wantedBy: () => routes };
}

/** A lane that always has room. */
export function laneOf(route: RouteRef): LaneGate {
  return { key: route.key, room: () => Promise.resolve() };
}

/** All that is due now, taken and neither recorded nor given back. */
export async function takeDue(
  outbox: Outbox,
  route: RouteRef,
  asOf: number,
  most = Number.POSITIVE_INFINITY,
): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  if (most === 0) return taken;
  for await (const delivery of outbox.due(laneOf(route), never, asOf)) {
    taken.push(delivery);
    if (taken.length === most) break;
  }
  return taken;
}

/** Records and lets the clock run until it is durable. */
export async function recordAll(
  outbox: Outbox,
  clock: FakeClock,
  route: RouteRef,
  settled: readonly (readonly [Delivery, Settlement])[],
): Promise<void> {
  const done = Promise.all(
    settled.map(([delivery, settlement]) => outbox.record(route, delivery, settlement)),
  );
  await clock.advance(100);
  await done;
}

export function delivered(clock: FakeClock): Settlement {
  return { kind: 'delivered', at: clock.now(), status: 200, ms: 12 };
}

export function postponed(clock: FakeClock, byMs: number, charged = true): Settlement {
  return {
    kind: 'postponed',
    at: clock.now(),
    dueAt: clock.now() + byMs,
    charged,
    status: 503,
    why: '503 Service Unavailable',
  };
}

export function dead(clock: FakeClock): Settlement {
  return { kind: 'dead', at: clock.now(), status: 400, why: '400 Bad Request' };
}

export function expired(clock: FakeClock): Settlement {
  return { kind: 'expired', at: clock.now(), why: 'older than its route wants' };
}

/** The route with an order of so many lanes: event n goes to lane n modulo `lanes`; 'strict' is one lane. */
export function ordered(route: RouteRef, lanes: number): RouteRef {
  const laneOf = ({ id }: LogEvent) => `lane ${Number(id.slice('event-'.length)) % lanes}`;
  return { ...route, order: { by: `key:${lanes}`, laneOf } };
}

export function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ event }) => event.id);
}

/** A route with an order of two lanes. */
export const C: RouteRef = ordered({ key: 'name:c', name: 'c' }, 2);
