/** What somebody does to the ledger by hand, and the audit must find: each plant by itself, taken back before the next. */
import { join } from 'node:path';
import { DATABASE_FILE } from '../../../src/state/database/folder.ts';
import { openDatabase } from '../../../src/state/database/sqlite.ts';
import { auditOf, pagesOf } from './audit.ts';
import type { World } from './world.ts';

/** For the place and the route of one delivery. */
const PLANTS: readonly (readonly [what: string, plant: string, takeBack?: string])[] = [
  [
    '0 missing, 0 changed, 1 twice',
    `INSERT INTO attempts (seq, route, n, at, result) VALUES (?1, ?2, 999, 0, 'delivered')`,
    'DELETE FROM attempts WHERE seq = ?1 AND route = ?2 AND n = 999',
  ],
  [
    '0 missing, 1 changed, 0 twice',
    'UPDATE ledger SET digest = zeroblob(16) WHERE seq = ?1 AND route = ?2',
    'UPDATE ledger SET digest = NULL WHERE seq = ?1 AND route = ?2',
  ],
  ['1 missing, 0 changed, 0 twice', 'DELETE FROM ledger WHERE seq = ?1 AND route = ?2'],
];

export async function checkPlants(world: World): Promise<void> {
  const database = openDatabase(join(world.folder, DATABASE_FILE), { timeout: 1_000 });
  try {
    const row = database
      .prepare(
        `SELECT ledger.seq, route FROM ledger JOIN events ON events.seq = ledger.seq
         WHERE result = 'delivered' AND NOT EXISTS (SELECT 1 FROM replays WHERE replays.seq = ledger.seq)
           AND julianday(published) > (SELECT 2440587.5 + began_at / 86400000.0 FROM horizons)
         ORDER BY ledger.seq DESC LIMIT 1`,
      )
      .get();
    const place = [Number(row?.seq), Number(row?.route)] as const;
    for (const [expected, plant, takeBack] of PLANTS) {
      database.prepare(plant).run(...place);
      const found = await findings(world);
      if (found !== expected) world.oracle.violated(`planted ${expected}, the audit says ${found}`);
      if (takeBack !== undefined) database.prepare(takeBack).run(...place);
    }
  } finally {
    database.close();
  }
}

async function findings(world: World): Promise<string> {
  // What comes late enough is not read yet, and so is missing without any doing of ours.
  const audited = await auditOf(world, async (window) =>
    pagesOf(world, window, ({ committed }) => committed),
  );
  const kinds = audited?.auditor.findings.map(({ kind }) => kind) ?? [];
  const many = (kind: string) => kinds.filter((one) => one === kind).length;
  return `${many('missing')} missing, ${many('changed')} changed, ${many('duplicate')} twice`;
}
