/** loghook.yaml or loghook.json as routes. Every problem is reported at once, by line and column, and no secret is ever repeated. */
import { type Problem, RoutesError } from '../../errors.ts';
import type { Route } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import type { Environment } from '../environment.ts';
import type { RouteFile } from '../route-file.ts';
import { decodeUtf8, isUtf16, readBytes } from '../text-file.ts';
import { type FileInput, fileSchema, type RouteInput } from './schema.ts';
import { type Fault, parseTree } from './tree.ts';
import { validate } from './validate.ts';

const EXAMPLE =
  'see the example in the README, or let `loghook convert` write one from a loghook.csv';

/** Throws RoutesError with every problem. `shownAs` is how messages name the file. */
export function readRouteFile(path: string, shownAs: string, _environment: Environment): RouteFile {
  const { tree, faults } = parseTree(readText(path, shownAs));
  if (tree === undefined && faults.length === 0) refuse(shownAs, 'it is empty', EXAMPLE);
  if (tree === undefined) throw new RoutesError(faults.map((fault) => problemOf(fault, shownAs)));
  const checked = validate(fileSchema, tree);
  const all = [...faults, ...(checked.faults ?? [])];
  if (all.length > 0 || checked.faults !== undefined) {
    throw new RoutesError(inOrder(all).map((fault) => problemOf(fault, shownAs)));
  }
  return routeFileOf(checked.output);
}

function routeFileOf({ routes }: FileInput): RouteFile {
  return { routes: new Routes(routes.map(routeOf)), notes: [] };
}

function routeOf({ name, match, url }: RouteInput): Route {
  const { key: formerly, ...destination } = url;
  const patterns = typeof match === 'string' ? [match] : match;
  return Object.freeze({ ...destination, key: `name:${name}`, formerly, name, patterns });
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

function inOrder(faults: readonly Fault[]): Fault[] {
  return faults.toSorted((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
}

function problemOf({ at, message, hint }: Fault, shownAs: string): Problem {
  const where = `${shownAs} line ${at.line} column ${at.column}`;
  return { where, message, ...(hint !== undefined && { hint }) };
}

function refuse(where: string, message: string, hint?: string): never {
  throw new RoutesError([{ where, message, ...(hint !== undefined && { hint }) }]);
}
