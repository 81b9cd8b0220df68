/**
 * Which patterns were in force since when, and from when on all is known: what an audit judges events by. A version is
 * written only when something of it changed.
 */
import type { Reading, RouteRef } from './outbox.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  type Statement,
} from './sqlite.ts';

/** How long a ledger line is kept at most. */
const LEDGER_MS = 30 * 86_400_000;

/** What one route wanted. */
export interface ConfigRoute {
  /** Its row in `routes`. */
  readonly id: number;
  readonly patterns: readonly string[];
}

/** The routes that were in force from `at` (ms since 1970) until the next version. */
export interface ConfigVersion {
  readonly id: number;
  readonly at: number;
  /** What was asked of Okta besides the time. */
  readonly query: string;
  readonly routes: readonly ConfigRoute[];
}

export class Configs {
  readonly #sql: (text: string) => Statement;
  #current: number | undefined;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
  }

  /** The version that events are held against now; undefined until one was remembered by this process. */
  get current(): number | undefined {
    return this.#current;
  }

  /** All versions, oldest first. */
  all(): ConfigVersion[] {
    return this.#sql('SELECT * FROM configs ORDER BY id')
      .all()
      .map((row) => ({
        id: asNumber(row.id),
        at: asNumber(row.at),
        query: asText(row.query),
        // Written by this class alone, in this shape.
        routes: JSON.parse(asText(row.routes)) as readonly ConfigRoute[],
      }));
  }

  /** `routes` (adopted before, in the same transaction) are in force from `now` on. */
  remember(routes: readonly RouteRef[], { query, since }: Reading, now: number): void {
    const wanting = routes
      .filter(({ enabled, patterns }) => enabled !== false && (patterns ?? []).length > 0)
      .map(({ key, patterns }) => ({ id: this.#idOf(key), patterns }))
      .sort((one, other) => one.id - other.id);
    const written = JSON.stringify(wanting);
    const last = this.#sql('SELECT * FROM configs ORDER BY id DESC LIMIT 1').get();
    if (last === undefined) this.#begin(since, now);
    if (last !== undefined && last.query === query && last.routes === written) {
      this.#current = asNumber(last.id);
      return;
    }
    const row = this.#sql(
      'INSERT INTO configs (at, query, routes, read_to) VALUES (?, ?, ?, ?) RETURNING id',
    ).get(now, query, written, this.#readTo() ?? null);
    this.#current = asNumber(row?.id);
  }

  /** What was published before was never asked for, or was read by a loghook that did not remember its routes. */
  #begin(since: number | undefined, now: number): void {
    const readTo = this.#readTo();
    if (readTo !== undefined) this.#takeOver(readTo, now);
    else {
      this.#sql('INSERT OR IGNORE INTO horizons (only, began_at) VALUES (1, ?)').run(since ?? now);
    }
  }

  /**
   * The ledger forgets what was settled 30 days ago, and was not told apart by what it might have forgotten before: what
   * was published before its first line may be gone as well.
   */
  #takeOver(readTo: number, now: number): void {
    const first = this.#sql(
      'SELECT published FROM events WHERE seq = (SELECT min(seq) FROM ledger)',
    ).get();
    const firstAt = Date.parse(asOptionalText(first?.published) ?? '');
    const ledgerFrom = Math.max(now - LEDGER_MS, Number.isNaN(firstAt) ? 0 : firstAt);
    this.#sql(
      `INSERT OR IGNORE INTO horizons (only, began_at, ledger_from, old_routes)
       VALUES (1, ?, ?, (SELECT max(id) FROM routes))`,
    ).run(readTo + 1, ledgerFrom);
  }

  #readTo(): number | undefined {
    const cursor = this.#sql('SELECT last_published_at, read_at FROM cursor').get();
    return asOptionalNumber(cursor?.last_published_at) ?? asOptionalNumber(cursor?.read_at);
  }

  #idOf(key: string): number {
    return asNumber(this.#sql('SELECT id FROM routes WHERE key = ?').get(key)?.id);
  }
}
