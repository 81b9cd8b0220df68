/** The routes that are or were in force: who they are, how they fare. Their ids stand in every other table. */
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  type Row,
  type Statement,
} from '../database/sqlite.ts';
import type { RouteRef, RouteState, RouteWish, Settlement } from '../outbox.ts';
import { FURTHEST_DUE_MS } from './owed-table.ts';

export class RouteTable {
  readonly #sql: (text: string) => Statement;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
  }

  retireRoutes(): void {
    this.#sql('UPDATE routes SET retired = 1, disabled = 0').run();
  }

  /** Puts a route in force, unless it is switched off. Returns its id, and the order that its lanes were made for. */
  adoptRoute({ key, name, enabled }: RouteRef): {
    readonly id: number;
    readonly orderedBy?: string;
  } {
    const off = enabled === false ? 1 : 0;
    const row = this.#sql(
      `INSERT INTO routes (key, name, retired, disabled) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET name = excluded.name, retired = excluded.retired, disabled = excluded.disabled
       RETURNING id, ordered_by`,
    ).get(key, name, off, off);
    const orderedBy = asOptionalText(row?.ordered_by);
    return { id: asNumber(row?.id), ...(orderedBy === undefined ? {} : { orderedBy }) };
  }

  /** Takes the row of the key that a route had before, unless it has one of its own. */
  takeOver({ key, formerly }: RouteRef): void {
    if (formerly === undefined) return;
    this.#sql(
      'UPDATE routes SET key = ?1 WHERE key = ?2 AND NOT EXISTS (SELECT 1 FROM routes WHERE key = ?1)',
    ).run(key, formerly);
  }

  saveOrder(route: number, by: string | undefined): void {
    this.#sql('UPDATE routes SET ordered_by = ? WHERE id = ?').run(by ?? null, route);
  }

  routeIds(): [key: string, id: number][] {
    return this.#sql('SELECT key, id FROM routes WHERE id > 0')
      .all()
      .map((row) => [asText(row.key), asNumber(row.id)]);
  }

  /** As it was saved; a time further ahead than any plan reaches comes from a clock that was wrong. */
  routeState(route: number, now: number): RouteState {
    const row = this.#sql('SELECT state, why, since, until FROM routes WHERE id = ?').get(route);
    const state: RouteState = row === undefined ? { kind: 'flowing' } : toRouteState(row);
    if (state.kind === 'flowing' || state.until === undefined) return state;
    return state.until > now + FURTHEST_DUE_MS ? { ...state, until: now } : state;
  }

  saveRouteState(route: number, state: RouteState): void {
    const trouble = state.kind === 'flowing' ? undefined : state;
    this.#sql('UPDATE routes SET state = ?, why = ?, since = ?, until = ? WHERE id = ?').run(
      state.kind,
      trouble?.why ?? null,
      trouble?.since ?? null,
      trouble?.until ?? null,
      route,
    );
  }

  saveSilence(route: number, since: number | undefined): void {
    this.#sql('UPDATE routes SET silent_since = ? WHERE id = ?').run(since ?? null, route);
  }

  silentSince(route: number): number | undefined {
    const row = this.#sql('SELECT silent_since FROM routes WHERE id = ?').get(route);
    return asOptionalNumber(row?.silent_since);
  }

  wishes(): RouteWish[] {
    return this.#sql('SELECT key, paused_at, resumed_at FROM routes WHERE retired = 0')
      .all()
      .map((row) => {
        const resumedAt = asOptionalNumber(row.resumed_at);
        return {
          key: asText(row.key),
          paused: row.paused_at !== null,
          ...(resumedAt === undefined ? {} : { resumedAt }),
        };
      });
  }

  /** Keeps each route's last delivery and last failure, for `status`; `settled` is in the order it came. */
  noteLast(settled: readonly (readonly [route: number, settlement: Settlement])[]): void {
    const delivered = new Map<number, number>();
    const failed = new Map<number, Exclude<Settlement, { kind: 'delivered' | 'expired' }>>();
    for (const [route, settlement] of settled) {
      if (settlement.kind === 'delivered') delivered.set(route, settlement.at);
      else if (settlement.kind !== 'expired') failed.set(route, settlement);
    }
    for (const [route, at] of delivered) {
      this.#sql('UPDATE routes SET last_delivered_at = ? WHERE id = ?').run(at, route);
    }
    for (const [route, { at, why }] of failed) {
      this.#sql('UPDATE routes SET last_failed_at = ?, last_error = ? WHERE id = ?').run(
        at,
        why,
        route,
      );
    }
  }
}

export function toRouteState(row: Row): RouteState {
  const why = asOptionalText(row.why) ?? '';
  const since = asOptionalNumber(row.since) ?? 0;
  const until = asOptionalNumber(row.until);
  if (row.state === 'slowed') return { kind: 'slowed', why, since, until: until ?? since };
  if (row.state !== 'held') return { kind: 'flowing' };
  return { kind: 'held', why, since, ...(until === undefined ? {} : { until }) };
}
