/** How long the last deliveries of each route took, part by part, from the ledger. */
import { asNumber, type Database, type Row } from '../database/sqlite.ts';
import { type DelayParts, partsSinceRead } from '../delay.ts';

/** Each part by itself: they need not add up to the whole. */
export interface DelaySpread extends Required<DelayParts> {
  /** From `published` to the answer. */
  readonly wholeMs: number;
}

export interface RecentDelays {
  /** Of so many deliveries. */
  readonly count: number;
  readonly median: DelaySpread;
  readonly p95: DelaySpread;
}

const OF_A_ROUTE = 200;
/** The newest lines of the ledger, of all routes: so this costs the same whatever its size. */
const LOOKED_AT = 10_000;

/** By route. Without what was backfilled, what a person asked for again, and what does not say when it was published. */
export function recentDelays(database: Database): Map<number, RecentDelays> {
  const byRoute = new Map<number, DelaySpread[]>();
  for (const row of database.prepare(RECENT).all(LOOKED_AT, OF_A_ROUTE)) {
    const route = asNumber(row.route);
    const all = byRoute.get(route) ?? [];
    all.push(toSpread(row));
    byRoute.set(route, all);
  }
  return new Map([...byRoute].map(([route, all]) => [route, spreadOf(all)]));
}

const RECENT = `
  SELECT line.route, line.at AS settled_at, line.ms, events.read_at, events.okta_ms, events.poll_ms
  FROM (
    SELECT *, row_number() OVER (PARTITION BY route ORDER BY seq DESC) AS nth
    FROM (SELECT seq, route, at, ms FROM ledger ORDER BY seq DESC LIMIT ?)
    WHERE ms IS NOT NULL
  ) AS line CROSS JOIN events ON events.seq = line.seq
  WHERE nth <= ? AND events.okta_ms IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM replays WHERE replays.seq = line.seq AND replays.route = line.route)`;

function toSpread(row: Row): DelaySpread {
  const { queueMs, sendMs } = partsSinceRead({
    readAt: asNumber(row.read_at),
    at: asNumber(row.settled_at),
    ms: asNumber(row.ms),
  });
  const [oktaMs, pollMs] = [asNumber(row.okta_ms), asNumber(row.poll_ms)];
  return { oktaMs, pollMs, queueMs, sendMs, wholeMs: oktaMs + pollMs + queueMs + sendMs };
}

function spreadOf(all: readonly DelaySpread[]): RecentDelays {
  return { count: all.length, median: quantile(all, 0.5), p95: quantile(all, 0.95) };
}

/** The least value that such a part of them does not exceed. */
function quantile(all: readonly DelaySpread[], part: number): DelaySpread {
  const of = (key: keyof DelaySpread) => {
    const sorted = all.map((one) => one[key]).sort((a, b) => a - b);
    return sorted[Math.ceil(part * sorted.length) - 1] ?? 0;
  };
  return {
    oktaMs: of('oktaMs'),
    pollMs: of('pollMs'),
    queueMs: of('queueMs'),
    sendMs: of('sendMs'),
    wholeMs: of('wholeMs'),
  };
}
