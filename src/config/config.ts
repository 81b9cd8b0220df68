/** Flags, environment, `.env` and the routes file as one frozen Config. Whatever is wrong in any of them is reported at once. */
import type { Problem } from '../errors.ts';
import type { LogLevel } from '../log.ts';
import { Environment, readEnvironment, type Variables } from './environment.ts';
import { type OrgSettings, orgSettings } from './org-settings.ts';
import { type Parts, problemsOf, type Read, readAll } from './problems.ts';
import { type ProxyFor, proxySettings } from './proxy.ts';
import {
  type FoundFile,
  findRouteFile,
  type RouteFile,
  refuseFallBack,
  routeFileReader,
} from './route-file.ts';
import {
  filterSetting,
  intervalMs,
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
  readonly since?: string | undefined;
  readonly interval?: string | undefined;
  readonly filter?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly once?: boolean | undefined;
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
  /** A SCIM filter for Okta, exactly as written. */
  readonly filter?: string;
  readonly intervalMs: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Milliseconds since 1970. */
  readonly since?: number;
  /** What HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. */
  readonly proxyFor: ProxyFor;
}

export interface Config extends Settings, RouteFile {
  /** Absolute. */
  readonly routesFile: string;
  /** How messages name it. */
  readonly routesFileShownAs: string;
  /** Absolute, and without the org's sub-folder (see orgFolder). */
  readonly stateFolder: string;
  readonly once: boolean;
}

export type SettingsInput = Surroundings & { readonly flags: Flags };

/** Throws ConfigError with every problem of every part. */
export async function loadConfig(input: SettingsInput): Promise<Config> {
  const { flags, cwd } = input;
  const file = findRouteFile(flags.config, cwd);
  const readRoutes = await routeFileReader(file);
  const { settings, more } = loadSettings(input, (environment) => ({
    file: () => readRoutes(environment),
    stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
  }));
  return Object.freeze({
    ...settings,
    ...more.file,
    stateFolder: more.stateFolder,
    routesFile: file.path,
    routesFileShownAs: file.shownAs,
    once: flags.once ?? false,
  });
}

/** The settings, and what else a command needs, `parts`. Throws ConfigError with every problem of all of them. */
export function loadSettings<P extends Parts>(
  input: SettingsInput,
  parts: (environment: Environment) => P,
): { readonly settings: Settings; readonly more: Read<P> } {
  const { flags, cwd } = input;
  const { environment, problems } = readEnvironmentOrGoOn(input);
  const { org, more, since, filter, ...rest } = readAll(
    {
      org: () => orgSettings(environment, cwd),
      more: () => readAll(parts(environment)),
      intervalMs: () => intervalMs(flags.interval, environment),
      logLevel: () => logLevel(flags.logLevel, environment),
      logFormat: () => logFormat(flags.logFormat, environment, input.isTerminal),
      since: () => sinceAt(flags.since, input.now),
      filter: () => filterSetting(flags.filter, environment),
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

export type ReloadInput = Pick<SettingsInput, 'flags' | 'env' | 'cwd'>;

/**
 * The routes alone, from scratch: which file there is, and the environment that it may name, are looked at anew.
 * Throws ConfigError or RoutesError with every problem.
 */
export async function reloadRoutes(input: ReloadInput): Promise<RouteFile> {
  return readAnew(findRouteFile(input.flags.config, input.cwd), input);
}

/** The same again and again for one daemon, which began with the file `inUse`. */
export function routesReloader(inUse: string, input: ReloadInput): () => Promise<RouteFile> {
  let path = inUse;
  return async () => {
    const found = findRouteFile(input.flags.config, input.cwd);
    refuseFallBack(path, found);
    const read = await readAnew(found, input);
    path = found.path;
    return read;
  };
}

async function readAnew(file: FoundFile, { env, cwd }: ReloadInput): Promise<RouteFile> {
  const readRoutes = await routeFileReader(file);
  return readRoutes(readEnvironment(env, cwd));
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
