/**
 * The dead letters of a state folder, as a person looks at them and decides: replay or drop. Works as a second process
 * beside a running daemon, in short transactions that hold nobody up, or without one.
 */

import { ConfigError } from '../../errors.ts';
import { shownIdStart } from '../../event.ts';
import { openStateBeside, UNREADABLE } from '../database/schema.ts';
import {
  asNumber,
  asOptionalNumber,
  asOptionalText,
  asText,
  type Database,
  inTransaction,
  type Row,
  type Statement,
  stateErrorOf,
} from '../database/sqlite.ts';
import { Bundles, toPlace } from '../intake/bundles.ts';
import { Settlements } from '../owed/settlements.ts';
import { databaseIn } from './standing.ts';

const BATCH = 500;
const CANDIDATES = 5;

/** One event that one route gave up. Instants in ms since 1970. */
export interface DeadLetter {
  readonly seq: number;
  readonly routeId: number;
  readonly event: string;
  readonly eventType?: string;
  /** As Okta wrote it. */
  readonly published?: string;
  readonly route: string;
  /** Whether the route is not in force; a replay waits until it is. */
  readonly retired: boolean;
  /** Whether it is a piece of a page that could not be cut, which no route wants: it cannot be replayed. */
  readonly unreadable: boolean;
  readonly diedAt: number;
  readonly why: string;
  readonly status?: number;
  readonly attempts: number;
  readonly firstAttemptAt?: number;
}

/** What a change is made with. */
export interface Turn {
  /** Ms since 1970. */
  readonly now: number;
  /** Called between two transactions, so that a running daemon comes to write as well. */
  readonly rest: () => Promise<void>;
}

const COLUMNS = `
  dead.seq, dead.route, dead.died_at, dead.why, dead.status, dead.attempts, dead.first_at,
  events.id, events.type, events.published, routes.name, routes.retired
  FROM dead JOIN events ON events.seq = dead.seq JOIN routes ON routes.id = dead.route`;

export class DeadLetters {
  readonly #path: string;
  readonly #database: Database;
  readonly #sql: (text: string) => Statement;
  readonly #settlements: Settlements;
  readonly #bundles: Bundles;

  /** @throws StateError naming the folder when there is no state in it, or it cannot be opened. */
  static open(folder: string): DeadLetters {
    const path = databaseIn(folder);
    return new DeadLetters(path, openStateBeside(path, { readOnly: false }));
  }

  private constructor(path: string, database: Database) {
    this.#path = path;
    this.#database = database;
    this.#sql = (text) => database.prepare(text);
    this.#bundles = new Bundles(database);
    this.#settlements = new Settlements(database, this.#bundles);
  }

  close(): void {
    this.#database.close();
  }

  /** Of all routes that this state knows. */
  routeNames(): string[] {
    return this.#try('read', () => this.#sql('SELECT name FROM routes ORDER BY name').all()).map(
      (row) => asText(row.name),
    );
  }

  /** Route by route, each in log order. Reads on as the caller takes; `route` is a name. @throws ConfigError */
  *list(route?: string): Generator<DeadLetter> {
    const only = route === undefined ? undefined : this.#routesNamed(route);
    let last: { readonly routeId: number; readonly seq: number } = { routeId: -1, seq: 0 };
    for (;;) {
      const batch = this.#try('read', () =>
        this.#sql(
          `SELECT ${COLUMNS} WHERE (dead.route, dead.seq) > (?, ?) ORDER BY dead.route, dead.seq LIMIT ?`,
        ).all(last.routeId, last.seq, BATCH),
      ).map(toDeadLetter);
      yield* only === undefined ? batch : batch.filter((letter) => only.has(letter.routeId));
      const end = batch.at(-1);
      if (end === undefined || batch.length < BATCH) return;
      last = end;
    }
  }

  /** The dead letters, one a route, of the one event whose id starts so. @throws ConfigError naming the candidates */
  find(idPrefix: string, route?: string): readonly [DeadLetter, ...DeadLetter[]] {
    const only = route === undefined ? undefined : this.#routesNamed(route);
    const letters = this.#startingWith(idPrefix).filter(
      (letter) => only === undefined || only.has(letter.routeId),
    );
    const ids = [...new Set(letters.map((letter) => letter.event))];
    const exact = letters.filter((letter) => letter.event === idPrefix);
    const [first, ...others] = exact.length > 0 ? exact : letters;
    if (first === undefined) throw notFound(idPrefix, route);
    if (exact.length === 0 && ids.length > 1) throw ambiguous(idPrefix, ids);
    return [first, ...others];
  }

  /** The event's bytes, as Okta wrote them. */
  raw(letter: DeadLetter): Buffer {
    return this.#try('read', () => {
      const row = this.#sql('SELECT bundle, at, size FROM events WHERE seq = ?').get(letter.seq);
      return this.#bundles.bytesAt(toPlace(row));
    });
  }

  /** Owes them again, due now with all tries before them. Returns how many were still dead. */
  replay(letters: Iterable<DeadLetter>, turn: Turn): Promise<number> {
    return this.#each(letters, turn, ({ routeId, seq, unreadable }) =>
      unreadable ? false : this.#settlements.replay(routeId, seq, turn.now) === 'replayed',
    );
  }

  /** Gives them up: a ledger line stays, the bytes go. Returns how many were still dead. */
  drop(letters: Iterable<DeadLetter>, turn: Turn): Promise<number> {
    return this.#each(letters, turn, ({ routeId, seq }) =>
      this.#settlements.drop(routeId, seq, turn.now),
    );
  }

  /** Each batch is durable before the next; what was moved stays moved when a later one fails. */
  async #each(
    letters: Iterable<DeadLetter>,
    { rest }: Turn,
    move: (letter: DeadLetter) => boolean,
  ): Promise<number> {
    let moved = 0;
    for (const batch of batches(letters)) {
      if (moved > 0) await rest();
      this.#try('write to', () =>
        inTransaction(this.#database, () => {
          for (const letter of batch) if (move(letter)) moved += 1;
        }),
      );
    }
    return moved;
  }

  #startingWith(prefix: string): DeadLetter[] {
    // Ids are ASCII, so everything that starts with the prefix sorts before the prefix and a tilde.
    return this.#try('read', () =>
      this.#sql(
        `SELECT ${COLUMNS} WHERE events.id >= ? AND events.id < ? ORDER BY events.id, dead.route`,
      ).all(prefix, `${prefix}~`),
    ).map(toDeadLetter);
  }

  #routesNamed(name: string): Set<number> {
    const rows = this.#try('read', () => this.#sql('SELECT id, name FROM routes').all());
    const found = rows.filter((row) => row.name === name).map((row) => asNumber(row.id));
    if (found.length > 0) return new Set(found);
    const names = rows.map((row) => asText(row.name)).join(', ');
    throw new ConfigError([
      {
        where: '--route',
        // What was written may be a URL, so it is not shown.
        message: 'there is no route of that name in this state folder',
        hint: `There are: ${names}`,
      },
    ]);
  }

  #try<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw stateErrorOf(this.#path, doing, error);
    }
  }
}

function notFound(prefix: string, route: string | undefined): ConfigError {
  const where = route === undefined ? '' : ` of ${route}`;
  return new ConfigError([
    {
      where: 'dead letter',
      message: `none${where} has an id that starts with ${shownIdStart(prefix)}`,
      hint: 'See them with: loghook dead list',
    },
  ]);
}

function ambiguous(prefix: string, ids: readonly string[]): ConfigError {
  const shown = ids.slice(0, CANDIDATES).join(', ');
  const more = ids.length > CANDIDATES ? ` and ${ids.length - CANDIDATES} more` : '';
  return new ConfigError([
    {
      where: 'dead letter',
      message: `"${prefix}" is the start of ${ids.length} ids: ${shown}${more}`,
      hint: 'Write more of the id.',
    },
  ]);
}

function* batches<T>(items: Iterable<T>): Generator<readonly T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function toDeadLetter(row: Row): DeadLetter {
  const eventType = asOptionalText(row.type);
  const published = asOptionalText(row.published);
  const status = asOptionalNumber(row.status);
  const firstAttemptAt = asOptionalNumber(row.first_at);
  return {
    seq: asNumber(row.seq),
    routeId: asNumber(row.route),
    event: asText(row.id),
    ...(eventType === undefined ? {} : { eventType }),
    ...(published === undefined ? {} : { published }),
    route: asText(row.name),
    retired: row.retired === 1,
    unreadable: row.route === UNREADABLE,
    diedAt: asNumber(row.died_at),
    why: asText(row.why),
    ...(status === undefined ? {} : { status }),
    attempts: asNumber(row.attempts),
    ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
  };
}
