/**
 * Events of Okta's taken in beside the daemon, which owes what the ledger lacks: an event that has, for a route, no
 * row of any kind. They are owed as a replay is, so that live events go first and no age keeps back what a person asked
 * for. Nothing here opens a transaction: what `look` finds holds in the one that it is called in.
 */
import type { LogEvent } from '../../event.ts';
import { SOURCES, UNPLACED } from '../database/schema.ts';
import type { Database, Statement } from '../database/sqlite.ts';
import { Bundles, BundleWriter } from '../intake/bundles.ts';
import { type KnownEvent, KnownEvents } from '../intake/known-events.ts';
import { LogTables } from '../intake/log-tables.ts';

/** An event with the routes that want it. */
export interface Wanted {
  readonly event: LogEvent;
  /** Rows of `routes`. */
  readonly routes: readonly number[];
}

/** Of one event, what is lacking. */
export interface Lacking extends Wanted {
  /** Absent where the event is new to us. */
  readonly known?: KnownEvent;
}

interface OweOptions {
  /** Ms since 1970: due from then on. */
  readonly now: number;
  /** The version of the routes that new events are said to be held against. */
  readonly config: number | undefined;
}

export class BesideIntake {
  readonly #sql: (text: string) => Statement;
  readonly #tables: LogTables;
  readonly #bundles: Bundles;
  readonly #known: KnownEvents;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
    this.#tables = new LogTables(database);
    this.#bundles = new Bundles(database);
    this.#known = new KnownEvents(database, this.#bundles);
  }

  /** Those of `wanted` that the ledger lacks for one of their routes at least, and only with such routes. */
  look(wanted: readonly Wanted[]): Lacking[] {
    const found = wanted.map((one) => ({ ...one, known: this.#known.find(one.event.id) }));
    const owed = this.#owedOf(found);
    return found.flatMap(({ known, event, routes }) => {
      if (known === undefined) return [{ event, routes }];
      const lacking = routes.filter(
        (route) => !this.#known.isSettledOrOwed(route, known, owed.get(route) ?? new Set()),
      );
      return lacking.length === 0 ? [] : [{ event, routes: lacking, known }];
    });
  }

  /** Whether what is owed to the route is sent. */
  isInForce(route: number): boolean {
    return this.#sql('SELECT 1 FROM routes WHERE id = ? AND retired = 0').get(route) !== undefined;
  }

  /** Owes what `look` found in the same transaction. */
  owe(all: readonly Lacking[], options: OweOptions): void {
    const writer = new BundleWriter(this.#bundles);
    let seq = this.#tables.nextSeq();
    for (const lacking of all) {
      const { known } = lacking;
      if (known !== undefined) this.#oweKnown(known, lacking, options);
      else if (this.#oweNew(seq, lacking, { ...options, writer })) seq += 1;
    }
    writer.finish();
  }

  #oweKnown(known: KnownEvent, { event, routes }: Lacking, { now }: OweOptions): void {
    this.#known.keep(known, event, routes.length);
    for (const route of routes) this.#owe(route, known.seq, now);
  }

  /** False for one that stands in the page twice. */
  #oweNew(
    seq: number,
    { event, routes }: Lacking,
    { now, config, writer }: OweOptions & { readonly writer: BundleWriter },
  ): boolean {
    const place = writer.placeFor(seq, event.raw.length);
    const origin = {
      place,
      source: SOURCES.backfill,
      ...(config === undefined ? {} : { config }),
    };
    if (!this.#tables.addEvent(seq, event, now, origin)) return false;
    writer.add(event.raw, routes.length);
    for (const route of routes) this.#owe(route, seq, now);
    return true;
  }

  #owe(route: number, seq: number, now: number): void {
    this.#sql(
      `INSERT INTO owed (route, due_at, seq, replay)
       SELECT id, CASE WHEN ordered_by IS NULL THEN ? ELSE ${UNPLACED} END, ?, 1 FROM routes WHERE id = ?`,
    ).run(now, seq, route);
  }

  /** By route, which of its events are owed. */
  #owedOf(
    found: readonly (Wanted & { readonly known: KnownEvent | undefined })[],
  ): ReadonlyMap<number, ReadonlySet<number>> {
    const byRoute = new Map<number, KnownEvent[]>();
    for (const { known, routes } of found) {
      if (known === undefined) continue;
      for (const route of routes) {
        const events = byRoute.get(route) ?? [];
        events.push(known);
        byRoute.set(route, events);
      }
    }
    return new Map(
      [...byRoute].map(([route, events]) => [route, this.#known.owedTo(route, events)]),
    );
  }
}
