/**
 * What a state folder knows of events that Okta lists: what became of each on each route, how often it was delivered and
 * how often somebody asked for it. Looked up a page at a time, so that a daemon beside it is never held up for long.
 */
import { BATCH, type Beside } from './beside.ts';
import { Bundles, type Place } from './bundles.ts';
import { Configs, type ConfigVersion, publishedAt } from './configs.ts';
import { numbers, texts } from './optional.ts';
import type { Gap } from './outbox.ts';
import { PARKED, SOURCES, UNPLACED, UNREADABLE } from './schema.ts';
import type { SeqSet } from './seq-set.ts';
import { asBuffer, asNumber, asOptionalNumber, asText, type Row } from './sqlite.ts';

/** What bounds an audit. Instants in ms since 1970. */
export interface Horizon {
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

/** What became of an event on a route. */
export type Fate =
  /** `digest`: of the bytes that were sent; absent of one from before it was remembered. */
  | { readonly kind: 'delivered'; readonly digest?: Buffer }
  | { readonly kind: 'owed'; readonly dueAt: number }
  | { readonly kind: 'dead' }
  /** A person gave it up. */
  | { readonly kind: 'dropped' }
  /** A person moved it to another route. */
  | { readonly kind: 'moved' };

/** An event that was taken in and is not forgotten. */
export interface KnownEvent {
  readonly seq: number;
  /** The version of the routes that it was held against when the tail read it. */
  readonly config?: number;
  readonly place?: Place;
  /** By route id. */
  readonly fates: Map<number, Fate>;
  /** Routes that it was moved to: they are to have it whatever their patterns say. */
  readonly movedTo: Set<number>;
  /** By route id: so many deliveries more than anybody asked for. */
  readonly surplus: Map<number, number>;
}

/** Something the state has of an event, which Okta did not list. */
export interface Unlisted {
  readonly event: KnownEvent;
  readonly id: string;
  readonly eventType?: string;
  readonly published?: string;
}

const SCAN_ROWS = 4_096;
const DAY_MS = 86_400_000;

export class AuditDesk {
  readonly #beside: Beside;
  readonly #bundles: Bundles;

  constructor(beside: Beside) {
    this.#beside = beside;
    this.#bundles = new Bundles(beside.database);
    // A page's ids lie all over the index.
    beside.database.exec('PRAGMA cache_size = -32000');
  }

  /** All that `work` asks of this desk is of one instant. */
  atOnce<T>(work: () => T): T {
    return this.#beside.read(work);
  }

  horizon(): Horizon {
    return this.#beside.read(() => {
      const horizons = this.#beside.sql('SELECT * FROM horizons').get();
      const cursor = this.#beside
        .sql('SELECT coalesce(head_at, last_published_at) AS read_to FROM cursor')
        .get();
      return {
        versions: new Configs(this.#beside.database).all(),
        ...numbers({
          beganAt: horizons?.began_at,
          forgottenTo: horizons?.ledger_from,
          unjudgedTo: horizons?.judged_from,
          readTo: cursor?.read_to,
        }),
      };
    });
  }

  /** Those that touch the time between two instants. */
  gaps(since: number, until: number): Gap[] {
    return this.#beside.read(() =>
      this.#beside
        .sql(
          'SELECT * FROM gaps WHERE ifnull(from_at, at) < ? AND ifnull(to_at, at) >= ? ORDER BY id',
        )
        .all(until, since)
        .map(toGap),
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
    this.#tellFates(known.map(([, event]) => event));
    return new Map(known);
  }

  /** Undefined when they are not kept any more. */
  bytesOf({ place }: KnownEvent): Buffer | undefined {
    if (place === undefined) return undefined;
    const kept = this.#beside.sql('SELECT 1 FROM bundles WHERE id = ?').get(place.bundle);
    return kept === undefined ? undefined : this.#bundles.bytesAt(place);
  }

  /** Events of Okta's, published in the window, that have been delivered, are dead or owed, and are not in `listed`. */
  *unlisted(window: { readonly since: number; readonly until: number }, listed: SeqSet) {
    for (let after = 0; ; ) {
      const { rows, end } = this.#beside.read(() => this.#stretch(after, window));
      const strangers = rows.filter(
        (row) => !listed.has(asNumber(row.seq)) && isWithin(row, window),
      );
      for (let n = 0; n < strangers.length; n += BATCH) {
        yield this.atOnce(() => this.#withFates(strangers.slice(n, n + BATCH)));
      }
      if (end === undefined) return;
      after = end;
    }
  }

  /** Published as a text is narrowed down to a day or so only: not everybody writes instants in one way. */
  #stretch(
    after: number,
    { since, until }: { readonly since: number; readonly until: number },
  ): { readonly rows: Row[]; readonly end?: number } {
    const last = asOptionalNumber(
      this.#beside
        .sql('SELECT seq FROM events WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?')
        .get(after, SCAN_ROWS - 1)?.seq,
    );
    const rows = this.#beside
      .sql(
        `SELECT seq, id, type, published, source, config, bundle, at, size FROM events
         WHERE seq > ? AND seq <= ? AND source <> ${SOURCES.news} AND published BETWEEN ? AND ?`,
      )
      .all(
        after,
        last ?? Number.MAX_SAFE_INTEGER,
        new Date(since - DAY_MS).toISOString(),
        new Date(until + DAY_MS).toISOString(),
      );
    return last === undefined ? { rows } : { rows, end: last };
  }

  #withFates(rows: readonly Row[]): Unlisted[] {
    const all = rows.map((row) => ({
      event: toKnown(row),
      id: asText(row.id),
      ...texts({ eventType: row.type, published: row.published }),
    }));
    this.#tellFates(all.map(({ event }) => event));
    return all.filter(({ event }) => event.fates.size > 0);
  }

  /** Later ones count: what is owed stands for the line it had before it was replayed. */
  #tellFates(events: readonly KnownEvent[]): void {
    if (events.length === 0) return;
    const bySeq = new Map(events.map((event) => [event.seq, event]));
    const seqs = JSON.stringify([...bySeq.keys()]);
    const tell = (rows: readonly Row[], fateOf: (row: Row) => Fate) => {
      for (const row of rows) {
        if (row.route === UNREADABLE) continue;
        bySeq.get(asNumber(row.seq))?.fates.set(asNumber(row.route), fateOf(row));
      }
    };
    const moves = this.#of(seqs, 'seq, route, to_route', 'moves');
    tell(moves, () => ({ kind: 'moved' }));
    for (const row of moves) bySeq.get(asNumber(row.seq))?.movedTo.add(asNumber(row.to_route));
    tell(this.#of(seqs, 'seq, route, result, digest', 'ledger'), settledFate);
    for (const route of this.#routesWith('dead')) {
      tell(this.#dead(seqs, route), () => ({ kind: 'dead' }));
    }
    for (const route of this.#routesWith('owed')) {
      tell(this.#owed(seqs, bySeq, route), (row) => ({
        kind: 'owed',
        dueAt: asNumber(row.due_at),
      }));
    }
    this.#tellSurplus(seqs, bySeq);
  }

  #tellSurplus(seqs: string, bySeq: ReadonlyMap<number, KnownEvent>): void {
    const times = new Map(
      this.#of(seqs, 'seq, route, times', 'replays').map((row) => [
        `${row.seq} ${row.route}`,
        asNumber(row.times),
      ]),
    );
    const sent = this.#of(
      seqs,
      'seq, route, count(*) AS n',
      'attempts',
      `AND result = 'delivered' GROUP BY 1, 2`,
    );
    for (const row of sent) {
      const event = bySeq.get(asNumber(row.seq));
      const route = asNumber(row.route);
      const inLedger = event?.fates.get(route)?.kind === 'delivered' ? 1 : 0;
      const asked = times.get(`${row.seq} ${row.route}`) ?? 0;
      const surplus = asNumber(row.n) + inLedger - 1 - asked;
      if (surplus > 0) event?.surplus.set(route, surplus);
    }
  }

  /** Of a table whose key begins with the place. */
  #of(seqs: string, columns: string, table: string, more = ''): Row[] {
    const named = columns.replace('seq', `${table}.seq`);
    return this.#beside
      .sql(
        `SELECT ${named} FROM json_each(?) AS asked CROSS JOIN ${table} ON ${table}.seq = asked.value
         WHERE TRUE ${more}`,
      )
      .all(seqs);
  }

  #routesWith(table: 'dead' | 'owed'): number[] {
    return this.#beside
      .sql(
        `SELECT id FROM routes WHERE id <> ${UNREADABLE}
           AND EXISTS (SELECT 1 FROM ${table} WHERE ${table}.route = routes.id)`,
      )
      .all()
      .map((row) => asNumber(row.id));
  }

  #dead(seqs: string, route: number): Row[] {
    return this.#beside
      .sql(
        `SELECT seq, route FROM dead WHERE route = ? AND seq IN (SELECT value FROM json_each(?))`,
      )
      .all(route, seqs);
  }

  /** Those of one due time are found by their places; the others, to be tried again, are looked through. */
  #owed(seqs: string, bySeq: ReadonlyMap<number, KnownEvent>, route: number): Row[] {
    const atOnce = this.#beside
      .sql(
        `SELECT seq, route, due_at FROM owed WHERE route = ? AND due_at IN (0, ${PARKED}, ${UNPLACED})
           AND seq IN (SELECT value FROM json_each(?))`,
      )
      .all(route, seqs);
    const places = [...bySeq.keys()];
    const again = this.#beside
      .sql(
        'SELECT seq, route, due_at FROM owed WHERE route = ? AND due_at > 0 AND seq BETWEEN ? AND ?',
      )
      .all(route, Math.min(...places), Math.max(...places));
    return [...atOnce, ...again];
  }
}

function toKnown(row: Row): KnownEvent {
  const bundle = asOptionalNumber(row.bundle);
  return {
    seq: asNumber(row.seq),
    ...(row.source === SOURCES.tail ? numbers({ config: row.config }) : {}),
    ...(bundle === undefined
      ? {}
      : { place: { bundle, at: asNumber(row.at), size: asNumber(row.size) } }),
    fates: new Map(),
    movedTo: new Set(),
    surplus: new Map(),
  };
}

function settledFate(row: Row): Fate {
  if (row.result !== 'delivered') return { kind: 'dropped' };
  return row.digest === null
    ? { kind: 'delivered' }
    : { kind: 'delivered', digest: asBuffer(row.digest) };
}

function isWithin(
  { published }: Row,
  { since, until }: { readonly since: number; readonly until: number },
): boolean {
  const at = publishedAt(typeof published === 'string' ? published : undefined);
  return at !== undefined && at >= since && at < until;
}

function toGap(row: Row): Gap {
  const kind = asText(row.kind);
  return {
    at: asNumber(row.at),
    kind: kind === 'refused-link' || kind === 'beyond-retention' ? kind : 'unreadable-page',
    ...numbers({ fromMs: row.from_at, toMs: row.to_at }),
    why: asText(row.why),
  };
}
