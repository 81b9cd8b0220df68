/**
 * The routes, or all of the settings, read anew: for a daemon that goes on with them, and for commands that need the
 * routes alone.
 */
import { type Config, loadConfigs, type SettingsInput } from './config.ts';
import { chooseOne } from './each-org.ts';
import { readEnvironment } from './environment.ts';
import { refuse } from './problems.ts';
import {
  type FoundFile,
  findRouteFile,
  type OrgInFile,
  type RouteFile,
  refuseFallBack,
  routeFileReader,
} from './route-file.ts';

export type ReloadInput = Pick<SettingsInput, 'flags' | 'env' | 'cwd'>;

/**
 * The routes of one org alone, from scratch: which file there is, and the environment that it may name, are looked at
 * anew. Throws ConfigError or RoutesError with every problem.
 */
export async function loadRoutesAlone(input: ReloadInput): Promise<Omit<RouteFile, 'orgs'>> {
  const { orgs, ...file } = await readAnew(findRouteFile(input.flags.config, input.cwd), input);
  return orgs === undefined ? file : chooseOne(orgs.map(asNamed), input.flags.org);
}

/** The same again and again for one daemon, which began with the file `inUse`, and with one org that it did not name. */
export function routesReloader(inUse: string, input: ReloadInput): () => Promise<RouteFile> {
  let path = inUse;
  return async () => {
    const found = findRouteFile(input.flags.config, input.cwd);
    refuseFallBack(path, found);
    const read = await readAnew(found, input);
    if (read.orgs !== undefined) refuse(found.shownAs, 'it names orgs now', RESTART);
    path = found.path;
    return read;
  };
}

/** All of it anew, for a daemon that began with the file `inUse` and the orgs in it. */
export function configsReloader(
  inUse: string,
  input: SettingsInput,
): () => Promise<readonly Config[]> {
  let path = inUse;
  return async () => {
    refuseFallBack(path, findRouteFile(input.flags.config, input.cwd));
    const configs = await loadConfigs(input);
    const [first] = configs;
    if (first?.orgName === undefined)
      refuse(first?.routesFileShownAs ?? path, 'it names no orgs any more', RESTART);
    path = first.routesFile;
    return configs;
  };
}

const RESTART = 'start loghook again to go on with that';

async function readAnew(file: FoundFile, { env, cwd }: ReloadInput): Promise<RouteFile> {
  const readRoutes = await routeFileReader(file);
  return readRoutes(readEnvironment(env, cwd));
}

function asNamed(org: OrgInFile) {
  return { ...org, orgName: org.name };
}
