/**
 * What every route has, for who asks often: read on a connection of its own, in one pass over what is owed, and kept for
 * a while that is long against what it cost, so that asking can never load the daemon.
 */
import type { Clock } from '../../clock.ts';
import { UNREADABLE } from '../database/schema.ts';
import { asNumber, asOptionalNumber, type Row } from '../database/sqlite.ts';
import { Beside, IN_A_DAEMON } from './beside.ts';
import type { Drops } from './drops.ts';
import { allRoutes, type NamedRoute } from './named-routes.ts';

/** Without a look for so long at least, ms. */
const KEPT_MS = 5_000;
/** A thousandth of the time may go into looking. */
const KEPT_TIMES_COST = 1_000;

export interface Stock {
  readonly route: NamedRoute;
  /** No route, but what could not be read of Okta's pages. */
  readonly unreadable: boolean;
  readonly queued: number;
  /** When the oldest that is queued was read, ms since 1970; what a person asked for again does not count. */
  readonly oldestReadAt?: number;
  readonly dead: number;
}

export class StockReader {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #drops: Drops;
  #beside: Beside | undefined;
  #known: readonly Stock[] = [];
  #keptUntil = Number.NEGATIVE_INFINITY;

  /** `drops` outlives the reader: what is dropped between two readers of a folder is seen by the second. */
  constructor(folder: string, clock: Clock, drops: Drops) {
    this.#folder = folder;
    this.#clock = clock;
    this.#drops = drops;
  }

  /** What people drop from now on is told. @throws StateError */
  begin(): void {
    const beside = this.#open();
    beside.read(() => this.#drops.look(beside, allRoutes(beside)));
  }

  /** Those in force first. @throws StateError */
  read(): readonly Stock[] {
    const startedAt = this.#clock.monotonic();
    if (startedAt < this.#keptUntil) return this.#known;
    const beside = this.#open();
    this.#known = beside.read(() => {
      const routes = allRoutes(beside);
      this.#drops.look(beside, routes);
      return stockOf(beside, routes);
    });
    const endedAt = this.#clock.monotonic();
    this.#keptUntil = endedAt + Math.max(KEPT_MS, KEPT_TIMES_COST * (endedAt - startedAt));
    return this.#known;
  }

  /** The next look is a fresh one: something was changed. */
  forget(): void {
    this.#keptUntil = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    this.#beside?.close();
    this.#beside = undefined;
    this.forget();
  }

  #open(): Beside {
    this.#beside ??= new Beside(this.#folder, { readOnly: true, ...IN_A_DAEMON });
    return this.#beside;
  }
}

function stockOf(beside: Beside, routes: readonly NamedRoute[]): Stock[] {
  const owed = byRoute(
    beside,
    'SELECT route, count(*) AS n, min(CASE replay WHEN 0 THEN seq END) AS oldest FROM owed',
  );
  const dead = byRoute(beside, 'SELECT route, count(*) AS n FROM dead');
  const event = beside.sql('SELECT read_at FROM events WHERE seq = ?');
  return routes.map((route) => {
    const queue = owed.get(route.id);
    const oldest = asOptionalNumber(queue?.oldest);
    const readAt = oldest === undefined ? undefined : event.get(oldest)?.read_at;
    return {
      route,
      unreadable: route.id === UNREADABLE,
      queued: asOptionalNumber(queue?.n) ?? 0,
      ...(typeof readAt === 'number' && { oldestReadAt: readAt }),
      dead: asOptionalNumber(dead.get(route.id)?.n) ?? 0,
    };
  });
}

function byRoute(beside: Beside, select: string): Map<number, Row> {
  const rows = beside.sql(`${select} GROUP BY route`).all();
  return new Map(rows.map((row) => [asNumber(row.route), row]));
}
