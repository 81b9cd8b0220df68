/** What became of one event: on each route every attempt that is remembered, and what it waits for now. */
import { numbers, texts } from '../database/optional.ts';
import { PARKED, UNPLACED } from '../database/schema.ts';
import {
  asBuffer,
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Row,
} from '../database/sqlite.ts';
import { type DelayParts, partsSinceRead } from '../delay.ts';
import { Bundles } from '../intake/bundles.ts';
import type { Beside } from './beside.ts';
import { type FoundEvent, findEvent, shortId } from './event-finder.ts';
import { allRoutes, type DeliveryStatus, type NamedRoute, owedStatus } from './named-routes.ts';

export interface Timeline {
  readonly event: FoundEvent;
  /** Those that wanted it. */
  readonly routes: readonly RouteTimeline[];
}

/** Instants in ms since 1970. */
export interface RouteTimeline {
  readonly route: NamedRoute;
  readonly status: DeliveryStatus;
  /** When it was delivered, given up or dropped; of what is owed, when it was tried last. */
  readonly at?: number;
  readonly why?: string;
  /** Also those that are not remembered one by one. */
  readonly attempts: number;
  readonly remembered: readonly PastAttempt[];
  /** When it is to be tried; PARKED behind another of its lane. Of what is owed only. */
  readonly dueAt?: number;
  /** Whether its last attempt was made, or its next one is, because a person asked for it again. */
  readonly replay: boolean;
  /** How long it took, unless a person asked for it again. Of what was delivered only. */
  readonly delay?: DelayParts;
  /** The event that it waits for, in short. */
  readonly behind?: string;
}

/** Durations in ms; those of a connection that was open already are absent. */
export interface PastAttempt {
  /** From 1; 0 is no attempt, but the end of one that was too old before any. */
  readonly n: number;
  readonly at: number;
  /** What it came to: `delivered`, `dead`, `expired`, or else that it was to be tried again. */
  readonly result: string;
  readonly status?: number;
  readonly why?: string;
  readonly nextAt?: number;
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  readonly firstByteMs?: number;
  /** From its start to its end. */
  readonly ms?: number;
  /** The first bytes of the answer. */
  readonly answer?: Buffer;
  /** Whether it was made because a person asked for the event again. */
  readonly replay: boolean;
}

/** Of the event whose id starts so. @throws ConfigError StateError */
export function timelineOf(beside: Beside, idPrefix: string, now: number): Timeline {
  const event = findEvent(beside, idPrefix);
  return beside.read(() => {
    const past = pastAttempts(beside, event.seq);
    const routes = allRoutes(beside).flatMap((route) => {
      const settled = new RouteRows(beside, event, route);
      const one = settled.timeline(past.get(route.id) ?? [], now);
      return one === undefined ? [] : [one];
    });
    return { event, routes };
  });
}

/** The event's bytes, as Okta wrote them; undefined when they are not kept any more. */
export function bytesOf(beside: Beside, { place }: FoundEvent): Buffer | undefined {
  if (place === undefined) return undefined;
  return beside.read(() => new Bundles(beside.database).bytesAt(place));
}

class RouteRows {
  readonly #beside: Beside;
  readonly #event: FoundEvent;
  readonly #route: NamedRoute;

  constructor(beside: Beside, event: FoundEvent, route: NamedRoute) {
    this.#beside = beside;
    this.#event = event;
    this.#route = route;
  }

  /** Undefined when the route never wanted the event. */
  timeline(past: readonly PastAttempt[], now: number): RouteTimeline | undefined {
    const owed = this.#owed();
    if (owed !== undefined) return this.#ofOwed(owed, past, now);
    const dead = this.#row('dead');
    if (dead !== undefined) return this.#ofDead(dead, past);
    const ledger = this.#row('ledger');
    return ledger === undefined ? undefined : this.#ofLedger(ledger, past);
  }

  #ofOwed(row: Row, past: readonly PastAttempt[], now: number): RouteTimeline {
    const dueAt = asNumber(row.due_at);
    const lane = asOptionalText(row.lane);
    const { last_at: at, last_status: status, last_why: why } = row;
    const last = lastOf({ at, status, why, attempts: row.attempts });
    return {
      route: this.#route,
      status: owedStatus(this.#route, dueAt, now),
      ...numbers({ at: row.last_at }),
      ...texts({ why: row.last_why }),
      attempts: asNumber(row.attempts),
      remembered: marked(withLast(past, last)),
      dueAt,
      replay: row.replay === 1,
      ...(dueAt === PARKED && lane !== undefined ? this.#firstOf(lane) : {}),
    };
  }

  #ofDead(row: Row, past: readonly PastAttempt[]): RouteTimeline {
    const { died_at: at, status, why, attempts } = row;
    const last = lastOf({ at, status, why, attempts });
    const remembered = marked(withLast(past, last));
    return {
      route: this.#route,
      status: 'dead',
      ...numbers({ at: row.died_at }),
      ...texts({ why: row.why }),
      attempts: asNumber(row.attempts),
      remembered,
      replay: remembered.at(-1)?.replay === true,
    };
  }

  #ofLedger(row: Row, past: readonly PastAttempt[]): RouteTimeline {
    const wasDelivered = row.result === 'delivered';
    const last: PastAttempt = {
      n: asNumber(row.attempts),
      result: asText(row.result),
      ...toAttempt(row),
    };
    const remembered = marked(wasDelivered ? withLast(past, last) : past);
    return {
      route: this.#route,
      status: wasDelivered ? 'delivered' : 'dropped',
      ...numbers({ at: row.at }),
      attempts: asNumber(row.attempts),
      remembered,
      replay: remembered.at(-1)?.replay === true,
      ...(wasDelivered ? this.#delay(remembered.at(-1)) : {}),
    };
  }

  #delay(last: PastAttempt | undefined): { readonly delay?: DelayParts } {
    if (last?.ms === undefined || last.replay) return {};
    const { readAt, oktaMs, pollMs } = this.#event;
    const known = oktaMs === undefined || pollMs === undefined ? {} : { oktaMs, pollMs };
    return { delay: { ...known, ...partsSinceRead({ readAt, at: last.at, ms: last.ms }) } };
  }

  /** The one that others of its lane wait for. */
  #firstOf(lane: string): { readonly behind?: string } {
    const row = this.#beside
      .sql(
        `SELECT events.id FROM owed JOIN events ON events.seq = owed.seq
         WHERE owed.route = ? AND owed.lane = ? AND owed.due_at <> ? ORDER BY owed.seq LIMIT 1`,
      )
      .get(this.#route.id, lane, PARKED);
    return row === undefined ? {} : { behind: shortId(this.#beside, asText(row.id)) };
  }

  #owed(): Row | undefined {
    // Never tried or parked: found by its key. Else the ones to be tried again are looked through.
    const atOnce = this.#beside
      .sql(
        `SELECT * FROM owed WHERE route = ? AND due_at IN (0, ${PARKED}, ${UNPLACED}) AND seq = ?`,
      )
      .get(this.#route.id, this.#event.seq);
    if (atOnce !== undefined) return atOnce;
    return this.#beside
      .sql('SELECT * FROM owed WHERE route = ? AND due_at > 0 AND seq = ?')
      .get(this.#route.id, this.#event.seq);
  }

  #row(name: 'dead' | 'ledger'): Row | undefined {
    return this.#beside
      .sql(`SELECT * FROM ${name} WHERE route = ? AND seq = ?`)
      .get(this.#route.id, this.#event.seq);
  }
}

function pastAttempts(beside: Beside, seq: number): Map<number, PastAttempt[]> {
  const past = new Map<number, PastAttempt[]>();
  for (const row of beside.sql('SELECT * FROM attempts WHERE seq = ? ORDER BY route, n').all(seq)) {
    const route = asNumber(row.route);
    const attempt = { n: asNumber(row.n), result: asText(row.result), ...toAttempt(row) };
    past.set(route, [...(past.get(route) ?? []), attempt]);
  }
  return past;
}

function toAttempt(row: Row): Omit<PastAttempt, 'n' | 'result'> {
  return {
    at: asNumber(row.at),
    ...numbers({
      status: row.status,
      nextAt: row.next_at,
      dnsMs: row.dns_ms,
      connectMs: row.connect_ms,
      tlsMs: row.tls_ms,
      firstByteMs: row.first_byte_ms,
      ms: row.ms,
    }),
    ...texts({ why: row.why }),
    ...(row.answer instanceof Uint8Array ? { answer: asBuffer(row.answer) } : {}),
    replay: false,
  };
}

/** What a row of `owed` or `dead` says of its last attempt; the one line there is when an older loghook made it. */
function lastOf({ at, status, why, attempts }: Partial<Row>): PastAttempt | undefined {
  const lastAt = asOptionalNumber(at);
  const n = asNumber(attempts);
  if (lastAt === undefined || n === 0) return undefined;
  return {
    n,
    at: lastAt,
    result: 'failed',
    ...numbers({ status }),
    ...texts({ why }),
    replay: false,
  };
}

/** With the last attempt, unless it is remembered already. */
function withLast(
  past: readonly PastAttempt[],
  last: PastAttempt | undefined,
): readonly PastAttempt[] {
  if (last === undefined || past.some(({ n }) => n >= last.n)) return past;
  return [...past, last];
}

/** An attempt after one that delivered the event, or that gave it up, was asked for by a person. */
function marked(attempts: readonly PastAttempt[]): PastAttempt[] {
  let isOver = false;
  return attempts.map((attempt) => {
    const replay = isOver;
    isOver ||= ['delivered', 'dead', 'expired'].includes(attempt.result);
    return { ...attempt, replay };
  });
}
