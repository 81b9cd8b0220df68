/**
 * Backfills: what each was asked for and how far it has come, kept together with what it owes, so that one which was
 * cut off goes on where it was. Those that are over are kept for as long as the ledger may forget what they owed.
 */
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Row,
} from '../database/sqlite.ts';
import type { Beside } from './beside.ts';

/** Instants in ms since 1970. */
export interface Backfill {
  readonly id: number;
  /** What was asked for, in words that mean the same when it is asked again. */
  readonly asked: string;
  readonly since: number;
  readonly until: number;
  /** Okta's link to the next page; absent before the first. */
  readonly nextUrl?: string;
  /** All that was published before is done. */
  readonly readTo?: number;
  /** Read so far. */
  readonly events: number;
  readonly owed: number;
  readonly routes: RouteCounts;
  readonly startedAt: number;
  readonly endedAt?: number;
}

/** Of one route, by its row in `routes`. */
interface RouteCount {
  /** Events that it wants. */
  readonly wanted: number;
  /** Of these, owed by the backfill. */
  readonly owed: number;
}

export type RouteCounts = Readonly<Record<string, RouteCount>>;

/** What one step adds. */
interface Step {
  /** Where to go on; absent while there is more of the same page. */
  readonly nextUrl?: string;
  readonly readTo?: number;
  readonly events: number;
  readonly routes: RouteCounts;
}

/** Longer than Okta keeps what was read: what they owed early must not be taken for never sent. */
const KEPT_MS = 120 * 86_400_000;

export class Backfills {
  readonly #beside: Beside;

  constructor(beside: Beside) {
    this.#beside = beside;
  }

  /** The newest that was asked for in the same words and is not over. */
  unfinished(asked: string): Backfill | undefined {
    const row = this.#beside
      .sql('SELECT * FROM backfills WHERE asked = ? AND ended_at IS NULL ORDER BY id DESC')
      .get(asked);
    return row && toBackfill(row);
  }

  begin(asked: string, range: { readonly since: number; readonly until: number }, now: number) {
    let begun: Backfill | undefined;
    this.#beside.write(() => {
      const row = this.#beside
        .sql(
          'INSERT INTO backfills (asked, since, until, started_at) VALUES (?, ?, ?, ?) RETURNING *',
        )
        .get(asked, range.since, range.until, now);
      this.#beside.sql('DELETE FROM backfills WHERE started_at < ?').run(now - KEPT_MS);
      begun = row && toBackfill(row);
    });
    if (begun === undefined) throw new TypeError('a backfill was begun and is not there');
    return begun;
  }

  /** To be called in the transaction that owes what `step` counts. */
  advance(id: number, step: Step): void {
    const before = this.of(id);
    const routes = sumOf(before.routes, step.routes);
    this.#beside
      .sql(
        `UPDATE backfills SET next_url = coalesce(?, next_url), read_to = coalesce(?, read_to),
           events = events + ?, owed = ?, routes = ? WHERE id = ?`,
      )
      .run(
        step.nextUrl ?? null,
        step.readTo ?? null,
        step.events,
        owedIn(routes),
        JSON.stringify(routes),
        id,
      );
  }

  /** Okta does not take the link any more: it goes on from `readTo`. */
  forgetLink(id: number): void {
    this.#beside.write(() => {
      this.#beside.sql('UPDATE backfills SET next_url = NULL WHERE id = ?').run(id);
    });
  }

  end(id: number, now: number): void {
    this.#beside.write(() => {
      this.#beside.sql('UPDATE backfills SET ended_at = ? WHERE id = ?').run(now, id);
    });
  }

  of(id: number): Backfill {
    const row = this.#beside.sql('SELECT * FROM backfills WHERE id = ?').get(id);
    if (row === undefined) throw new TypeError('a backfill is not there any more');
    return toBackfill(row);
  }
}

/** How many were owed, of all routes. */
export function owedIn(routes: RouteCounts): number {
  return Object.values(routes).reduce((all, { owed }) => all + owed, 0);
}

export function sumOf(one: RouteCounts, other: RouteCounts): RouteCounts {
  const ids = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries(
    [...ids].map((id) => [
      id,
      {
        wanted: (one[id]?.wanted ?? 0) + (other[id]?.wanted ?? 0),
        owed: (one[id]?.owed ?? 0) + (other[id]?.owed ?? 0),
      },
    ]),
  );
}

/** By route, the earliest instant (ms since 1970) that a backfill has owed it events from. */
export function backfilledFrom(beside: Beside): ReadonlyMap<number, number> {
  const from = new Map<number, number>();
  for (const { since, routes } of beside.sql('SELECT * FROM backfills').all().map(toBackfill)) {
    for (const [route, { owed }] of Object.entries(routes)) {
      const known = from.get(Number(route)) ?? since;
      if (owed > 0) from.set(Number(route), Math.min(known, since));
    }
  }
  return from;
}

function toBackfill(row: Row): Backfill {
  const nextUrl = asOptionalText(row.next_url);
  const readTo = asOptionalNumber(row.read_to);
  const endedAt = asOptionalNumber(row.ended_at);
  return {
    id: asNumber(row.id),
    asked: asText(row.asked),
    since: asNumber(row.since),
    until: asNumber(row.until),
    events: asNumber(row.events),
    owed: asNumber(row.owed),
    // Written by this class alone, in this shape.
    routes: JSON.parse(asText(row.routes)) as RouteCounts,
    startedAt: asNumber(row.started_at),
    ...(nextUrl === undefined ? {} : { nextUrl }),
    ...(readTo === undefined ? {} : { readTo }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
}
