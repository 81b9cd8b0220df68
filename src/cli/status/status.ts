/** `loghook status`: of one org, or of all of them, one after the other. */
import { SystemClock } from '../../clock.ts';
import { reasonOf } from '../../errors.ts';
import { readStanding } from '../../state/beside/standing.ts';
import { holderOf } from '../../state/database/folder.ts';
import { EXIT, exitCodeOf, explain } from '../exit.ts';
import { type Io, shownPath } from '../io.ts';
import { findOrgStates, hasState, type OrgState, type Place } from '../org-state.ts';
import { writeJson, writeProse } from '../terminal/print.ts';
import type { StatusFlags } from './add-status.ts';
import { statusDocument } from './document.ts';
import { statusLines } from './report.ts';

type Seen = OrgState & Place;

/** @throws ConfigError StateError */
export async function showStatus(flags: StatusFlags, io: Io): Promise<number> {
  const now = new SystemClock().now();
  const places = await findOrgStates(io, flags);
  const [only] = places;
  if (places.length > 1 || only === undefined) {
    return flags.json === true ? writeAll(places, now, io) : printAll(places, now, io);
  }
  const standing = await readStanding(only.folder, now);
  if (flags.json === true) {
    writeJson(io.stdout, { ...statusDocument(standing, now), listening: only.listening }, 2);
    return EXIT.asAsked;
  }
  print(statusLines(standing, now), io);
  noteListening(only, io);
  return EXIT.asAsked;
}

/** What is wrong with the state of one org keeps nobody from seeing the others. */
async function printAll(places: readonly Seen[], now: number, io: Io): Promise<number> {
  let code: number = EXIT.asAsked;
  const inFile = places.filter(({ name }) => name !== undefined);
  const holder = inFile.map(({ folder }) => holderOf(folder)).find((pid) => pid !== undefined);
  for (const [index, place] of places.entries()) {
    print([...(index === 0 ? [] : ['']), headingOf(place)], io);
    try {
      const isThere = hasState(place.folder);
      const ofOthers = place.name === undefined ? undefined : holder;
      print(
        isThere ? statusLines(await readStanding(place.folder, now), now, ofOthers) : [NEVER],
        io,
      );
    } catch (error) {
      explain(error, io.stderr);
      code = exitCodeOf(error);
    }
    noteListening(place, io);
  }
  return code;
}

const NEVER = 'nothing has run here yet';

async function writeAll(places: readonly Seen[], now: number, io: Io): Promise<number> {
  const documents: unknown[] = [];
  let code: number = EXIT.asAsked;
  for (const { name, host, folder, listening } of places) {
    const head = { org: name ?? null, host, folder };
    try {
      const standing = hasState(folder) ? await readStanding(folder, now) : undefined;
      const said = standing === undefined ? {} : { ...statusDocument(standing, now), listening };
      documents.push({ ...head, hasState: standing !== undefined, ...said });
    } catch (error) {
      explain(error, io.stderr);
      documents.push({ ...head, hasState: true, error: reasonOf(error) });
      code = exitCodeOf(error);
    }
  }
  writeJson(io.stdout, documents, 2);
  return code;
}

function headingOf({ name, host, folder }: Place): string {
  const words = name === undefined ? [host] : [name, host];
  return `org        ${[...words, shownPath(folder)].join('   ')}`;
}

function print(lines: readonly string[], io: Io): void {
  writeProse(io.stdout, lines);
}

function noteListening({ listening }: OrgState, io: Io): void {
  for (const path of listening) {
    io.stderr.write(`\`loghook listen\` keeps state of its own:\n`);
    io.stderr.write(`  loghook status --state ${shownPath(path)}\n`);
  }
}
