/** Whether what came to a route with `order: key` kept its order, held against the order in which it was committed. */
import { join } from 'node:path';
import { DATABASE_FILE } from '../../src/state/database/folder.ts';
import { openDatabase } from '../../src/state/database/sqlite.ts';

export interface Arrival {
  readonly id: string;
  readonly accepted: boolean;
  /** A person asked for it: it comes when it comes. */
  readonly isReplay: boolean;
}

/** Event ids to places in the log, of a state folder that nobody uses. */
export function placesIn(folder: string): ReadonlyMap<string, number> {
  const database = openDatabase(join(folder, DATABASE_FILE), { readOnly: true });
  const rows = database.prepare('SELECT id, seq FROM events').all();
  database.close();
  return new Map(rows.map(({ id, seq }) => [String(id), Number(seq)]));
}

/** Each arrival of an event before an earlier one of its lane had been accepted, in words. */
export function overtakings(
  arrivals: readonly Arrival[],
  places: ReadonlyMap<string, number>,
  laneOf: (id: string) => string | undefined,
): string[] {
  const lanes = new Map<string, Lane>();
  for (const [id] of [...places].sort(([, a], [, b]) => a - b)) {
    const lane = laneOf(id);
    if (lane === undefined) continue;
    const known = lanes.get(lane) ?? { ids: [], first: 0 };
    lanes.set(lane, known);
    known.ids.push(id);
  }
  const accepted = new Set<string>();
  const faults: string[] = [];
  for (const arrival of arrivals) {
    const lane = lanes.get(laneOf(arrival.id) ?? '');
    const first = lane && firstLeft(lane, accepted);
    if (first !== undefined && !arrival.isReplay && placeOf(arrival.id) > placeOf(first)) {
      faults.push(`${arrival.id} came before ${first} of its lane`);
    }
    if (arrival.accepted) accepted.add(arrival.id);
  }
  return faults;

  function placeOf(id: string): number {
    return places.get(id) ?? Number.POSITIVE_INFINITY;
  }
}

interface Lane {
  readonly ids: string[];
  first: number;
}

/** The earliest of the lane that was not accepted yet. */
function firstLeft(lane: Lane, accepted: ReadonlySet<string>): string | undefined {
  while (accepted.has(lane.ids[lane.first] ?? '')) lane.first += 1;
  return lane.ids[lane.first];
}
