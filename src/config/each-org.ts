/** What is read once for each org: of those that the file names, or else of the one that the environment names. */
import type { Environment } from './environment.ts';
import { chooseOrg } from './orgs.ts';
import { problemsOf } from './problems.ts';
import type { FoundFile, OrgInFile, ReadRoutes, RouteFile } from './route-file.ts';

interface EachOrg<S> {
  /** What was loaded for it. */
  readonly loaded: S;
  /** Its routes, and what is to be known of them. */
  readonly file: Omit<RouteFile, 'orgs'>;
  /** What the file calls it; undefined where it names none. */
  readonly orgName?: string;
}

/** `file` gives the whole file, or throws what is wrong with it; `of` is what the file says of the org. */
type LoadOrg<S> = (file: () => RouteFile, of?: OrgInFile) => S;

interface File {
  readonly found: FoundFile;
  readonly readRoutes: ReadRoutes;
  readonly environment: Environment;
}

/** Throws what `load` throws. The file is read once, before anything else: it says whether the environment's org counts. */
export function loadEach<S>(
  { found, readRoutes, environment }: File,
  load: LoadOrg<S>,
): readonly EachOrg<S>[] {
  const { file, namesOrgs } = readEarly(readRoutes, environment);
  if (!namesOrgs) {
    const loaded = load(file);
    return [{ loaded, file: file() }];
  }
  const orgs = orgsIn(file);
  if (orgs === undefined) {
    load(file, UNREAD);
    return [];
  }
  return orgs.map((of, index) => {
    const { routes, alerts, heartbeat, name } = of;
    const first = index > 0 ? [] : [...file().notes, ...unusedNotes(environment, found.shownAs)];
    const own = {
      routes,
      ...(alerts !== undefined && { alerts }),
      ...(heartbeat !== undefined && { heartbeat }),
      notes: [...first, ...of.notes],
    };
    return { loaded: load(file, of), file: own, orgName: name };
  });
}

/** @throws ConfigError */
export function chooseOne<O extends NameAndUrl>(all: readonly O[], written: string | undefined): O {
  const orgs = all.map((one) => ({ one, ...namedOrg(one) }));
  return chooseOrg(orgs, written).one;
}

interface NameAndUrl {
  readonly orgName?: string;
  readonly org: { readonly url: URL };
}

function namedOrg({ orgName, org }: NameAndUrl) {
  return { host: org.url.host, ...(orgName !== undefined && { name: orgName }) };
}

/** What is wrong is thrown when it is its turn, among the problems of everything else. */
function readEarly(
  readRoutes: ReadRoutes,
  environment: Environment,
): { readonly file: () => RouteFile; readonly namesOrgs: boolean } {
  let namesOrgs = false;
  try {
    const read = readRoutes(environment, () => {
      namesOrgs = true;
    });
    return { file: () => read, namesOrgs };
  } catch (error) {
    return { file: () => rethrow(error), namesOrgs };
  }
}

function rethrow(error: unknown): never {
  throw error;
}

/** Undefined where the file cannot be read. */
function orgsIn(file: () => RouteFile): readonly OrgInFile[] | undefined {
  try {
    return file().orgs;
  } catch (error) {
    problemsOf(error);
    return undefined;
  }
}

/** Stands for the orgs of a file that cannot be read, so that what is wrong elsewhere is said too. Never comes out. */
const UNREAD = Object.freeze({
  org: { url: new URL('https://unread.invalid'), notes: [] },
  identity: { kind: 'token', token: '' },
  orgFrom: '',
  identityFrom: '',
}) as unknown as OrgInFile; // its routes are not looked at: reading them throws

const OF_ONE_ORG = [
  ...['OKTA_ORG_URL', 'OKTA_API_KEY', 'OKTA_API_KEY_FILE'],
  ...['OKTA_CLIENT_ID', 'OKTA_PRIVATE_KEY', 'OKTA_PRIVATE_KEY_FILE', 'OKTA_KEY_ID'],
  ...['OKTA_CLIENT_ORGURL', 'OKTA_CLIENT_TOKEN', 'OKTA_CLIENT_CLIENTID', 'OKTA_CLIENT_PRIVATEKEY'],
];

function unusedNotes(environment: Environment, shownAs: string): string[] {
  const set = OF_ONE_ORG.filter((name) => environment.get(name) !== undefined);
  if (set.length === 0) return [];
  const are = set.length === 1 ? 'is' : 'are';
  return [`${set.join(', ')} ${are} set, but not used: ${shownAs} names its orgs`];
}
