/** Which file holds the routes, and how it is read. What only loghook.yaml needs is loaded only when there is one. */
import { existsSync } from 'node:fs';
import { extname, relative, resolve } from 'node:path';
import type { Route } from '../routing/route.ts';
import type { Routes } from '../routing/routes.ts';
import type { Environment } from './environment.ts';
import { loadRoutes } from './routes-file.ts';
import { refuseToken } from './token-guard.ts';

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
const NAMES = ['loghook.yaml', 'loghook.yml', 'loghook.json', 'loghook.csv'] as const;
const DEFAULT_NAME = 'loghook.csv';

/** `--config`, else the first of the names that is there. */
export function findRouteFile(flag: string | undefined, cwd: string): FoundFile {
  if (flag !== undefined) return { ...shown(resolve(cwd, flag), cwd), notes: [] };
  const [first = DEFAULT_NAME, ...others] = NAMES.filter((name) => existsSync(resolve(cwd, name)));
  const notes = others.map((name) => `${name} is not read: ${first} goes first`);
  return { ...shown(resolve(cwd, first), cwd), notes };
}

/** Loads what reads the file; what it resolves to reads it from scratch and throws RoutesError with every problem. */
export async function routeFileReader(
  file: FoundFile,
): Promise<(environment: Environment) => RouteFile> {
  const { path, shownAs, notes } = file;
  if (!/^\.(ya?ml|json)$/i.test(extname(path))) {
    return (environment) => {
      const routes = loadRoutes(path, shownAs);
      refuseToken(routes.all, environment, shownAs);
      return Object.freeze({ routes, notes });
    };
  }
  const { readRouteFile } = await import('./yaml/read.ts');
  return (environment) => {
    const read = readRouteFile(path, shownAs, environment);
    refuseToken(allOf(read), environment, shownAs);
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
