/**
 * What a person wants to be sent again: first looked at, then owed again in batches. Running it again goes on where it
 * was cut off, for what is owed already is not owed twice.
 */
import { numbers, texts } from '../database/optional.ts';
import { asNumber, type SqlValue } from '../database/sqlite.ts';
import { Bundles } from '../intake/bundles.ts';
import { type Replayed, Settlements } from '../owed/settlements.ts';
import { BATCH, type Beside, type Turn } from './beside.ts';
import type { NamedRoute } from './named-routes.ts';

/** What of one route. Instants in ms since 1970. */
export type ReplayWish =
  /** One event, whether it is dead or was delivered or dropped. */
  | { readonly kind: 'event'; readonly route: NamedRoute; readonly seq: number }
  /** Its dead letters that died since then. */
  | { readonly kind: 'dead'; readonly route: NamedRoute; readonly since: number }
  /** What it took between two instants. */
  | {
      readonly kind: 'sent';
      readonly route: NamedRoute;
      readonly since: number;
      readonly until: number;
    };

export interface ReplayPlan {
  readonly route: NamedRoute;
  readonly wanted: number;
  /** Of these. They cannot be sent. */
  readonly bytesGone: number;
  /** Beside these: what the route is to be sent again because a person asked for it before. */
  readonly alreadyOwed: number;
  /** Of these, published before the instant that was asked for. */
  readonly tooOld: number;
  /** As Okta wrote them. */
  readonly oldest?: string;
  readonly newest?: string;
  /** How long the route's deliveries took lately, on the average. */
  readonly lately?: { readonly ms: number; readonly deliveries: number };
}

const LATELY = 200;
/** Its last deliveries are looked for among so many of the newest events. */
const LATELY_PLACES = 100_000;

export class ReplayDesk {
  readonly #beside: Beside;
  readonly #settlements: Settlements;

  constructor(beside: Beside) {
    this.#beside = beside;
    this.#settlements = new Settlements(beside.database, new Bundles(beside.database));
  }

  /** `oldestWelcome`: an ISO instant; what was published before it counts as too old. */
  plan(wish: ReplayWish, oldestWelcome: string): ReplayPlan {
    return this.#beside.read(() => {
      const { rows, values } = chosenBy(wish);
      const row = this.#beside
        .sql(
          `SELECT count(*) AS wanted, min(events.published) AS oldest, max(events.published) AS newest,
             total(events.published < ?) AS too_old,
             total(NOT EXISTS (SELECT 1 FROM bundles WHERE bundles.id = events.bundle)) AS gone
           FROM (${rows}) AS chosen CROSS JOIN events ON events.seq = chosen.seq`,
        )
        .get(oldestWelcome, ...values);
      return {
        route: wish.route,
        wanted: asNumber(row?.wanted),
        bytesGone: asNumber(row?.gone),
        alreadyOwed: this.#alreadyOwed(wish),
        tooOld: asNumber(row?.too_old),
        ...texts({ oldest: row?.oldest, newest: row?.newest }),
        ...this.#lately(wish.route),
      };
    });
  }

  /** Owes it all again, each batch durable before the next. Returns how many came to what. */
  async replay(wish: ReplayWish, turn: Turn): Promise<ReadonlyMap<Replayed, number>> {
    const came = new Map<Replayed, number>();
    let after = 0;
    for (;;) {
      const seqs = this.#after(wish, after);
      this.#beside.write(() => {
        for (const seq of seqs) {
          const to = this.#settlements.replay(wish.route.id, seq, turn.now);
          came.set(to, (came.get(to) ?? 0) + 1);
        }
      });
      after = seqs.at(-1) ?? after;
      if (seqs.length < BATCH) return came;
      await turn.rest();
    }
  }

  /** Read before it is written: looking for them must not keep the daemon from writing. */
  #after(wish: ReplayWish, seq: number): number[] {
    const { rows, values } = chosenBy(wish);
    return this.#beside.read(() =>
      this.#beside
        .sql(`${rows} AND seq > ? ORDER BY seq LIMIT ${BATCH}`)
        .all(...values, seq)
        .map((row) => asNumber(row.seq)),
    );
  }

  #alreadyOwed(wish: ReplayWish): number {
    const { id } = wish.route;
    const row =
      wish.kind === 'event'
        ? this.#beside
            .sql('SELECT count(*) AS n FROM owed WHERE route = ? AND seq = ?')
            .get(id, wish.seq)
        : this.#beside.sql('SELECT count(*) AS n FROM owed WHERE route = ? AND replay = 1').get(id);
    return asNumber(row?.n);
  }

  #lately({ id }: NamedRoute): Pick<ReplayPlan, 'lately'> {
    const row = this.#beside
      .sql(
        `SELECT avg(ms) AS ms, count(*) AS n FROM (
           SELECT ms FROM ledger WHERE route = ? AND ms IS NOT NULL
             AND seq > (SELECT max(seq) FROM events) - ${LATELY_PLACES}
           ORDER BY seq DESC LIMIT ${LATELY})`,
      )
      .get(id);
    const { ms } = numbers({ ms: row?.ms });
    return ms === undefined ? {} : { lately: { ms, deliveries: asNumber(row?.n) } };
  }
}

/** A SELECT of their places, which a further condition can be added to. */
function chosenBy(wish: ReplayWish): { readonly rows: string; readonly values: SqlValue[] } {
  const { id } = wish.route;
  switch (wish.kind) {
    case 'event':
      return {
        rows: `SELECT seq FROM (SELECT seq, route FROM dead UNION ALL SELECT seq, route FROM ledger)
               WHERE seq = ? AND route = ?`,
        values: [wish.seq, id],
      };
    case 'dead':
      return {
        rows: 'SELECT seq FROM dead WHERE route = ? AND died_at >= ?',
        values: [id, wish.since],
      };
    case 'sent':
      return {
        rows: `SELECT seq FROM ledger WHERE route = ? AND result = 'delivered' AND at >= ? AND at <= ?`,
        values: [id, wish.since, wish.until],
      };
  }
}
