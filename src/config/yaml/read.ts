/** loghook.yaml or loghook.json as routes. Every problem is reported at once, by line and column, and no secret is ever repeated. */
import { dirname } from 'node:path';
import { type Problem, RoutesError } from '../../errors.ts';
import type { Environment } from '../environment.ts';
import type { RouteFile } from '../route-file.ts';
import { decodeUtf8, isUtf16, readBytes } from '../text-file.ts';
import { routeFileOf } from './build.ts';
import { fillCredentials, hasOrgs, listAll, orgFaults } from './orgs-section.ts';
import { routeFaults } from './routes-section.ts';
import { fileSchema } from './schema.ts';
import { substitute } from './substitute.ts';
import { type Fault, parseTree } from './tree.ts';
import { validate } from './validate.ts';

const EXAMPLE = 'see docs/loghook-yaml.md, or let `loghook convert` write one from a loghook.csv';

/** Of a text that is no YAML as it is. */
const ORGS = /^["']?orgs["']?\s*:/m;

interface Reading {
  readonly environment: Environment;
  /** Told that the file names its orgs, whatever else is wrong with it. */
  readonly onOrgs?: (() => void) | undefined;
}

/** Throws RoutesError with every problem. `shownAs` is how messages name the file. */
export function readRouteFile(path: string, shownAs: string, reading: Reading): RouteFile {
  const text = readText(path, shownAs);
  const { tree, faults } = parseTree(text);
  if (tree === undefined && faults.length === 0) refuse(shownAs, 'it is empty', EXAMPLE);
  if (tree === undefined && ORGS.test(text)) reading.onOrgs?.();
  if (tree === undefined) throw new RoutesError(toProblems(faults, shownAs));

  if (faults.length === 0 && /\.json$/i.test(path) && !isJson(text)) {
    refuse(shownAs, 'it is YAML, not JSON', 'call it loghook.yaml');
  }
  const folder = dirname(path);
  const withOrgs = hasOrgs(tree);
  if (withOrgs) reading.onOrgs?.();
  const sources = { environment: reading.environment, folder };
  const listed = listAll(tree);
  const credentials = fillCredentials(tree, sources);
  const early = [...faults, ...listed, ...credentials.faults, ...substitute(tree, sources)];
  const checked = validate(fileSchema(folder, withOrgs), tree);
  const all = [...early, ...routeFaults(tree), ...orgFaults(tree), ...(checked.faults ?? [])];
  if (all.length > 0 || checked.faults !== undefined) {
    throw new RoutesError(toProblems(all, shownAs));
  }
  return routeFileOf(
    checked.output,
    credentials.from.map((found) => ({ shownAs, ...found })),
  );
}

/** What the parser says of a fault repeats what stands there; the tree's own faults do not. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

function readText(path: string, shownAs: string): string {
  const file = readBytes(path);
  if (file.kind === 'absent') refuse(shownAs, 'there is no such file', EXAMPLE);
  if (file.kind === 'folder') refuse(shownAs, 'it is a folder, not a file', 'name the file itself');
  if (file.kind === 'unreadable') refuse(shownAs, `could not read it: ${file.message}`, file.hint);
  if (isUtf16(file.bytes)) refuse(shownAs, 'it is UTF-16 text', 'save it as UTF-8');
  const text = decodeUtf8(file.bytes);
  if (text === undefined) refuse(shownAs, 'it holds bytes that are not UTF-8', 'save it as UTF-8');
  if (text.includes('\0'))
    refuse(shownAs, 'it holds a NUL byte', 'was the file written to its end?');
  return text;
}

/** In the order of the file; an alias can bring the same one twice. */
function toProblems(faults: readonly Fault[], shownAs: string): Problem[] {
  const problems = faults
    .toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column)
    .map(({ at, message, hint }) => ({
      where: `${shownAs} line ${at.line} column ${at.column}`,
      message,
      ...(hint !== undefined && { hint }),
    }));
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function refuse(where: string, message: string, hint?: string): never {
  throw new RoutesError([{ where, message, ...(hint !== undefined && { hint }) }]);
}
