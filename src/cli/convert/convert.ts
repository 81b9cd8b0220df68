/** `loghook convert`: a loghook.yaml from a loghook.csv. It never writes over a file, and says what to do next. */
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRoutesFile } from '../../config/csv/read.ts';
import { type Converted, csvToYaml } from '../../config/csv/to-yaml.ts';
import { refuse } from '../../config/problems.ts';
import { codeOf, reasonOf } from '../../errors.ts';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { writeLines } from '../terminal/print.ts';
import type { ConvertFlags } from './add-convert.ts';

const DEFAULT_FILE = 'loghook.csv';
const SCHEMA = 'loghook.schema.json';
/** From dist/src/cli. */
const OWN_SCHEMA = fileURLToPath(new URL(`../../../../${SCHEMA}`, import.meta.url));
const OTHERS = 0o077;
const EVERYBODY = 0o007;

/** @throws ConfigError or RoutesError with every problem */
export function convert(file: string = DEFAULT_FILE, flags: ConvertFlags, io: Io): number {
  if (flags.stdout === true && flags.output !== undefined) {
    refuse('--stdout', '--output stands beside it', 'leave one of them out');
  }
  const from = resolve(io.cwd, file);
  const bytes = readRoutesFile(from, file);
  const to = resolve(io.cwd, flags.output ?? besideIt(from));
  const converted = csvToYaml(bytes, file, schemaFor(dirname(to)));
  if (flags.stdout === true) {
    io.stdout.write(converted.text);
    return EXIT.asAsked;
  }

  const shownAs = shown(to, io.cwd);
  const mode = writeNew(to, shownAs, converted, from);
  writeLines(io.stderr, report(converted, { from: file, to: shownAs, mode }));
  return EXIT.asAsked;
}

function besideIt(from: string): string {
  const end = extname(from);
  const base = end === '' ? from : from.slice(0, -end.length);
  return `${base}.yaml`;
}

/** The one that this loghook brought, seen from the new file where it lies below; npx's own folder does not last. */
function schemaFor(folder: string): string {
  const below = relative(folder, OWN_SCHEMA).replaceAll('\\', '/');
  if (!below.startsWith('..')) return below;
  const lasts = !/[/\\]_npx[/\\]/.test(OWN_SCHEMA);
  return lasts ? OWN_SCHEMA : `node_modules/loghook/${SCHEMA}`;
}

function shown(path: string, cwd: string): string {
  const below = relative(cwd, path);
  return below.startsWith('..') ? path : below;
}

/** As private as the CSV is; where that is open to everybody and URLs look secret, for its owner alone. Returns the mode. */
function writeNew(
  path: string,
  shownAs: string,
  { text, looksSecret }: Converted,
  from: string,
): number {
  const csv = statSync(from);
  const open = csv.mode & 0o777 & ~0o111;
  const mode = looksSecret && (open & EVERYBODY) !== 0 ? open & ~OTHERS : open;
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      giveTo(file, csv, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      refuse(
        shownAs,
        'it is there already, and nothing is written over',
        'move it away, or name another file with --output',
      );
    }
    refuse(shownAs, `could not write it: ${codeOf(error) ?? reasonOf(error)}`);
  }
  return mode;
}

/** A service may read the CSV through its group. Who may not give files away keeps them. */
function giveTo(file: number, { uid, gid }: Stats, mode: number): void {
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error;
  }
  fchmodSync(file, mode);
}

function report(
  { routes, looksSecret }: Converted,
  { from, to, mode }: { readonly from: string; readonly to: string; readonly mode: number },
): string[] {
  const count = routes.length === 1 ? '1 route' : `${routes.length} routes`;
  const isPrivate = looksSecret && (mode & OTHERS) === 0;
  const why = isPrivate ? ', for its owner alone: its URLs look secret' : '';
  return [
    `${to}: ${count} written (mode 0${mode.toString(8)}${why})`,
    ...routes.map(({ before, name }) => `  ${before} is now ${name}`),
    'Queues are kept: each route goes on with that of its URL, under its new name.',
    'Next: loghook check, then restart the daemon or send it a SIGHUP (systemctl reload loghook).',
    `A daemon that was started with --config ${from} has to be restarted with --config ${to}.`,
    `Then move ${from} away: it is not read any more.`,
  ];
}
