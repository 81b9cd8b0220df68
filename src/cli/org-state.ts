/** Which state folder a command means that looks at one, and which there are. Needs no credentials, and changes nothing. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SystemClock } from '../clock.ts';
import { readEnvironment } from '../config/environment.ts';
import { findOrgUrl } from '../config/identity/sources.ts';
import { chooseOrg, type NamedOrg } from '../config/orgs.ts';
import { refuse } from '../config/problems.ts';
import { knownOrgs } from '../config/route-file.ts';
import { orgFolder, stateFolder } from '../config/state-folder.ts';
import { codeOf, StateError } from '../errors.ts';
import { DATABASE_FILE } from '../state/database/folder.ts';
import { type Io, shownPath, surroundings } from './io.ts';

/** How `listen` names its sub-folders of the org's folder. */
export const LISTEN = /^listen-/;

/** What says which org is meant; the flags of a command that has these options. */
export interface OrgFlags {
  readonly state?: string | undefined;
  readonly org?: string | undefined;
  readonly config?: string | undefined;
}

export interface OrgState {
  readonly folder: string;
  /** The folders in it that hold the state of `loghook listen`. */
  readonly listening: readonly string[];
}

/** One of the orgs that a state folder has room for. */
export interface Place extends NamedOrg {
  readonly folder: string;
}

/**
 * `--state` when it names a folder that holds state itself; else the org that `--org` chooses, of those in the file and
 * those that have state; else the only one in the file, that of OKTA_ORG_URL, or the only one that has state. Says on
 * stderr which. @throws ConfigError StateError
 */
export async function findOrgState(io: Io, flags: OrgFlags): Promise<OrgState> {
  const { places, why } = await findPlaces(io, flags);
  const chosen = chooseOrg(places, flags.org);
  io.stderr.write(`state folder ${shownPath(chosen.folder)}${why}\n`);
  return stateIn(chosen);
}

/** All orgs that there are to look at; one of them where `--org` or OKTA_ORG_URL says so. @throws ConfigError StateError */
export async function findOrgStates(
  io: Io,
  flags: OrgFlags,
): Promise<readonly (OrgState & Place)[]> {
  const { places, others, why } = await findPlaces(io, flags);
  const all = [...places, ...others];
  const chosen = flags.org === undefined ? all : [chooseOrg(places, flags.org)];
  const [only] = chosen;
  if (chosen.length === 1 && only !== undefined) {
    io.stderr.write(`state folder ${shownPath(only.folder)}${why}\n`);
  }
  return chosen.map((place) => ({ ...place, ...stateIn(place) }));
}

function stateIn({ folder }: Place): OrgState {
  return { folder, listening: subFolders(folder).filter((path) => LISTEN.test(basename(path))) };
}

interface Places {
  /** What a person may choose from; the only one needs no choice. */
  readonly places: readonly Place[];
  /** Have state, and are not in the file any more. */
  readonly others: readonly Place[];
  /** Why it is this one, where nobody named it. */
  readonly why: string;
}

async function findPlaces(io: Io, flags: OrgFlags): Promise<Places> {
  const input = surroundings(io, new SystemClock().now(), io.stderr);
  const environment = readEnvironment(io.env, io.cwd);
  const root = stateFolder({ ...input, flag: flags.state, environment });
  if (hasState(root)) {
    if (flags.org !== undefined) refuseInside(root);
    return { places: [{ host: basename(root), folder: root }], others: [], why: '' };
  }
  const placeOf = ({ url, ...name }: { readonly url: URL; readonly name?: string }): Place => ({
    ...name,
    host: url.host,
    folder: orgFolder(root, url),
  });
  const inFile = (await knownOrgs(flags.config, io.cwd, environment)).map(placeOf);
  const found = findOrgUrl(environment);
  const ofEnvironment = found === undefined ? [] : [placeOf({ url: found.url })];
  const known = inFile.length > 0 ? inFile : ofEnvironment;
  const others = subFolders(root)
    .map((folder) => ({ host: basename(folder), folder }))
    .filter(({ folder }) => known.every((place) => place.folder !== folder));
  if (flags.org !== undefined) return { places: [...known, ...others], others: [], why: '' };
  if (inFile.length > 0) return { places: inFile, others, why: '' };
  if (known.length > 0) return { places: known, others: [], why: '' };
  if (others.length === 0) refuseEmpty(root);
  const why = ' (OKTA_ORG_URL is not set; it is the only org there)';
  return { places: others, others: [], why };
}

function refuseInside(root: string): never {
  const hint = 'Leave --org out, or name the folder above it with --state.';
  return refuse('--org', `${root} is the state of one org already`, hint);
}

function refuseEmpty(root: string): never {
  throw new StateError(root, 'find any state in', {
    hint: 'Nothing has run with this folder yet: start `loghook run`, or name another one with --state.',
  });
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
