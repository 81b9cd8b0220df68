/** As much of the configuration as can be read, for who looks for what is wrong: no problem hides another part. */
import type { Problem } from '../errors.ts';
import type { Identity } from '../okta/credentials.ts';
import type { Interval } from '../okta/poll-interval.ts';
import { readEnvironmentOrGoOn, type SettingsInput } from './config.ts';
import type { Environment } from './environment.ts';
import { type OrgSettings, orgSettings } from './org-settings.ts';
import { parseOrgUrl } from './org-url.ts';
import { readSome } from './problems.ts';
import { type ProxyFor, proxySettings } from './proxy.ts';
import { findRouteFile, type RouteFile, routeFileReader } from './route-file.ts';
import { filterSetting, intervalSetting, logFormat, logLevel } from './settings.ts';
import { stateFolder } from './state-folder.ts';

export interface PartialConfig {
  /** Known as soon as OKTA_ORG_URL can be read, whatever is wrong with the credentials. */
  readonly orgUrl?: URL;
  readonly identity?: Identity;
  readonly identityFrom?: string;
  readonly file?: RouteFile;
  readonly routesFileShownAs: string;
  /** Without the org's sub-folder. */
  readonly stateFolder?: string;
  readonly interval?: Interval;
  readonly filter?: string;
  readonly proxyFor?: ProxyFor;
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

/** Never rejects for what a person wrote. */
export async function loadPartialConfig(input: SettingsInput): Promise<PartialConfig> {
  const { flags, cwd } = input;
  const found = findRouteFile(flags.config, cwd);
  const readRoutes = await routeFileReader(found);
  const { environment, problems: unread } = readEnvironmentOrGoOn(input);
  const { values, problems } = readSome({
    org: () => orgSettings(environment, cwd),
    file: () => readRoutes(environment),
    stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
    interval: () => intervalSetting(flags.interval, environment),
    logLevel: () => logLevel(flags.logLevel, environment),
    logFormat: () => logFormat(flags.logFormat, environment, input.isTerminal),
    filter: () => filterSetting(flags.filter, environment),
    proxyFor: () => proxySettings(environment),
  });
  const { org, logLevel: _level, logFormat: _format, ...rest } = values;
  return {
    ...withoutUndefined(rest),
    ...orgOf(org, environment),
    routesFileShownAs: found.shownAs,
    notes: [...(org?.org.notes ?? []), ...(values.file?.notes ?? [])],
    problems: [...unread, ...problems],
  };
}

function orgOf(org: OrgSettings | undefined, environment: Environment): Partial<PartialConfig> {
  if (org !== undefined) {
    const { identity, identityFrom } = org;
    return { orgUrl: org.org.url, identity, identityFrom };
  }
  const parsed = parseOrgUrl(environment.get('OKTA_ORG_URL')?.value ?? '');
  return 'error' in parsed ? {} : { orgUrl: parsed.url };
}

function withoutUndefined<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> }; // filtered just above
}
