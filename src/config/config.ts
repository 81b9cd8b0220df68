/** Flags, environment, `.env` and loghook.csv as one frozen Config. Whatever is wrong in any of them is reported at once. */
import { relative, resolve } from 'node:path';
import type { Problem } from '../errors.ts';
import type { LogLevel } from '../log.ts';
import type { Routes } from '../routing/routes.ts';
import { Environment, readEnvironment, type Variables } from './environment.ts';
import { type OrgSettings, orgSettings } from './org-settings.ts';
import { problemsOf, readAll } from './problems.ts';
import { loadRoutes } from './routes-file.ts';
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

export interface Config extends OrgSettings {
  /** A SCIM filter for Okta, exactly as written. */
  readonly filter?: string;
  readonly routes: Routes;
  /** Absolute. */
  readonly routesFile: string;
  /** Absolute, and without the org's sub-folder (see orgFolder). */
  readonly stateFolder: string;
  readonly intervalMs: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Milliseconds since 1970. */
  readonly since?: number;
  readonly once: boolean;
}

export const DEFAULT_ROUTES_FILE = 'loghook.csv';

/** Throws ConfigError with every problem of every part. */
export function loadConfig(input: Surroundings & { readonly flags: Flags }): Config {
  const { flags, cwd } = input;
  const { environment, problems } = readEnvironmentOrGoOn(input);
  const file = routesFile(flags.config, cwd);
  const { settings, since, filter, ...rest } = readAll(
    {
      settings: () => orgSettings(environment, cwd),
      routes: () => loadRoutes(file.path, file.shownAs),
      stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
      intervalMs: () => intervalMs(flags.interval, environment),
      logLevel: () => logLevel(flags.logLevel, environment),
      logFormat: () => logFormat(flags.logFormat, environment, input.isTerminal),
      since: () => sinceAt(flags.since, input.now),
      filter: () => filterSetting(flags.filter, environment),
    },
    problems,
  );
  return Object.freeze({
    ...settings,
    ...rest,
    ...(filter !== undefined && { filter }),
    ...(since !== undefined && { since }),
    routesFile: file.path,
    once: flags.once ?? false,
  });
}

/** `--config`, else loghook.csv: where it is, and how messages name it. */
export function routesFile(
  flag: string | undefined,
  cwd: string,
): { readonly path: string; readonly shownAs: string } {
  const path = resolve(cwd, flag ?? DEFAULT_ROUTES_FILE);
  const inside = relative(cwd, path);
  return { path, shownAs: inside.startsWith('..') || inside === '' ? path : inside };
}

function readEnvironmentOrGoOn(input: Surroundings): {
  environment: Environment;
  problems: readonly Problem[];
} {
  try {
    return { environment: readEnvironment(input.env, input.cwd), problems: [] };
  } catch (error) {
    return { environment: new Environment(input.env), problems: problemsOf(error) };
  }
}
