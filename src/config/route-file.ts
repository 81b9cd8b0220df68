/** Which file holds the routes, and how it is read. What only loghook.yaml needs is loaded only when there is one. */
import { existsSync } from 'node:fs';
import { basename, extname, relative, resolve } from 'node:path';
import { RoutesError } from '../errors.ts';
import type { Route } from '../routing/route.ts';
import type { Routes } from '../routing/routes.ts';
import type { Environment } from './environment.ts';
import { loadRoutes } from './routes-file.ts';
import { refuseSecrets } from './token-guard.ts';

/** What a file of either kind says. */
export interface RouteFile {
  /** The alerts route is one of them, so that it has a lane; no event matches it. */
  readonly routes: Routes;
  readonly alerts?: Route;
  /** Pinged, never queued for: it is not among `routes`. */
  readonly heartbeat?: Route;
  /** What a person should know, and nothing is wrong with. */
  readonly notes: readonly string[];
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

/** Loads what reads the file; what it resolves to reads it from scratch and throws RoutesError with every problem. */
export async function routeFileReader(
  file: FoundFile,
): Promise<(environment: Environment) => RouteFile> {
  const { path, shownAs, notes } = file;
  if (!/^\.(ya?ml|json)$/i.test(extname(path))) {
    return (environment) => {
      const routes = loadRoutes(path, shownAs);
      refuseSecrets(routes.all, environment, shownAs);
      return Object.freeze({ routes, notes });
    };
  }
  const { readRouteFile } = await import('./yaml/read.ts');
  return (environment) => {
    const read = readRouteFile(path, shownAs, environment);
    refuseSecrets(allOf(read), environment, shownAs);
    return Object.freeze({ ...read, notes: [...notes, ...read.notes] });
  };
}

function allOf({ routes, heartbeat }: RouteFile): Route[] {
  return [...routes.all, ...routes.disabled, ...(heartbeat === undefined ? [] : [heartbeat])];
}

function shown(path: string, cwd: string): { readonly path: string; readonly shownAs: string } {
  const inside = relative(cwd, path);
  return { path, shownAs: inside.startsWith('..') || inside === '' ? path : inside };
}
