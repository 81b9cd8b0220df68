/**
 * Reads the window and owes what the ledger lacks, a page at a time: what a page owes is durable together with where
 * to go on after it. Ends at the window's end, quietly between two pages when it is stopped, or with an error after
 * which the same command goes on.
 */
import { refuse } from '../../config/problems.ts';
import { OktaError, StateError } from '../../errors.ts';
import type { Page, SystemLog } from '../../okta/system-log.ts';
import {
  type Backfill,
  type Backfills,
  owedIn,
  type RouteCounts,
  sumOf,
} from '../../state/beside/backfills.ts';
import type { Beside } from '../../state/beside/beside.ts';
import { BesideIntake, type Lacking, type Wanted } from '../../state/beside/beside-intake.ts';
import { mayBeForgotten, type Reach, reachNow } from '../../state/beside/reach.ts';
import type { Chosen } from './plan.ts';

/** A page that is larger is taken in several transactions, so that the daemon need not wait long. */
const MOST_BYTES = 8_000_000;
/** Stays free on the disk, for the daemon's own events. */
export const RESERVE_BYTES = 256_000_000;

export interface ReadingParts {
  readonly beside: Beside;
  readonly systemLog: Pick<SystemLog, 'read'>;
  readonly chosen: Chosen;
  readonly reach: Reach;
  readonly folder: string;
  readonly now: () => number;
  readonly freeBytes: () => number;
  /** Called after each page: others come to write, and a rate share is looked at again. */
  readonly onPage: (progress: Progressed) => Promise<void>;
}

export interface Progressed {
  readonly events: number;
  readonly owed: number;
  /** All that was published before, ms since 1970, is done. */
  readonly readTo?: number | undefined;
}

/** What a reading came to, beside what its backfill remembers. */
export interface Came {
  readonly events: number;
  readonly routes: RouteCounts;
  /** Pieces of Okta's pages that are no events. */
  readonly unreadable: number;
  /** By route: what the ledger forgot meanwhile, and so was not owed. */
  readonly forgotten: ReadonlyMap<number, number>;
}

export class Reading {
  readonly #parts: ReadingParts;
  readonly #intake: BesideIntake;
  readonly #forgotten = new Map<number, number>();
  #unreadable = 0;

  constructor(parts: ReadingParts) {
    this.#parts = parts;
    this.#intake = new BesideIntake(parts.beside.database);
  }

  /** Goes on with `backfill` until it is over or `signal` aborts. @throws OktaError StateError */
  async run(backfill: Backfill, backfills: Backfills, signal: AbortSignal): Promise<Came> {
    for (let isOver = false; !isOver && !signal.aborted; ) {
      isOver = await this.#readOn(backfills.of(backfill.id), backfills, signal);
    }
    if (!signal.aborted) backfills.end(backfill.id, this.#parts.now());
    const { events, routes } = backfills.of(backfill.id);
    return { events, routes, unreadable: this.#unreadable, forgotten: this.#forgotten };
  }

  /** Writes nothing. */
  async rehearse(
    range: { readonly since: number; readonly until: number },
    signal: AbortSignal,
  ): Promise<Came> {
    const { beside, systemLog, reach, onPage } = this.#parts;
    let events = 0;
    let routes: RouteCounts = {};
    for await (const page of systemLog.read(range, signal)) {
      const once = onceEach(page.events);
      const wanted = this.#wanted(once, reach);
      const lacking = beside.read(() => this.#intake.look(wanted));
      routes = sumOf(routes, countsOf(wanted, lacking));
      events += once.length;
      this.#unreadable += page.leftovers.length;
      await onPage({ events, owed: owedIn(routes), readTo: page.cursor.lastPublishedAt });
    }
    return { events, routes, unreadable: this.#unreadable, forgotten: this.#forgotten };
  }

  /** False when Okta did not take the link any more: it has to begin again from where it came to. */
  async #readOn(at: Backfill, backfills: Backfills, signal: AbortSignal): Promise<boolean> {
    const { systemLog, onPage } = this.#parts;
    const { since, until, nextUrl, readTo = since } = at;
    try {
      const range = nextUrl === undefined ? { since: Math.min(readTo, until), until } : { nextUrl };
      for await (const page of systemLog.read(range, signal)) {
        this.#take(page, at.id, backfills);
        await onPage(backfills.of(at.id));
      }
      return true;
    } catch (error) {
      if (!(error instanceof OktaError) || error.kind === 'credentials') throw error;
      const isNoFurther = backfills.of(at.id).readTo === at.readTo;
      if (nextUrl === undefined && isNoFurther) throw error;
      backfills.forgetLink(at.id);
      return false;
    }
  }

  #take(page: Page, id: number, backfills: Backfills): void {
    const { beside, reach, now } = this.#parts;
    const { nextUrl, lastPublishedAt } = page.cursor;
    this.#unreadable += page.leftovers.length;
    const parts = inParts(onceEach(page.events));
    parts.forEach((events, index) => {
      this.#refuseFull(events);
      const isLast = index === parts.length - 1;
      beside.write(() => {
        this.#refuseRetired();
        const wanted = this.#wanted(events, reachNow(beside, reach));
        const lacking = this.#intake.look(wanted);
        this.#intake.owe(lacking, { now: now(), config: reach.config });
        backfills.advance(id, {
          events: events.length,
          routes: countsOf(wanted, lacking),
          ...(isLast && { nextUrl }),
          ...(isLast && lastPublishedAt !== undefined && { readTo: lastPublishedAt }),
        });
      });
    });
  }

  /** What the routes want of it, but for what they may have had and nobody remembers. */
  #wanted(events: Page['events'], reach: Reach): Wanted[] {
    const { chosen } = this.#parts;
    return events.flatMap((event) => {
      const publishedAt = Date.parse(event.published ?? '');
      const routes = chosen.routes
        .wantedBy(event)
        .flatMap(({ key }) => chosen.rows.get(key)?.id ?? [])
        .filter((route) => {
          if (!mayBeForgotten(reach, route, publishedAt)) return true;
          this.#forgotten.set(route, (this.#forgotten.get(route) ?? 0) + 1);
          return false;
        });
      return routes.length === 0 ? [] : [{ event, routes }];
    });
  }

  /** Its routes may have been changed meanwhile: nobody would send what is owed to one that is gone. */
  #refuseRetired(): void {
    for (const { id, name } of this.#parts.chosen.rows.values()) {
      if (this.#intake.isInForce(id)) continue;
      refuse(
        'backfill',
        `${name} is no longer in force`,
        'Start or reload the daemon with it, or choose others with --route.',
      );
    }
  }

  /** The daemon's events come first: it must not be this that fills the disk. */
  #refuseFull(events: Page['events']): void {
    const { freeBytes, folder } = this.#parts;
    // They are written to the log and to the file.
    const needed = RESERVE_BYTES + 2 * bytesOf(events);
    if (freeBytes() >= needed) return;
    throw new StateError(folder, 'go on with the backfill in', {
      cause: new Error(`less than ${RESERVE_BYTES / 1e6} MB would be left on its disk`),
      hint: 'Free some space on that disk; the same command then goes on where it was.',
    });
  }
}

/** One that stands in a page twice is owed once, and must be counted so. */
function onceEach(events: Page['events']): Page['events'] {
  return [...new Map(events.map((event) => [event.id, event])).values()];
}

function inParts(events: Page['events']): Page['events'][] {
  const parts: Page['events'][number][][] = [[]];
  let bytes = 0;
  for (const event of events) {
    if (bytes > MOST_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(event);
    bytes += event.raw.length;
  }
  return parts;
}

function bytesOf(events: Page['events']): number {
  return events.reduce((all, { raw }) => all + raw.length, 0);
}

function countsOf(wanted: readonly Wanted[], lacking: readonly Lacking[]): RouteCounts {
  const counts: Record<string, { wanted: number; owed: number }> = {};
  const of = (route: number) => {
    counts[route] ??= { wanted: 0, owed: 0 };
    return counts[route];
  };
  for (const { routes } of wanted) for (const route of routes) of(route).wanted += 1;
  for (const { routes } of lacking) for (const route of routes) of(route).owed += 1;
  return counts;
}
