/**
 * What somebody does to the ledger by hand, and to Okta's list, at the end of a story: the audit must come to exactly
 * what was done, on every route, before it is repaired and after.
 */
import { int, type Random } from '../../../src/practice/random.ts';
import { Beside } from '../../../src/state/beside/beside.ts';
import { type NamedRoute, namedRoutes } from '../../../src/state/beside/named-routes.ts';
import { auditOf, pagesOf, repairAll, verify } from './audit.ts';
import { Deeds } from './deeds.ts';
import type { World } from './world.ts';

/** So many of each at most: a story has some hundred deliveries. */
const MOST = 5;

/** One delivery, in the state's words and in the oracle's. */
interface Place {
  readonly seq: number;
  readonly route: number;
  readonly id: string;
  readonly home: string;
}

const PLANTS = {
  missing: 'DELETE FROM ledger WHERE seq = ?1 AND route = ?2',
  changed: 'UPDATE ledger SET digest = zeroblob(16) WHERE seq = ?1 AND route = ?2',
  duplicates: `INSERT INTO attempts (seq, route, n, at, result) VALUES (?1, ?2, 999, 0, 'delivered')`,
} as const;

export async function checkPlants(world: World, random: Random): Promise<void> {
  const beside = new Beside(world.folder, { readOnly: false });
  try {
    const deeds = plant(world, beside, random);
    await checkDeeds(world, deeds, 'after somebody meddled');
    const owed = await repairAll(world, beside);
    const expected = deeds.repaired(homesOf(world, beside, ({ retired }) => !retired));
    if (owed !== expected) world.oracle.violated(`repaired ${owed} deliveries, not ${expected}`);
    await checkDeeds(world, deeds, 'after the repair');
  } finally {
    beside.close();
  }
}

async function checkDeeds(world: World, deeds: Deeds, when: string): Promise<void> {
  const audited = await auditOf(world, async (window) =>
    pagesOf(world, window, ({ id }) => !deeds.leftOut.has(id)),
  );
  if (audited === undefined) return world.oracle.violated(`nothing could be audited ${when}`);
  verify(world, audited, { when, deeds });
  const told = { missing: 0, changed: 0, duplicate: 0 };
  for (const { kind } of audited.auditor.findings) told[kind] += 1;
  const [found, expected] = [JSON.stringify(told), JSON.stringify(deeds.findings())];
  if (found !== expected) world.oracle.violated(`${when}, it tells of ${found}, not ${expected}`);
}

function plant(world: World, beside: Beside, random: Random): Deeds {
  const places = shuffled(random, placesIn(world, beside));
  const deeds = new Deeds();
  const used = new Set<string>();
  for (const kind of ['missing', 'changed', 'duplicates'] as const) {
    for (const { seq, route, id, home } of places.splice(0, 1 + int(random, MOST))) {
      beside.sql(PLANTS[kind]).run(seq, route);
      deeds.of(home)[kind] += 1;
      used.add(id);
    }
  }
  for (const { id } of places.slice(0, int(random, MOST))) {
    if (!used.has(id)) deeds.leftOut.add(id);
  }
  return deeds;
}

function shuffled(random: Random, places: Place[]): Place[] {
  const drawn: Place[] = [];
  while (places.length > 0) drawn.push(...places.splice(int(random, places.length), 1));
  return drawn;
}

/** Deliveries of events that are judged, and that nobody asked for again. */
function placesIn(world: World, beside: Beside): Place[] {
  const homes = homesOf(world, beside);
  return beside
    .sql(
      `SELECT ledger.seq, route, events.id FROM ledger JOIN events ON events.seq = ledger.seq
       WHERE result = 'delivered' AND NOT EXISTS (SELECT 1 FROM replays WHERE replays.seq = ledger.seq)
         AND julianday(published) > (SELECT 2440587.5 + began_at / 86400000.0 FROM horizons)
       ORDER BY ledger.seq, route`,
    )
    .all()
    .flatMap((row) => {
      const home = homes.get(Number(row.route));
      const place = { seq: Number(row.seq), route: Number(row.route), id: String(row.id) };
      return home === undefined ? [] : [{ ...place, home }];
    });
}

/** By their rows. */
function homesOf(
  world: World,
  beside: Beside,
  which: (route: NamedRoute) => boolean = () => true,
): Map<number, string> {
  return new Map(
    namedRoutes(beside)
      .filter(which)
      .flatMap(({ id, key }) => {
        const home = world.homeOf(key);
        return home === undefined ? [] : [[id, home] as const];
      }),
  );
}
