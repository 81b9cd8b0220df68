/** Which org's state a command looks at, without needing a token: `status` and `dead` work where nothing else is set. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SystemClock } from '../clock.ts';
import { type Environment, readEnvironment } from '../config/environment.ts';
import { refuse } from '../config/problems.ts';
import { findOrgUrl } from '../config/sources.ts';
import { orgFolder, stateFolder } from '../config/state-folder.ts';
import { codeOf, StateError } from '../errors.ts';
import { DATABASE_FILE } from '../state/folder.ts';
import { type Io, shownPath, surroundings } from './io.ts';

/** How `listen` names its sub-folders of the org's folder. */
export const LISTEN = /^listen-/;

export interface OrgState {
  readonly folder: string;
  /** The folders in it that hold the state of `loghook listen`. */
  readonly listening: readonly string[];
}

/**
 * `--state` when it names a folder that holds state itself; else the sub-folder of OKTA_ORG_URL; else the only one
 * there is. Says on stderr which. @throws ConfigError StateError
 */
export function findOrgState(io: Io, flag: string | undefined): OrgState {
  const input = surroundings(io, new SystemClock().now(), io.stderr);
  const environment = readEnvironment(io.env, io.cwd);
  const root = stateFolder({ ...input, flag, environment });
  const { folder, isOnly } = folderIn(root, environment);
  const why = isOnly ? ' (OKTA_ORG_URL is not set; it is the only org there)' : '';
  io.stderr.write(`state folder ${shownPath(folder)}${why}\n`);
  return { folder, listening: subFolders(folder).filter((path) => LISTEN.test(basename(path))) };
}

function folderIn(root: string, environment: Environment) {
  if (hasState(root)) return { folder: root, isOnly: false };
  const org = findOrgUrl(environment);
  if (org !== undefined) return { folder: orgFolder(root, org.url), isOnly: false };
  return { folder: onlyOrg(root), isOnly: true };
}

function onlyOrg(root: string): string {
  const orgs = subFolders(root);
  const [only, ...others] = orgs;
  if (only === undefined) {
    throw new StateError(root, 'find any state in', {
      hint: 'Nothing has run with this folder yet: start `loghook run`, or name another one with --state.',
    });
  }
  if (others.length > 0) {
    const names = orgs.map((path) => basename(path)).join(', ');
    refuse(
      'OKTA_ORG_URL',
      `it is not set, and ${root} holds several orgs: ${names}`,
      'Set it to one of them.',
    );
  }
  return only;
}

/** Those that hold state. @throws StateError */
export function subFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name))
      .filter(hasState)
      .sort();
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return [];
    throw new StateError(folder, 'look into', {
      cause,
      hint: 'Run it as the user that the daemon runs as, or name another folder with --state.',
    });
  }
}

export function hasState(folder: string): boolean {
  return existsSync(join(folder, DATABASE_FILE));
}
