/** Flags, environment, `.env` and the routes file as one frozen Config. Whatever is wrong in any of them is reported at once. */
import type { Problem } from '../errors.ts';
import type { LogLevel } from '../log.ts';
import type { IdentityAnew } from '../okta/current-credentials.ts';
import type { Interval } from '../okta/poll-interval.ts';
import { Routes } from '../routing/routes.ts';
import { type AdminSettings, adminSettings, pollAgeNotes } from './admin.ts';
import { chooseOne, loadEach } from './each-org.ts';
import { Environment, readEnvironment, type Variables } from './environment.ts';
import { withAnew } from './identity/identity-anew.ts';
import { type OrgSettings, orgSettings } from './identity/org-settings.ts';
import { OTHER_URL_NAME } from './identity/other-tools.ts';
import { type Parts, problemsOf, type Read, readAll } from './problems.ts';
import { type ProxyFor, proxySettings } from './proxy.ts';
import {
  findRouteFile,
  type OrgInFile,
  type ReadRoutes,
  type RouteFile,
  routeFileReader,
} from './route-file.ts';
import {
  filterSetting,
  intervalSetting,
  type LogFormat,
  logFormat,
  logLevel,
  sinceAt,
} from './settings.ts';
import { stateFolder } from './state-folder.ts';

/** As commander names them. */
export interface Flags {
  readonly config?: string | undefined;
  readonly state?: string | undefined;
  /** Which of several orgs: its name or host. */
  readonly org?: string | undefined;
  readonly since?: string | undefined;
  readonly interval?: string | undefined;
  readonly filter?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly once?: boolean | undefined;
  readonly admin?: string | undefined;
}

/** The outside world, handed in. */
export interface Surroundings {
  readonly env: Variables;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
  /** May be empty: services and containers often have none. */
  readonly homedir: string;
  /** Whether the log goes to a terminal. */
  readonly isTerminal: boolean;
  /** Milliseconds since 1970; what `--since 2h` counts from. */
  readonly now: number;
}

/** What every command that reads the System Log has. */
export interface Settings extends OrgSettings {
  /** For a command that reads for so long that they may change. */
  readonly identityAnew?: IdentityAnew;
  /** A SCIM filter for Okta, exactly as written. */
  readonly filter?: string;
  readonly interval: Interval;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** What HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  readonly proxyFor: ProxyFor;
}

export interface Config extends Settings, Omit<RouteFile, 'orgs'> {
  /** What the file calls the org; undefined where it names none. */
  readonly orgName?: string;
  /** Absolute. */
  readonly routesFile: string;
  /** How messages name it. */
  readonly routesFileShownAs: string;
  /** Absolute, and without the org's sub-folder (see orgFolder). */
  readonly stateFolder: string;
  readonly once: boolean;
  /** The server that is asked for health and metrics; undefined: there is none. */
  readonly admin?: AdminSettings;
}

export type SettingsInput = Surroundings & { readonly flags: Flags };

/** Of the org that `--org` names, or of the only one. Throws ConfigError with every problem of every part. */
export async function loadConfig(input: SettingsInput): Promise<Config> {
  return chooseOne(await loadConfigs(input), input.flags.org);
}

/** Of each org that the file names, or else of the one in the environment. Throws ConfigError with every problem. */
export async function loadConfigs(input: SettingsInput): Promise<readonly Config[]> {
  const { flags, cwd } = input;
  const { found, all } = await loadAll(input, (environment) => ({
    stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
    admin: () => adminSettings(flags.admin, environment, cwd),
  }));
  return all.map(({ loaded, file, orgName }, index) =>
    Object.freeze({
      ...loaded.settings,
      ...file,
      notes: [...file.notes, ...adminNotes(loaded.more.admin, loaded.settings, index === 0)],
      ...(orgName !== undefined && { orgName }),
      ...(loaded.more.admin !== undefined && { admin: loaded.more.admin }),
      stateFolder: loaded.more.stateFolder,
      routesFile: found.path,
      routesFileShownAs: found.shownAs,
      once: flags.once ?? false,
    }),
  );
}

/** What is of all orgs is said with the first. */
function adminNotes(
  admin: AdminSettings | undefined,
  { interval }: Settings,
  isFirst: boolean,
): readonly string[] {
  if (admin === undefined) return [];
  return [...(isFirst ? admin.notes : []), ...pollAgeNotes(admin, interval)];
}

/** The settings of one org, its routes, and what else a command needs. Throws ConfigError with every problem. */
export async function loadOne<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
) {
  const one = await readOne(input, parts);
  return { ...one, settings: withAnew(one.settings, () => readOne(input, NOTHING_ELSE)) };
}

const NOTHING_ELSE = () => ({});

async function readOne<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
) {
  const { all } = await loadAll(input, parts);
  const named = all.map((one) => ({ ...one, org: one.loaded.settings.org }));
  const { loaded, file, orgName } = chooseOne(named, input.flags.org);
  return { ...loaded, file, ...(orgName !== undefined && { orgName }) };
}

async function loadAll<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
) {
  const found = findRouteFile(input.flags.config, input.cwd);
  const readRoutes = await routeFileReader(found);
  const { environment } = readEnvironmentOrGoOn(input);
  const all = loadEach({ found, readRoutes, environment }, (file, of) =>
    loadSettings(input, (known) => ({ file, ...parts(known) }), of),
  );
  return { found, all };
}

/**
 * What a command has that needs no routes: the settings of the org in the environment, unless `--org` chooses one of the
 * file, or the environment names none. Throws ConfigError with every problem.
 */
export async function loadOrgSettings<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
) {
  const one = await readOrgSettings(input, parts);
  return { ...one, settings: withAnew(one.settings, () => readOrgSettings(input, NOTHING_ELSE)) };
}

async function readOrgSettings<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
) {
  const { environment } = readEnvironmentOrGoOn(input);
  const isOfEnvironment = URL_NAMES.some((name) => environment.get(name) !== undefined);
  if (input.flags.org === undefined && isOfEnvironment) return loadSettings(input, parts);
  const found = findRouteFile(input.flags.config, input.cwd);
  const readRoutes = await routeFileReader(found);
  const all = loadEach({ found, readRoutes: orgsOnly(readRoutes), environment }, (file, of) => {
    file();
    return loadSettings(input, parts, of);
  });
  const named = all.map((one) => ({ ...one, org: one.loaded.settings.org }));
  return chooseOne(named, input.flags.org).loaded;
}

/**
 * The settings, and what else a command needs, `parts`. The org and its token are those of the environment, unless the
 * file says them, `of`. A flag goes before the file, and the file before a variable. Throws ConfigError with every
 * problem of all of them.
 */
function loadSettings<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
  of?: OrgInFile,
): { readonly settings: Settings; readonly more: Read<P> } {
  const { flags, cwd } = input;
  const { environment, problems } = readEnvironmentOrGoOn(input);
  const { org, more, since, filter, ...rest } = readAll(
    {
      org: () => (of === undefined ? orgSettings(environment, cwd) : settingsIn(of)),
      more: () => readAll(parts(environment)),
      interval: () => intervalSetting(flags.interval, environment, of?.interval),
      logLevel: () => logLevel(flags.logLevel, environment),
      logFormat: () => logFormat(flags.logFormat, environment, input.isTerminal),
      since: () => sinceAt(flags.since, input.now),
      filter: () => filterSetting(flags.filter ?? of?.filter, environment),
      proxyFor: () => proxySettings(environment),
    },
    problems,
  );
  const settings = Object.freeze({
    ...org,
    ...rest,
    ...(filter !== undefined && { filter }),
    ...(since !== undefined && { since }),
  });
  return { settings, more };
}

function settingsIn({ org, orgFrom, identity, identityFrom, app }: OrgInFile): OrgSettings {
  return { org, orgFrom, identity, identityFrom, ...(app !== undefined && { app }) };
}

const URL_NAMES = ['OKTA_ORG_URL', OTHER_URL_NAME];

/** A file that cannot be read, and names no orgs as far as can be told, is as good as none. */
function orgsOnly(readRoutes: ReadRoutes): ReadRoutes {
  return (environment, onOrgs) => {
    let namesOrgs = false;
    try {
      return readRoutes(environment, () => {
        namesOrgs = true;
        onOrgs?.();
      });
    } catch (error) {
      if (namesOrgs) throw error;
      problemsOf(error);
      return { routes: new Routes([]), notes: [] };
    }
  };
}

/** Without `.env` where it cannot be read. */
export function readEnvironmentOrGoOn(input: Surroundings): {
  environment: Environment;
  problems: readonly Problem[];
} {
  try {
    return { environment: readEnvironment(input.env, input.cwd), problems: [] };
  } catch (error) {
    return { environment: new Environment(input.env), problems: problemsOf(error) };
  }
}
