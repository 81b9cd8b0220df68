/**
 * The dead letters of a state folder, as a person looks at them and decides: replay or drop, in short transactions that
 * hold nobody up.
 */
import { ConfigError } from '../../errors.ts';
import { shownIdStart } from '../../event.ts';
import { numbers, texts } from '../database/optional.ts';
import { UNREADABLE } from '../database/schema.ts';
import { asNumber, asText, type Row } from '../database/sqlite.ts';
import { Bundles, toPlace } from '../intake/bundles.ts';
import { Settlements } from '../owed/settlements.ts';
import { BATCH, type Beside, type Turn } from './beside.ts';

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

const COLUMNS = `
  dead.seq, dead.route, dead.died_at, dead.why, dead.status, dead.attempts, dead.first_at,
  events.id, events.type, events.published, routes.name, routes.retired
  FROM dead JOIN events ON events.seq = dead.seq JOIN routes ON routes.id = dead.route`;

export class DeadLetters {
  readonly #beside: Beside;
  readonly #settlements: Settlements;
  readonly #bundles: Bundles;

  constructor(beside: Beside) {
    this.#beside = beside;
    this.#bundles = new Bundles(beside.database);
    this.#settlements = new Settlements(beside.database, this.#bundles);
  }

  /** Route by route, each in log order. Reads on as the caller takes; `route` is a name. @throws StateError */
  *list(route?: string): Generator<DeadLetter> {
    let last: { readonly routeId: number; readonly seq: number } = { routeId: -1, seq: 0 };
    for (;;) {
      const batch = this.#letters(
        '(dead.route, dead.seq) > (?, ?) ORDER BY dead.route, dead.seq LIMIT ?',
        last.routeId,
        last.seq,
        BATCH,
      );
      yield* ofRoute(batch, route);
      const end = batch.at(-1);
      if (end === undefined || batch.length < BATCH) return;
      last = end;
    }
  }

  /** The dead letters, one a route, of the one event whose id starts so. @throws ConfigError naming the candidates */
  find(idPrefix: string, route?: string): readonly [DeadLetter, ...DeadLetter[]] {
    const letters = ofRoute(this.#startingWith(idPrefix), route);
    const ids = [...new Set(letters.map((letter) => letter.event))];
    const exact = letters.filter((letter) => letter.event === idPrefix);
    const [first, ...others] = exact.length > 0 ? exact : letters;
    if (first === undefined) throw notFound(idPrefix, route);
    if (exact.length === 0 && ids.length > 1) throw ambiguous(idPrefix, ids);
    return [first, ...others];
  }

  /** The event's bytes, as Okta wrote them. */
  raw(letter: DeadLetter): Buffer {
    return this.#beside.read(() => {
      const row = this.#beside
        .sql('SELECT bundle, at, size FROM events WHERE seq = ?')
        .get(letter.seq);
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
      this.#beside.write(() => {
        for (const letter of batch) if (move(letter)) moved += 1;
      });
    }
    return moved;
  }

  #startingWith(prefix: string): readonly DeadLetter[] {
    // Ids are ASCII, so everything that starts with the prefix sorts before the prefix and a tilde.
    return this.#letters(
      'events.id >= ? AND events.id < ? ORDER BY events.id, dead.route',
      prefix,
      `${prefix}~`,
    );
  }

  #letters(which: string, ...values: readonly (number | string)[]): readonly DeadLetter[] {
    const statement = this.#beside.sql(`SELECT ${COLUMNS} WHERE ${which}`);
    return this.#beside.read(() => statement.all(...values)).map(toDeadLetter);
  }
}

function ofRoute(letters: readonly DeadLetter[], name: string | undefined): readonly DeadLetter[] {
  return name === undefined ? letters : letters.filter(({ route }) => route === name);
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
  return {
    seq: asNumber(row.seq),
    routeId: asNumber(row.route),
    event: asText(row.id),
    ...texts({ eventType: row.type, published: row.published }),
    route: asText(row.name),
    retired: row.retired === 1,
    unreadable: row.route === UNREADABLE,
    diedAt: asNumber(row.died_at),
    why: asText(row.why),
    attempts: asNumber(row.attempts),
    ...numbers({ status: row.status, firstAttemptAt: row.first_at }),
  };
}
