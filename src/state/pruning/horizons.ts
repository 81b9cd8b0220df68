/**
 * Up to where the state can be trusted to know all: what is forgotten raises it, in the same transaction, so that an
 * audit never takes what was forgotten for missing. An event that nobody wanted may be forgotten early only if it can be
 * told from its time alone that nobody did.
 */
import { Configs, type ConfigTimes, publishedAt } from '../configs.ts';
import { SOURCES } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  type Database,
  type Row,
  type Statement,
} from '../database/sqlite.ts';

export class Horizons {
  readonly #sql: (text: string) => Statement;
  readonly #configs: Configs;

  constructor(database: Database) {
    this.#sql = (text) => database.prepare(text);
    this.#configs = new Configs(database);
  }

  /** Which versions of the routes were in force when, as of now. */
  times(): ConfigTimes {
    return this.#configs.times();
  }

  /** Ledger lines of these events go. */
  forgetLines(events: readonly Row[]): void {
    if (events.length > 0) this.#raise('ledger_from', Math.max(...events.map(horizonOf)));
  }

  /** These events go, that cannot be judged without their rows. */
  forgetEvents(events: readonly Row[]): void {
    if (events.length > 0) this.#raise('judged_from', Math.max(...events.map(horizonOf)));
  }

  hasOldConfigs(before: number): boolean {
    return this.#supersededAt(before) !== undefined;
  }

  /** The oldest version goes, if it was superseded before `before` (ms since 1970). */
  pruneConfigs(before: number): void {
    const at = this.#supersededAt(before);
    if (at === undefined) return;
    this.#sql('DELETE FROM configs WHERE id = (SELECT min(id) FROM configs)').run();
    this.#raise('judged_from', at - 1);
  }

  /** When the oldest version was. */
  #supersededAt(before: number): number | undefined {
    const row = this.#sql('SELECT at FROM configs ORDER BY id LIMIT 1 OFFSET 1').get();
    const at = asOptionalNumber(row?.at);
    return at !== undefined && at < before ? at : undefined;
  }

  /** Without a row nothing is judged yet. */
  #raise(horizon: 'ledger_from' | 'judged_from', to: number): void {
    this.#sql(`UPDATE horizons SET ${horizon} = max(ifnull(${horizon}, ?1), ?1)`).run(to);
  }
}

/** Whether the version that an unwanted event was held against can be told from when it was published. */
export function isJudgedByTime({ source, config, published }: Row, times: ConfigTimes): boolean {
  if (source !== SOURCES.tail || config === null) return true;
  const at = publishedAt(asOptionalText(published));
  return at !== undefined && times.inForceAt(at) === config;
}

/** An event from the future says nothing of what was forgotten by then. */
function horizonOf({ published, read_at }: Row): number {
  const readAt = asNumber(read_at);
  return Math.min(publishedAt(asOptionalText(published)) ?? readAt, readAt);
}
