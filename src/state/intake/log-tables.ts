/**
 * What is known of Okta's log: events, the cursor, gaps, trouble. Statements, prepared once; nothing here decides
 * anything, the callers say what belongs in one transaction.
 */
import type { LogEvent } from '../../event.ts';
import {
  asNumber,
  asOptionalNumber,
  asText,
  type Database,
  type Statement,
} from '../database/sqlite.ts';
import type { Delay } from '../delay.ts';
import type { Gap, TailCursor } from '../outbox.ts';
import type { Place } from './bundles.ts';

/** How an event came to us. */
export interface Origin extends Partial<Delay> {
  /** Where its bytes lie; undefined: nobody wants them. */
  readonly place?: Place | undefined;
  /** One of SOURCES. */
  readonly source: number;
  /** The version of the routes that it was held against. */
  readonly config?: number;
}

export class LogTables {
  readonly #sql: (text: string) => Statement;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
  }

  /** The place after the last event. */
  nextSeq(): number {
    return (asOptionalNumber(this.#sql('SELECT max(seq) AS seq FROM events').get()?.seq) ?? 0) + 1;
  }

  /** False when an event of that id was read before. */
  addEvent(seq: number, event: LogEvent, now: number, origin: Origin): boolean {
    const { place, source, config, oktaMs, pollMs } = origin;
    const { changes } = this.#sql(
      `INSERT OR IGNORE INTO events
         (seq, id, type, published, read_at, bundle, at, size, source, config, okta_ms, poll_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      seq,
      event.id,
      event.eventType ?? null,
      event.published ?? null,
      now,
      place?.bundle ?? null,
      place?.at ?? null,
      place?.size ?? null,
      source,
      config ?? null,
      oktaMs ?? null,
      pollMs ?? null,
    );
    return changes > 0;
  }

  /** `isHead`: nothing more was to be had when it was read. */
  saveCursor(cursor: TailCursor, isHead: boolean): void {
    this.#sql(
      `INSERT INTO cursor (only, next_url, query, last_published_at, read_at, head_at) VALUES (1, ?, ?, ?, ?, ?)
       ON CONFLICT (only) DO UPDATE SET next_url = excluded.next_url, query = excluded.query,
         last_published_at = excluded.last_published_at, read_at = excluded.read_at,
         head_at = coalesce(excluded.head_at, head_at)`,
    ).run(
      cursor.nextUrl,
      cursor.query,
      cursor.lastPublishedAt ?? null,
      cursor.readAt,
      isHead ? cursor.readAt : null,
    );
  }

  cursor(): TailCursor | undefined {
    const row = this.#sql('SELECT * FROM cursor').get();
    if (row === undefined) return undefined;
    const lastPublishedAt = asOptionalNumber(row.last_published_at);
    return {
      nextUrl: asText(row.next_url),
      query: asText(row.query),
      readAt: asNumber(row.read_at),
      ...(lastPublishedAt === undefined ? {} : { lastPublishedAt }),
    };
  }

  /** Trouble that goes on in other words keeps the instant when it began. */
  saveTrouble(trouble: string | undefined, now: number): void {
    if (trouble === undefined) this.#sql('DELETE FROM trouble').run();
    else {
      this.#sql(
        `INSERT INTO trouble (only, what, since) VALUES (1, ?, ?)
         ON CONFLICT (only) DO UPDATE SET what = excluded.what`,
      ).run(trouble, now);
    }
  }

  trouble(): { readonly what: string; readonly since: number } | undefined {
    const row = this.#sql('SELECT what, since FROM trouble').get();
    return row === undefined ? undefined : { what: asText(row.what), since: asNumber(row.since) };
  }

  knows(eventId: string): boolean {
    return this.#sql('SELECT 1 FROM events WHERE id = ?').get(eventId) !== undefined;
  }

  /** A gap that is met again (a page is read twice) only grows. */
  addGap({ at, kind, fromMs, toMs, why }: Gap): void {
    this.#sql(
      `INSERT INTO gaps (at, kind, from_at, to_at, why) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, from_at) DO UPDATE SET to_at = max(to_at, excluded.to_at)`,
    ).run(at, kind, fromMs ?? null, toMs ?? null, why);
  }
}
