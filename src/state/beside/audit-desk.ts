/**
 * What a state folder knows of events that Okta lists, and of those that Okta does not list. Looked up a page at a time,
 * so that a daemon beside it is never held up for long.
 */
import { Configs, type ConfigVersion, publishedAt } from '../configs.ts';
import { numbers, texts } from '../database/optional.ts';
import { SOURCES } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Row,
} from '../database/sqlite.ts';
import { Bundles } from '../intake/bundles.ts';
import type { Gap } from '../outbox.ts';
import { BATCH, type Beside } from './beside.ts';
import { Fates, type KnownEvent } from './fates.ts';
import { gapOf } from './gaps.ts';
import type { SeqSet } from './seq-set.ts';

/** What bounds an audit. Instants in ms since 1970. */
export interface Horizon {
  /** The host that was read; absent before the first page. */
  readonly org?: string;
  /** Oldest first. */
  readonly versions: readonly ConfigVersion[];
  /** What was published before may never have been read. */
  readonly beganAt?: number;
  /** Of what was published up to then the ledger may have forgotten. */
  readonly forgottenTo?: number;
  /** Of what was published up to then nobody may be able to tell who wanted it. */
  readonly unjudgedTo?: number;
  /** All that the log held then was read. */
  readonly readTo?: number;
}

/** An event that the state has, and Okta did not list. */
export interface Unlisted {
  readonly event: KnownEvent;
  readonly id: string;
  readonly eventType?: string;
  readonly published?: string;
}

/** From `since` up to, and without, `until`; ms since 1970. */
interface Span {
  readonly since: number;
  readonly until: number;
}

const SCAN_ROWS = 4_096;
const DAY_MS = 86_400_000;

export class AuditDesk {
  readonly #beside: Beside;
  readonly #bundles: Bundles;
  readonly #fates: Fates;

  constructor(beside: Beside) {
    this.#beside = beside;
    this.#bundles = new Bundles(beside.database);
    this.#fates = new Fates(beside);
    // A page's ids lie all over the index.
    beside.database.exec('PRAGMA cache_size = -12000');
  }

  /** All that `work` asks of this desk is of one instant. */
  atOnce<T>(work: () => T): T {
    return this.#beside.read(work);
  }

  horizon(): Horizon {
    return this.#beside.read(() => {
      const horizons = this.#beside.sql('SELECT * FROM horizons').get();
      const cursor = this.#beside
        .sql('SELECT next_url, coalesce(head_at, last_published_at) AS read_to FROM cursor')
        .get();
      const nextUrl = asOptionalText(cursor?.next_url);
      return {
        versions: new Configs(this.#beside.database).all(),
        ...(nextUrl === undefined ? {} : { org: new URL(nextUrl).host }),
        ...numbers({
          beganAt: horizons?.began_at,
          forgottenTo: horizons?.ledger_from,
          unjudgedTo: horizons?.judged_from,
          readTo: cursor?.read_to,
        }),
      };
    });
  }

  /** What was published up to then (ms since 1970) cannot be judged, as of now: a daemon beside us goes on forgetting. */
  forgottenTo(): number {
    const row = this.#beside
      .sql('SELECT max(ifnull(ledger_from, -1), ifnull(judged_from, -1)) AS at FROM horizons')
      .get();
    return asOptionalNumber(row?.at) ?? -1;
  }

  /** Those that touch the time between two instants. */
  gaps(since: number, until: number): Gap[] {
    return this.#beside.read(() =>
      this.#beside
        .sql(
          'SELECT * FROM gaps WHERE ifnull(from_at, at) < ? AND ifnull(to_at, at) >= ? ORDER BY id',
        )
        .all(until, since)
        .map(gapOf),
    );
  }

  /** By the places in `ids`; what is not known is absent. */
  look(ids: readonly string[]): Map<number, KnownEvent> {
    const found = this.#beside
      .sql(
        `SELECT asked.key AS n, events.seq, source, config, bundle, at, size
         FROM json_each(?) AS asked CROSS JOIN events ON events.id = asked.value`,
      )
      .all(JSON.stringify(ids));
    const known = found.map((row) => [asNumber(row.n), toKnown(row)] as const);
    this.#fates.tell(known.map(([, event]) => event));
    return new Map(known);
  }

  /** Undefined when they are not kept any more. */
  bytesOf({ place }: KnownEvent): Buffer | undefined {
    if (place === undefined) return undefined;
    const kept = this.#beside.sql('SELECT 1 FROM bundles WHERE id = ?').get(place.bundle);
    return kept === undefined ? undefined : this.#bundles.bytesAt(place);
  }

  /** The place of the event that was taken in last. */
  newest(): number {
    return asOptionalNumber(this.#beside.sql('SELECT max(seq) AS seq FROM events').get()?.seq) ?? 0;
  }

  /** Events of Okta's, published in the window, that are not in `listed`. */
  *unlisted(window: Span, listed: SeqSet): Generator<Unlisted[]> {
    for (let after = 0; ; ) {
      const { seqs, end } = this.atOnce(() => this.#stretch(after, window));
      const strangers = seqs.filter((seq) => !listed.has(seq));
      for (let n = 0; n < strangers.length; n += BATCH) {
        yield this.atOnce(() => this.#known(strangers.slice(n, n + BATCH), window));
      }
      if (end === undefined) return;
      after = end;
    }
  }

  /** Published as a text is narrowed down to a day or so only: not everybody writes instants in one way. */
  #stretch(
    after: number,
    { since, until }: Span,
  ): { readonly seqs: number[]; readonly end?: number } {
    const last = asOptionalNumber(
      this.#beside
        .sql('SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?')
        .get(after, SCAN_ROWS - 1)?.seq,
    );
    const row = this.#beside
      .sql(
        `SELECT json_group_array(seq) AS seqs FROM events
         WHERE seq > ? AND seq <= ? AND source <> ${SOURCES.news} AND published BETWEEN ? AND ?`,
      )
      .get(
        after,
        last ?? Number.MAX_SAFE_INTEGER,
        new Date(since - DAY_MS).toISOString(),
        new Date(until + DAY_MS).toISOString(),
      );
    const seqs: number[] = JSON.parse(asText(row?.seqs));
    return last === undefined ? { seqs } : { seqs, end: last };
  }

  #known(seqs: readonly number[], window: Span): Unlisted[] {
    const rows = this.#beside
      .sql(
        `SELECT events.seq, events.id, events.type, published, source, config, bundle, at, size
         FROM json_each(?) AS asked CROSS JOIN events ON events.seq = asked.value`,
      )
      .all(JSON.stringify(seqs));
    return this.#withFates(rows.filter((row) => isWithin(row, window)));
  }

  #withFates(rows: readonly Row[]): Unlisted[] {
    const all = rows.map((row) => ({
      event: toKnown(row),
      id: asText(row.id),
      ...texts({ eventType: row.type, published: row.published }),
    }));
    this.#fates.tell(all.map(({ event }) => event));
    return all;
  }
}

function toKnown(row: Row): KnownEvent {
  const bundle = asOptionalNumber(row.bundle);
  return {
    seq: asNumber(row.seq),
    ...(row.source === SOURCES.tail && typeof row.config === 'number'
      ? { config: row.config }
      : {}),
    ...(bundle === undefined
      ? {}
      : { place: { bundle, at: asNumber(row.at), size: asNumber(row.size) } }),
    fates: new Map(),
    movedTo: new Set(),
    surplus: new Map(),
  };
}

function isWithin({ published }: Row, { since, until }: Span): boolean {
  const at = publishedAt(typeof published === 'string' ? published : undefined);
  return at !== undefined && at >= since && at < until;
}
