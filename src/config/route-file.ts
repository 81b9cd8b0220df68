/** Which file holds the routes, and how it is read. What only loghook.yaml needs is loaded only when there is one. */
import { existsSync } from 'node:fs';
import { basename, extname, relative, resolve } from 'node:path';
import { RoutesError } from '../errors.ts';
import type { Interval } from '../okta/poll-interval.ts';
import type { Route } from '../routing/route.ts';
import type { Routes } from '../routing/routes.ts';
import { loadRoutes } from './csv/read.ts';
import type { Environment } from './environment.ts';
import type { OrgSettings } from './identity/org-settings.ts';
import { refuseSecrets } from './identity/token-guard.ts';

/** What a file of either kind says. */
export interface RouteFile {
  /** The alerts route is one of them, so that it has a lane; no event matches it. */
  readonly routes: Routes;
  readonly alerts?: Route;
  /** Pinged, never queued for: it is not among `routes`. */
  readonly heartbeat?: Route;
  /** What a person should know, and nothing is wrong with. */
  readonly notes: readonly string[];
  /** Where the file names its orgs; `routes` then are those that all of them have. */
  readonly orgs?: readonly OrgInFile[];
}

/** An org as the file says it: its routes are those of the whole file and its own. */
export interface OrgInFile extends OrgSettings, Omit<RouteFile, 'orgs'> {
  readonly name: string;
  readonly filter?: string;
  readonly interval?: Interval;
}

export interface FoundFile {
  /** Absolute. */
  readonly path: string;
  /** How messages name it. */
  readonly shownAs: string;
  /** Which others lie there and are not read. */
  readonly notes: readonly string[];
}

/** Looked for in this order; without any of them messages speak of the last. */
const NAMES: readonly string[] = ['loghook.yaml', 'loghook.yml', 'loghook.json', 'loghook.csv'];
const DEFAULT_NAME = 'loghook.csv';

/** `--config`, else the first of the names that is there. */
export function findRouteFile(flag: string | undefined, cwd: string): FoundFile {
  if (flag !== undefined) return { ...shown(resolve(cwd, flag), cwd), notes: [] };
  const [first = DEFAULT_NAME, ...others] = NAMES.filter((name) => existsSync(resolve(cwd, name)));
  const notes = others.map((name) => `${name} is not read: ${first} goes first`);
  return { ...shown(resolve(cwd, first), cwd), notes };
}

/**
 * Refuses to go on with a file that comes later in the order than the one in use, which is gone: some editors take a file
 * away for a moment, and an old loghook.csv beside it must not come into force by that. Throws RoutesError.
 */
export function refuseFallBack(inUse: string, found: FoundFile): void {
  if (existsSync(inUse) || rankOf(found.path) <= rankOf(inUse)) return;
  const isThere = existsSync(found.path);
  throw new RoutesError([
    {
      where: basename(inUse),
      message: isThere ? `it is gone, and ${found.shownAs} is not taken instead` : 'it is gone',
      hint: isThere ? `put it back, or restart to go on with ${found.shownAs}` : 'put it back',
    },
  ]);
}

function rankOf(path: string): number {
  return NAMES.indexOf(basename(path));
}

/**
 * Reads the file from scratch. Calls `onOrgs` when it names orgs, whatever else is wrong with it. Throws RoutesError with
 * every problem.
 */
export type ReadRoutes = (environment: Environment, onOrgs?: () => void) => RouteFile;

/** Loads what reads the file. */
export async function routeFileReader(file: FoundFile): Promise<ReadRoutes> {
  const { path, shownAs, notes } = file;
  if (!isYaml(path)) {
    return (environment) => {
      const routes = loadRoutes(path, shownAs);
      const read: RouteFile = { routes, notes };
      refuseSecrets(read, environment, shownAs);
      return Object.freeze(read);
    };
  }
  const { readRouteFile } = await import('./yaml/read.ts');
  return (environment, onOrgs) => {
    const read = readRouteFile(path, shownAs, { environment, onOrgs });
    refuseSecrets(read, environment, shownAs);
    return Object.freeze({ ...read, notes: [...notes, ...read.notes] });
  };
}

function isYaml(path: string): boolean {
  return /^\.(ya?ml|json)$/i.test(extname(path));
}

/** The orgs that the file names, as far as it can be read, and whatever else is wrong with it. */
export async function knownOrgs(
  flag: string | undefined,
  cwd: string,
  environment: Environment,
): Promise<readonly { readonly name: string; readonly url: URL }[]> {
  const { path } = findRouteFile(flag, cwd);
  if (!isYaml(path)) return [];
  const { orgNames } = await import('./yaml/org-names.ts');
  return orgNames(path, environment);
}

function shown(path: string, cwd: string): { readonly path: string; readonly shownAs: string } {
  const inside = relative(cwd, path);
  return { path, shownAs: inside.startsWith('..') || inside === '' ? path : inside };
}
