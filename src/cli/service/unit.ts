/**
 * `loghook service print`: the unit for this machine, or why not. It refuses paths that go away by themselves: a service
 * that starts from one works today and fails on the day its Node is upgraded or a cache is emptied. No token is ever printed.
 */
import { ConfigError, type Problem } from '../../errors.ts';
import { launchAgent } from './launchd.ts';
import { secretOf } from './secret.ts';
import { systemUnit, type UnitFacts, userUnit } from './systemd.ts';

export const SERVICE_KINDS = ['systemd', 'systemd-user', 'launchd'] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

export interface ServiceFacts {
  /** The node that runs now: process.execPath. */
  readonly execPath: string;
  /** bin/loghook.js with every symbolic link resolved. */
  readonly entry: string;
  readonly home: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** The name of the routes file that lies where the unit is printed; loghook.csv where there is none. */
  readonly routesFile?: string;
  /** It names its orgs, and where their secrets stand. */
  readonly namesOrgs?: boolean;
}

const WRITE: Readonly<Record<ServiceKind, (facts: UnitFacts) => string>> = {
  systemd: systemUnit,
  'systemd-user': userUnit,
  launchd: launchAgent,
};

/** The text to save. Throws a ConfigError that names every path it would not start from, and the two commands that help. */
export function serviceUnit(kind: ServiceKind, facts: ServiceFacts): string {
  const problems = problemsOf(kind, facts);
  if (problems.length > 0) throw new ConfigError(problems);
  const { execPath, entry, home, user } = facts;
  const settings = kind === 'systemd' ? {} : stateSettings(facts.env);
  const orgUrl = orgOrigin(facts.env);
  const secret = facts.namesOrgs === true ? undefined : secretOf(facts.env);
  const { routesFile = 'loghook.csv' } = facts;
  return WRITE[kind]({ execPath, entry, home, user, orgUrl, secret, routesFile, settings });
}

/** Places that are emptied or replaced by themselves. `~` stands for anyone's home folder, so that a user may be called n. */
const PASSING_PLACES: readonly {
  readonly name: string;
  readonly kind: 'runner' | 'manager';
  readonly path: RegExp;
  /** The variable with which its folder can be moved. */
  readonly root?: string;
}[] = [
  { name: "npx's cache", kind: 'runner', path: /\/_npx\// },
  { name: "pnpm dlx's cache", kind: 'runner', path: /\/dlx(-[^/]*)?\// },
  { name: "bunx's cache", kind: 'runner', path: /\/bunx-[^/]+\// },
  { name: 'nvm', kind: 'manager', path: /\/\.nvm\/|\/nvm\/versions\//, root: 'NVM_DIR' },
  {
    name: 'fnm',
    kind: 'manager',
    path: /\/\.fnm\/|\/fnm_multishells\/|\/fnm\/(node-versions|aliases)\//,
    root: 'FNM_DIR',
  },
  {
    name: 'volta',
    kind: 'manager',
    path: /\/\.volta\/|\/volta\/(tools|bin)\//,
    root: 'VOLTA_HOME',
  },
  {
    name: 'asdf',
    kind: 'manager',
    path: /\/\.asdf\/|\/asdf\/(installs|shims)\//,
    root: 'ASDF_DATA_DIR',
  },
  {
    name: 'mise',
    kind: 'manager',
    path: /\/\.mise\/|\/(mise|rtx)\/(installs|shims)\//,
    root: 'MISE_DATA_DIR',
  },
  {
    name: 'nodenv',
    kind: 'manager',
    path: /\/\.nodenv\/|\/nodenv\/(versions|shims)\//,
    root: 'NODENV_ROOT',
  },
  { name: 'nvs', kind: 'manager', path: /\/\.nvs\/|\/nvs\/(node|default)\//, root: 'NVS_HOME' },
  { name: 'n', kind: 'manager', path: /\/\.n\/|\/n\/versions\/|^~\/n\/(bin|lib)\// },
];

type PassingPlace = (typeof PASSING_PLACES)[number];

const SYSTEM_PATH = 'PATH=/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin';

function problemsOf(kind: ServiceKind, facts: ServiceFacts): readonly Problem[] {
  const where = `service print ${kind}`;
  if (facts.platform === 'win32') {
    return [
      {
        where,
        message: 'this is Windows, which has neither systemd nor launchd',
        hint: 'run `loghook run` from the Task Scheduler, at log on',
      },
    ];
  }
  const unwritable = unwritableIn(kind, facts);
  if (unwritable.length > 0) return unwritable.map((message) => ({ where, message }));
  const node = passingPlaceOf(facts.execPath, facts);
  const entry = passingPlaceOf(facts.entry, facts);
  const problems = [
    ...(node ? [{ where, message: goesAway('Node', facts.execPath, node) }] : []),
    ...(entry ? [{ where, message: goesAway('loghook', facts.entry, entry) }] : []),
  ];
  const hint = whatToInstall(where, node?.kind === 'manager' || entry?.kind === 'manager');
  return problems.map((problem, index) =>
    index === problems.length - 1 ? { ...problem, hint } : problem,
  );
}

/** What no unit could hold, however it is quoted. */
function unwritableIn(kind: ServiceKind, facts: ServiceFacts): readonly string[] {
  const unclean = [facts.execPath, facts.entry, facts.home, facts.user]
    .filter((text) => /\p{Cc}/u.test(text))
    .map((text) => `a control character stands in ${JSON.stringify(text)}, which no unit can hold`);
  if (unclean.length > 0 || kind === 'launchd' || !/["'\\]/.test(facts.execPath)) return unclean;
  return [
    `Node is ${facts.execPath}, and systemd starts no program with a quote or a backslash in its path`,
  ];
}

function passingPlaceOf(path: string, facts: ServiceFacts): PassingPlace | undefined {
  const below = withoutHome(path, facts.home);
  return PASSING_PLACES.find((place) => {
    const root = place.root === undefined ? undefined : facts.env[place.root];
    const isInRoot =
      root !== undefined && root.length > 1 && path.startsWith(`${root.replace(/\/+$/, '')}/`);
    return isInRoot || place.path.test(below);
  });
}

function withoutHome(path: string, home: string): string {
  if (home.length > 1 && path.startsWith(`${home}/`)) return `~${path.slice(home.length)}`;
  return path.replace(/^\/(home|Users)\/[^/]+/, '~');
}

function goesAway(what: string, path: string, place: PassingPlace): string {
  const why =
    place.kind === 'runner'
      ? 'which is emptied at any time'
      : 'which moves Node with every version';
  return `${what} is ${path}, in ${place.name}${place.kind === 'runner' ? '' : "'s folder"}, ${why}`;
}

/** sudo and a shell of a version manager each have a PATH of their own; the system's Node is named by a third. */
function whatToInstall(command: string, isManaged: boolean): string {
  if (!isManaged)
    return `install it for good: sudo npm install -g loghook\nthen: loghook ${command}`;
  return (
    `install a Node of the system's (20.18.1 or newer: nodejs.org, or your distribution's), then loghook with it: ` +
    `sudo env ${SYSTEM_PATH} npm install -g loghook\nthen: env ${SYSTEM_PATH} loghook ${command}`
  );
}

/** Scheme, host and port alone: whatever else was pasted into the setting may be a secret. */
function orgOrigin(env: ServiceFacts['env']): string | undefined {
  const written = env.OKTA_ORG_URL || env.OKTA_CLIENT_ORGURL || '';
  if (!URL.canParse(written)) return undefined;
  const { protocol, origin } = new URL(written);
  return protocol === 'https:' || protocol === 'http:' ? origin : undefined;
}

/** Where commands typed by hand look for state; relative folders would mean another place in a service. */
function stateSettings(env: ServiceFacts['env']): Record<string, string> {
  const named = ['LOGHOOK_STATE', 'XDG_STATE_HOME'].map((name) => [name, env[name] ?? ''] as const);
  return Object.fromEntries(
    named.filter(([, folder]) => folder.startsWith('/') && !/\p{Cc}/u.test(folder)),
  );
}
