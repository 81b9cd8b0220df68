/**
 * On SIGHUP, or when it is asked for over HTTP: routes and credentials are read anew, and put in force when all of the
 * routes are usable.
 */

import { ConfigError, type Problem, RoutesError, reasonOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { sayNotes } from '../notes.ts';
import { describeRoutes, shoutInsecure } from './announcement.ts';
import type { ReadAnew } from './session.ts';

/**
 * Never rejects: what is wrong is said, and returned in words, and the old routes stay. `read` throws when they are not
 * usable.
 */
export async function reload(
  log: Log,
  read: () => Promise<ReadAnew>,
  putInForce: (read: ReadAnew) => Promise<boolean>,
): Promise<readonly string[]> {
  try {
    const found = await read();
    sayNotes(log, found.notes ?? []);
    if (!(await putInForce(found))) return ['loghook is stopping'];
    log.info({ routes: describeRoutes(found) }, 'routes reloaded');
    shoutInsecure(log, found);
    return [];
  } catch (error) {
    return sayNotReloaded(log, error);
  }
}

/** Returns why, in words. */
export function sayNotReloaded(log: Log, error: unknown): readonly string[] {
  const problems = problemsInWords(error);
  log.error({ problems }, 'routes not reloaded, the old ones stay in force');
  return problems;
}

export function problemsInWords(error: unknown): readonly string[] {
  return error instanceof RoutesError || error instanceof ConfigError
    ? error.problems.map(inWords)
    : [reasonOf(error)];
}

function inWords({ where, message }: Problem): string {
  return `${where}: ${message}`;
}
