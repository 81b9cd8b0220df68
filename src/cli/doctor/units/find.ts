/** Looks where `loghook service print` says that a unit goes, and where packages put theirs. Only files are read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../../errors.ts';
import type { Machine } from '../machine.ts';
import { parseLaunchAgent } from './launchd.ts';
import { parseSystemdUnit } from './systemd.ts';
import type { Unit } from './unit.ts';

interface FoundUnits {
  readonly units: readonly Unit[];
  /** Files of loghook's name that do not say how it is started, and why. */
  readonly silent: readonly { readonly path: string; readonly why: string }[];
}

/** Undefined where there is neither systemd nor launchd. */
export function findUnits(machine: Machine): FoundUnits | undefined {
  if (machine.platform === 'darwin') return launchAgents(machine);
  const system = join(machine.root, 'etc', 'systemd');
  if (machine.platform !== 'linux' || namesIn(system).length === 0) return undefined;
  return systemdUnits(machine);
}

interface Place {
  readonly folder: string;
  readonly home?: string;
}

function systemdUnits({ root, home }: Machine): FoundUnits {
  const places: readonly Place[] = [
    { folder: join(root, 'etc/systemd/system') },
    { folder: join(root, 'usr/lib/systemd/system') },
    { folder: join(home, '.config/systemd/user'), home },
    { folder: join(root, 'etc/systemd/user'), home },
    { folder: join(root, 'usr/lib/systemd/user'), home },
  ];
  return gathered(
    places.flatMap((place) =>
      namesIn(place.folder)
        .filter((name) => name.endsWith('.service'))
        .map((name) => ({ path: join(place.folder, name), parse: () => systemdUnit(place, name) })),
    ),
  );
}

function systemdUnit({ folder, home }: Place, name: string): Unit | undefined {
  const path = join(folder, name);
  const dropIns = namesIn(`${path}.d`)
    .filter((one) => one.endsWith('.conf'))
    .map((one) => join(`${path}.d`, one));
  const texts = [path, ...dropIns].map((one) => readFileSync(one, 'utf8'));
  return parseSystemdUnit({ path, texts, ...(home !== undefined && { home }) });
}

function launchAgents({ root, home }: Machine): FoundUnits {
  const folders = [
    join(home, 'Library/LaunchAgents'),
    join(root, 'Library/LaunchAgents'),
    join(root, 'Library/LaunchDaemons'),
  ];
  return gathered(
    folders.flatMap((folder) =>
      namesIn(folder)
        .filter((name) => name.endsWith('.plist'))
        .map((name) => {
          const path = join(folder, name);
          return { path, parse: () => parseLaunchAgent(path, readFileSync(path, 'utf8'), home) };
        }),
    ),
  );
}

/** What can be nobody else's. */
const OURS = /[./]loghook(?:@[^/]*)?\.(?:service|plist)$/;

interface Candidate {
  readonly path: string;
  readonly parse: () => Unit | undefined;
}

function gathered(candidates: readonly Candidate[]): FoundUnits {
  const units: Unit[] = [];
  const silent: { path: string; why: string }[] = [];
  for (const { path, parse } of candidates) {
    try {
      const unit = parse();
      if (unit !== undefined) units.push(unit);
      else if (OURS.test(path)) silent.push({ path, why: 'starts no loghook' });
    } catch (error) {
      // Another program's unit, which may lead nowhere, is none of our business.
      if (/loghook/.test(path)) silent.push({ path, why: `cannot be read (${reasonOf(error)})` });
    }
  }
  return { units, silent };
}

/** None where there is no such folder, or where we may not look. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
