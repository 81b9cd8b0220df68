/**
 * Events that are known already and are to be owed to one more route: found by id, with their bytes kept for it.
 * Nothing here opens a transaction; all that was found holds for the one that it was found in.
 */
import type { LogEvent } from '../../event.ts';
import { SOURCES } from '../database/schema.ts';
import { asNumber, asOptionalNumber, type Database, type Statement } from '../database/sqlite.ts';
import type { Bundles } from './bundles.ts';

/** A bundle is made of the events of one page, which are as many places in the log; with room to spare. */
const BUNDLE_SPAN = 10_000;

export interface KnownEvent {
  readonly seq: number;
  /** Where its bytes are or were kept; absent where no route wanted it. */
  readonly bundle?: number;
  /** One of SOURCES. */
  readonly source: number;
}

export class KnownEvents {
  readonly #sql: (text: string) => Statement;
  readonly #bundles: Bundles;

  constructor(database: Database, bundles: Bundles) {
    this.#sql = (text) => database.prepare(text);
    this.#bundles = bundles;
  }

  find(id: string): KnownEvent | undefined {
    const row = this.#sql('SELECT seq, bundle, source FROM events WHERE id = ?').get(id);
    if (row === undefined) return undefined;
    const bundle = asOptionalNumber(row.bundle);
    return {
      seq: asNumber(row.seq),
      source: asNumber(row.source),
      ...(bundle === undefined ? {} : { bundle }),
    };
  }

  /** Whether it was delivered, dropped or moved to another route, is a dead letter or is owed. */
  isSettledOrOwed(route: number, { seq }: KnownEvent, owed: ReadonlySet<number>): boolean {
    return (
      owed.has(seq) ||
      this.#sql('SELECT 1 FROM ledger WHERE seq = ? AND route = ?').get(seq, route) !== undefined ||
      this.#sql('SELECT 1 FROM moves WHERE seq = ? AND route = ?').get(seq, route) !== undefined ||
      this.#sql('SELECT 1 FROM dead WHERE route = ? AND seq = ?').get(route, seq) !== undefined
    );
  }

  /** Which of `known` are owed to `route`: one look for them all, for it goes through all that the route is owed. */
  owedTo(route: number, known: readonly KnownEvent[]): ReadonlySet<number> {
    if (known.length === 0) return new Set();
    const seqs = known.map(({ seq }) => seq);
    const rows = this.#sql('SELECT seq FROM owed WHERE route = ? AND seq BETWEEN ? AND ?').all(
      route,
      Math.min(...seqs),
      Math.max(...seqs),
    );
    return new Set(rows.map((row) => asNumber(row.seq)));
  }

  /** Its bytes are kept for `count` deliveries more: where they are, or else `event`'s in a bundle of their own. */
  keep({ seq, bundle }: KnownEvent, { raw }: LogEvent, count: number): void {
    if (bundle !== undefined && this.#bundles.retain(bundle, count)) return;
    if (bundle === seq) this.#forgetPlacesIn(seq);
    this.#bundles.store(seq, [raw], count);
    this.#sql('UPDATE events SET bundle = ?1, at = 0, size = ?2 WHERE seq = ?1').run(
      seq,
      raw.length,
    );
  }

  /** A backfill read it first; now the tail has, and held it against the routes of `config`. */
  readByTail({ seq }: KnownEvent, config: number | undefined): void {
    this.#sql('UPDATE events SET source = ?, config = ? WHERE seq = ?').run(
      SOURCES.tail,
      config ?? null,
      seq,
    );
  }

  /** A bundle is called by its first event: those that were in the one before must not be looked for in the new one. */
  #forgetPlacesIn(bundle: number): void {
    this.#sql('UPDATE events SET bundle = NULL WHERE seq > ?1 AND seq <= ?2 AND bundle = ?1').run(
      bundle,
      bundle + BUNDLE_SPAN,
    );
  }
}
