/** As much of the configuration as can be read, for who looks for what is wrong: no problem hides another part. */
import type { Problem } from '../errors.ts';
import type { Identity } from '../okta/credentials.ts';
import type { Interval } from '../okta/poll-interval.ts';
import { readEnvironmentOrGoOn, type SettingsInput } from './config.ts';
import { chooseOne } from './each-org.ts';
import type { Environment } from './environment.ts';
import { type OrgSettings, orgSettings } from './identity/org-settings.ts';
import { Sources } from './identity/sources.ts';
import { readSome } from './problems.ts';
import { type ProxyFor, proxySettings } from './proxy.ts';
import { findRouteFile, type OrgInFile, type RouteFile, routeFileReader } from './route-file.ts';
import { filterSetting, intervalSetting, logFormat, logLevel } from './settings.ts';
import { stateFolder } from './state-folder.ts';

export interface PartialConfig {
  /** What the file calls the org; undefined where it names none. */
  readonly orgName?: string;
  /** The file names orgs, and cannot be used as it is. */
  readonly hasUnreadOrgs?: true;
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

/**
 * Of each org that the file names, or of the one that `--org` names, else of the environment's. Of several the first
 * has the problems and notes of all. Throws ConfigError only when `--org` names none.
 */
export async function loadPartialConfigs(input: SettingsInput): Promise<readonly PartialConfig[]> {
  const found = findRouteFile(input.flags.config, input.cwd);
  const readRoutes = await routeFileReader(found);
  const { environment, problems: unread } = readEnvironmentOrGoOn(input);
  let namesOrgs = false;
  const { values, problems } = readSome({
    file: () =>
      readRoutes(environment, () => {
        namesOrgs = true;
      }),
    org: () => (namesOrgs ? undefined : orgSettings(environment, input.cwd)),
    ...small(input, environment),
  });
  const { org, file, logLevel: _level, logFormat: _format, ...rest } = values;
  const shared = { ...withoutUndefined(rest), routesFileShownAs: found.shownAs };
  const first = { notes: file?.notes ?? [], problems: [...unread, ...problems] };
  if (file?.orgs !== undefined) {
    const wanted = input.flags.org;
    const orgs = file.orgs.map((one) => ({ ...one, orgName: one.name }));
    const chosen = wanted === undefined ? orgs : [chooseOne(orgs, wanted)];
    return chosen.map((one, index) => ofFile(one, shared, index === 0 ? first : NOTHING));
  }
  const notes = [...(org?.org.notes ?? []), ...first.notes];
  const its = namesOrgs
    ? ({ hasUnreadOrgs: true } as const)
    : orgOf(org, new Sources(environment, input.cwd));
  return [{ ...shared, ...(file !== undefined && { file }), ...its, ...first, notes }];
}

/** What takes no file. */
function small(input: SettingsInput, environment: Environment) {
  const { flags } = input;
  return {
    stateFolder: () => stateFolder({ ...input, flag: flags.state, environment }),
    interval: () => intervalSetting(flags.interval, environment),
    logLevel: () => logLevel(flags.logLevel, environment),
    logFormat: () => logFormat(flags.logFormat, environment, input.isTerminal),
    filter: () => filterSetting(flags.filter, environment),
    proxyFor: () => proxySettings(environment),
  };
}

type Said = Pick<PartialConfig, 'notes' | 'problems'>;

const NOTHING: Said = { notes: [], problems: [] };

function ofFile(
  { name, org, identity, identityFrom, filter, interval, ...file }: OrgInFile,
  shared: Omit<PartialConfig, 'notes' | 'problems'>,
  { notes, problems }: Said,
): PartialConfig {
  return {
    ...shared,
    ...(filter !== undefined && { filter }),
    ...(interval !== undefined && { interval }),
    orgName: name,
    orgUrl: org.url,
    identity,
    identityFrom,
    file,
    notes: [...notes, ...org.notes, ...file.notes],
    problems,
  };
}

function orgOf(org: OrgSettings | undefined, sources: Sources): Partial<PartialConfig> {
  if (org !== undefined) {
    const { identity, identityFrom } = org;
    return { orgUrl: org.org.url, identity, identityFrom };
  }
  const { values } = readSome({ found: () => sources.findOrg() }); // what is wrong with it is said
  return values.found === undefined ? {} : { orgUrl: values.found.url };
}

function withoutUndefined<T extends object>(
  values: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> }; // filtered just above
}
