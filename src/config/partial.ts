/** As much of the configuration as can be read, for who looks for what is wrong: no problem hides another part. */
import type { Problem } from '../errors.ts';
import type { Identity } from '../okta/credentials.ts';
import type { Interval } from '../okta/poll-interval.ts';
import { readEnvironmentOrGoOn, type SettingsInput } from './config.ts';
import { chooseOne, orgsIn, readEarly } from './each-org.ts';
import type { Environment } from './environment.ts';
import { type OrgSettings, orgSettings } from './org-settings.ts';
import { parseOrgUrl } from './org-url.ts';
import { readSome } from './problems.ts';
import { type ProxyFor, proxySettings } from './proxy.ts';
import { findRouteFile, type OrgInFile, type RouteFile, routeFileReader } from './route-file.ts';
import { filterSetting, intervalSetting, logFormat, logLevel } from './settings.ts';
import { stateFolder } from './state-folder.ts';

export interface PartialConfig {
  /** Known as soon as OKTA_ORG_URL can be read, whatever is wrong with the credentials. */
  readonly orgUrl?: URL;
  readonly identity?: Identity;
  readonly identityFrom?: string;
  readonly file?: Omit<RouteFile, 'orgs'>;
  readonly routesFileShownAs: string;
  /** Without the org's sub-folder. */
  readonly stateFolder?: string;
  readonly interval?: Interval;
  readonly filter?: string;
  readonly proxyFor?: ProxyFor;
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

/** Never rejects for what a person wrote, but where several orgs are in the file and `--org` chooses none. */
export async function loadPartialConfig(input: SettingsInput): Promise<PartialConfig> {
  const { flags, cwd } = input;
  const found = findRouteFile(flags.config, cwd);
  const readRoutes = await routeFileReader(found);
  const { environment, problems: unread } = readEnvironmentOrGoOn(input);
  const { file, namesOrgs } = readEarly(readRoutes, environment);
  const of = namesOrgs ? orgNamed(file, flags.org) : undefined;
  const { values, problems } = readSome({
    org: () => (namesOrgs ? of : orgSettings(environment, cwd)),
    file: (): Omit<RouteFile, 'orgs'> => of ?? file(),
    stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
    interval: () => of?.interval ?? intervalSetting(flags.interval, environment),
    logLevel: () => logLevel(flags.logLevel, environment),
    logFormat: () => logFormat(flags.logFormat, environment, input.isTerminal),
    filter: () => of?.filter ?? filterSetting(flags.filter, environment),
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

/** Undefined where the file cannot be read: what is wrong with it is a problem of its own. @throws ConfigError */
function orgNamed(file: () => RouteFile, written: string | undefined): OrgInFile | undefined {
  const orgs = orgsIn(file)?.map((org) => ({ ...org, orgName: org.name }));
  return orgs && chooseOne(orgs, written);
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
