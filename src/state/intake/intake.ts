/** Takes a page in: its events, what they owe, what could not be cut, its gaps, its cursor. The caller opens the transaction. */
import { eventId, type LogEvent } from '../../event.ts';
import type { Configs } from '../configs.ts';
import { SOURCES, UNREADABLE } from '../database/schema.ts';
import { type Delay, delayOf } from '../delay.ts';
import type { Intake, LaneOrder, RouteRef, Wants } from '../outbox.ts';
import type { Freed, OwedLanes } from '../owed/owed-lanes.ts';
import type { OwedTable } from '../owed/owed-table.ts';
import type { Settlements } from '../owed/settlements.ts';
import { type Bundles, BundleWriter, type Place } from './bundles.ts';
import type { KnownEvents } from './known-events.ts';
import { LateEvents } from './late-events.ts';
import type { LogTables, Origin } from './log-tables.ts';

interface Owed {
  readonly seq: number;
  readonly place: Place;
  readonly event: LogEvent;
  readonly delay: Delay | undefined;
  readonly routes: readonly RouteRef[];
}

/** A route as it was adopted. */
export interface OwedRoute {
  readonly id: number;
  readonly order: LaneOrder | undefined;
}

/** Where an event may go at once: nobody is before it. */
export interface Turn {
  readonly owed: Owed;
  readonly key: string;
  readonly lane?: string;
}

type Leftover = NonNullable<Intake['leftovers']>[number];

export interface Taken {
  readonly owed: readonly Owed[];
  readonly turns: readonly Turn[];
  readonly repeated: number;
  /** What a backfill had read before the tail did is owed now: it comes out of the queues by its place. */
  readonly freed: readonly Freed[];
}

interface PageIntakeParts {
  readonly tables: LogTables;
  readonly owed: OwedTable;
  readonly lanes: OwedLanes;
  readonly settlements: Settlements;
  readonly bundles: Bundles;
  readonly known: KnownEvents;
  /** Which routes new events are held against. */
  readonly configs: Pick<Configs, 'current'>;
}

export class PageIntake {
  readonly #parts: PageIntakeParts;
  readonly #late: LateEvents;

  constructor(parts: PageIntakeParts) {
    this.#parts = parts;
    this.#late = new LateEvents(parts.owed, parts.lanes, parts.known);
  }

  take(intake: Intake, wants: Wants, now: number, routeOf: (key: string) => OwedRoute): Taken {
    const { tables, bundles } = this.#parts;
    const writer = new BundleWriter(bundles);
    const owed: Owed[] = [];
    const from = this.#sourceOf(intake);
    const { source, config } = from;
    let seq = tables.nextSeq();
    let repeated = 0;
    const freed: Freed[] = [];
    for (const event of intake.events) {
      const routes = wants.wantedBy(event);
      // Of one that nobody wants nobody asks how long it took.
      const wanted =
        routes.length > 0
          ? { place: writer.placeFor(seq, event.raw.length), delay: delayOf(event, intake, now) }
          : undefined;
      const origin = { source, config, place: wanted?.place, delay: wanted?.delay };
      if (!tables.addEvent(seq, event, now, origin)) {
        repeated += 1;
        const wanting = routes.map(({ key }) => routeOf(key));
        freed.push(...this.#late.complete(event, wanting, from));
        continue;
      }
      if (wanted !== undefined) {
        writer.add(event.raw, routes.length);
        owed.push({ seq, event, routes, ...wanted });
      }
      seq += 1;
    }
    this.#buryAll(intake.leftovers ?? [], seq, now, writer);
    writer.finish();
    for (const gap of intake.gaps ?? []) tables.addGap(gap);
    if (intake.cursor !== undefined) tables.saveCursor(intake.cursor, intake.full !== true);
    const kept = isSparse(owed, intake) ? owed.map(apart) : owed;
    return { owed: kept, turns: this.#oweAll(kept, routeOf), repeated, freed };
  }

  /** Of loghook's own news no audit asks Okta. */
  #sourceOf({ source = 'tail' }: Intake): Origin {
    const config = source === 'tail' ? this.#parts.configs.current : undefined;
    return { source: SOURCES[source], ...(config === undefined ? {} : { config }) };
  }

  /** Returns those that are not parked behind others of their lane. */
  #oweAll(all: readonly Owed[], routeOf: (key: string) => OwedRoute): Turn[] {
    const { lanes, owed: table } = this.#parts;
    const turns: Turn[] = [];
    const free = new Map<number, number[]>();
    for (const owed of all) {
      for (const { key } of owed.routes) {
        const { id, order } = routeOf(key);
        const lane = order?.laneOf(owed.event);
        if (lane === undefined) {
          const seqs = free.get(id) ?? [];
          seqs.push(owed.seq);
          free.set(id, seqs);
          turns.push({ owed, key });
        } else if (lanes.owe(id, owed.seq, lane)) turns.push({ owed, key, lane });
      }
    }
    for (const [id, seqs] of free) table.oweAll(id, seqs);
    return turns;
  }

  #buryAll(leftovers: readonly Leftover[], from: number, now: number, writer: BundleWriter): void {
    let seq = from;
    for (const leftover of leftovers) {
      if (this.#bury(seq, leftover, now, writer)) seq += 1;
    }
  }

  #bury(seq: number, { raw, why }: Leftover, now: number, writer: BundleWriter): boolean {
    const place = writer.placeFor(seq, raw.length);
    const event = { id: eventId(undefined, raw), raw };
    if (!this.#parts.tables.addEvent(seq, event, now, { place, source: SOURCES.tail }))
      return false;
    writer.add(raw, 1);
    this.#parts.settlements.addDead(UNREADABLE, seq, { at: now, why, attempts: 0 });
    return true;
  }
}

/** Whether most of the page is wanted by nobody: the few that are would keep all of it in memory. */
function isSparse(owed: readonly Owed[], { events }: Intake): boolean {
  return owed.length < events.length / 2;
}

/** The same, over bytes of its own instead of the page's. */
function apart(owed: Owed): Owed {
  return { ...owed, event: { ...owed.event, raw: Buffer.from(owed.event.raw) } };
}
