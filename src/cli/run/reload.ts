/**
 * On SIGHUP, or when it is asked for over HTTP: routes and credentials are read anew. The routes are put in force when all
 * of them are usable; credentials that are not usable keep no route from that.
 */
import { ConfigError, type Problem, RoutesError, reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { sayNotes } from '../notes.ts';
import { describeRoutes, shoutInsecure } from './announcement.ts';
import type { ReadAnew } from './session-options.ts';

/** What kept a reload from putting something in force, in words. */
export interface NotReloaded {
  /** Not empty: the old routes stay. */
  readonly routes: readonly string[];
  /** Not empty: the old credentials stay. */
  readonly credentials: readonly string[];
}

/** Never rejects: what is wrong is said, and returned. `read` throws when the routes are not usable. */
export async function reload(
  log: Log,
  read: () => Promise<ReadAnew>,
  putInForce: (read: ReadAnew) => Promise<boolean>,
): Promise<NotReloaded> {
  try {
    const found = await read();
    sayNotes(log, found.notes ?? []);
    if (!(await putInForce(found))) return routesNotReloaded(['loghook is stopping']);
    log.info({ routes: describeRoutes(found) }, 'routes reloaded');
    shoutInsecure(log, found);
    return { routes: [], credentials: sayCredentialsNotReloaded(log, found.credentialProblems) };
  } catch (error) {
    return sayNotReloaded(log, error);
  }
}

function sayCredentialsNotReloaded(log: Log, problems: readonly string[] = []): readonly string[] {
  if (problems.length > 0)
    log.warn({ problems }, 'credentials not reloaded, the old ones stay in use');
  return problems;
}

export function routesNotReloaded(routes: readonly string[]): NotReloaded {
  return { routes, credentials: [] };
}

/** Returns why. */
export function sayNotReloaded(log: Log, error: unknown): NotReloaded {
  const problems = problemsInWords(error);
  log.error({ problems }, 'routes not reloaded, the old ones stay in force');
  return routesNotReloaded(problems);
}

export function problemsInWords(error: unknown): readonly string[] {
  return error instanceof RoutesError || error instanceof ConfigError
    ? error.problems.map(inWords)
    : [reasonOf(error)];
}

function inWords({ where, message }: Problem): string {
  return `${where}: ${message}`;
}
