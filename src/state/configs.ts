/**
 * Which patterns were in force since when, and from when on all is known: what an audit judges events by. A version is
 * written only when something of it changed.
 */
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  type Statement,
} from './database/sqlite.ts';
import type { Reading, RouteRef } from './outbox.ts';

/** How long a ledger line is kept at most. */
const LEDGER_MS = 30 * 86_400_000;

/** What one route wanted. */
interface ConfigRoute {
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

/** Which version was in force when. A clock that was set back does not bring an older one back. */
export class ConfigTimes {
  /** Oldest first; of each the newest version that had come into force by then. */
  readonly #steps: { readonly at: number; readonly id: number }[] = [];

  constructor(versions: readonly Pick<ConfigVersion, 'id' | 'at'>[]) {
    let newest = 0;
    for (const { id, at } of versions.toSorted(
      (one, other) => one.at - other.at || one.id - other.id,
    )) {
      if (id < newest) continue;
      newest = id;
      this.#steps.push({ at, id });
    }
  }

  /** The version at `at` (ms since 1970), the first one before there was any; undefined: there is none. */
  inForceAt(at: number): number | undefined {
    let low = 0;
    let high = this.#steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#steps[middle]?.at ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return this.#steps[Math.max(0, low - 1)]?.id;
  }
}

/** When an event was published, ms since 1970; undefined where it does not say so. */
export function publishedAt(published: string | undefined): number | undefined {
  const at = Date.parse(published ?? '');
  return Number.isNaN(at) ? undefined : at;
}

export class Configs {
  readonly #sql: (text: string) => Statement;
  #current: number | undefined;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
  }

  /** The version that events are held against now; undefined until this process uses one. */
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

  /** The same without what they say. */
  times(): ConfigTimes {
    const rows = this.#sql('SELECT id, at FROM configs ORDER BY id').all();
    return new ConfigTimes(rows.map((row) => ({ id: asNumber(row.id), at: asNumber(row.at) })));
  }

  /**
   * `routes` (adopted before, in the same transaction) are in force from `now` on. Returns their version, which is to be
   * put in `use` when that is durable.
   */
  remember(routes: readonly RouteRef[], { query, since }: Reading, now: number): number {
    const wanting = routes
      .filter(({ enabled, patterns }) => enabled !== false && (patterns ?? []).length > 0)
      .map(({ key, patterns }) => ({ id: this.#idOf(key), patterns }))
      .sort((one, other) => one.id - other.id);
    const written = JSON.stringify(wanting);
    const last = this.#sql('SELECT * FROM configs ORDER BY id DESC LIMIT 1').get();
    this.#begin(last === undefined, { since: since ?? now, now });
    if (last !== undefined && last.query === query && last.routes === written) {
      return asNumber(last.id);
    }
    const row = this.#sql(
      'INSERT INTO configs (at, query, routes, read_to) VALUES (?, ?, ?, ?) RETURNING id',
    ).get(Math.max(now, this.#readAt()), query, written, this.#readTo() ?? null);
    return asNumber(row?.id);
  }

  /** Events that are committed next are held against this version. */
  use(version: number | undefined): void {
    if (version !== undefined) this.#current = version;
  }

  /**
   * What was published before was never asked for, or was read by a loghook that did not remember its routes. As long as
   * nothing was read, every start is a first one.
   */
  #begin(isFirst: boolean, { since, now }: { readonly since: number; readonly now: number }): void {
    const readTo = this.#readTo();
    if (readTo !== undefined) {
      if (isFirst) this.#takeOver(readTo, now);
      return;
    }
    this.#sql(
      `INSERT INTO horizons (only, began_at) VALUES (1, ?)
       ON CONFLICT (only) DO UPDATE SET began_at = excluded.began_at`,
    ).run(since);
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

  /** By Okta's clock: what was published before was held against older versions, whatever our clock says. */
  #readAt(): number {
    return asOptionalNumber(this.#sql('SELECT read_at FROM cursor').get()?.read_at) ?? 0;
  }

  #readTo(): number | undefined {
    const cursor = this.#sql('SELECT last_published_at, read_at FROM cursor').get();
    return asOptionalNumber(cursor?.last_published_at) ?? asOptionalNumber(cursor?.read_at);
  }

  #idOf(key: string): number {
    return asNumber(this.#sql('SELECT id FROM routes WHERE key = ?').get(key)?.id);
  }
}
