/**
 * What became of events on routes: where each stands in the ledger, among the dead letters, in what is owed, where a
 * person moved it, and how often it was delivered beyond what anybody asked for. Many events at a time.
 */
import { PARKED, UNPLACED, UNREADABLE } from '../database/schema.ts';
import { asBuffer, asNumber, type Row } from '../database/sqlite.ts';
import type { Place } from '../intake/bundles.ts';
import type { Beside } from './beside.ts';

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
  /** By route id: so many deliveries, made or owed, more than anybody asked for. */
  readonly surplus: Map<number, number>;
}

export class Fates {
  readonly #beside: Beside;

  constructor(beside: Beside) {
    this.#beside = beside;
  }

  /** Adds them to `events`. Later ones count: what is owed stands for the line it had before it was replayed. */
  tell(events: readonly KnownEvent[]): void {
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
      const owed = this.#owed(seqs, bySeq, route);
      tellOwedAgain(owed, bySeq);
      tell(owed, (row) => ({ kind: 'owed', dueAt: asNumber(row.due_at) }));
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
      if (surplus > 0) addSurplus(event, route, surplus);
    }
  }

  /** Of a table whose key begins with the place. */
  #of(seqs: string, columns: string, table: string, more = ''): Row[] {
    // Most often nobody has moved or replayed anything.
    if (this.#beside.sql(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined) return [];
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

/** Who asks for an event again takes its line from the ledger: what has both was owed by nobody's wish. */
function tellOwedAgain(owed: readonly Row[], bySeq: ReadonlyMap<number, KnownEvent>): void {
  for (const row of owed) {
    const event = bySeq.get(asNumber(row.seq));
    const route = asNumber(row.route);
    if (event?.fates.get(route)?.kind === 'delivered') addSurplus(event, route, 1);
  }
}

function addSurplus(event: KnownEvent | undefined, route: number, times: number): void {
  event?.surplus.set(route, (event.surplus.get(route) ?? 0) + times);
}

function settledFate(row: Row): Fate {
  if (row.result !== 'delivered') return { kind: 'dropped' };
  return row.digest === null
    ? { kind: 'delivered' }
    : { kind: 'delivered', digest: asBuffer(row.digest) };
}
