/** What a daemon with one org reads again while it runs: its routes, and who it is to the org. */
import type { Config } from '../../config/config.ts';
import { readEnvironment } from '../../config/environment.ts';
import type { FoundIdentity } from '../../config/identity/identity.ts';
import { identityAnew } from '../../config/identity/identity-anew.ts';
import { type OrgSettings, orgSettings } from '../../config/identity/org-settings.ts';
import { refuseSecrets } from '../../config/identity/token-guard.ts';
import { type ReloadInput, routesReloader } from '../../config/reload.ts';
import type { IdentityAnew } from '../../okta/current-credentials.ts';
import { problemsInWords } from './reload.ts';
import type { ReadAnew } from './session-options.ts';

interface ReadsAgain {
  /** For a reload. Throws ConfigError or RoutesError when the routes are not usable. */
  readonly reload: () => Promise<ReadAnew>;
  /** For when Okta refuses the credentials. */
  readonly identityAnew: IdentityAnew;
}

/** Credentials are taken for the org that it began with alone. */
export function readsAgain(config: Config, input: ReloadInput): ReadsAgain {
  const readRoutes = routesReloader(config.routesFile, input);
  let routes: ReadAnew = config;
  return {
    reload: async () => {
      const read = await readRoutes();
      routes = read;
      return { ...read, ...readIdentity(config, input) };
    },
    identityAnew: identityAnew(config.org.url, () => {
      const environment = readEnvironment(input.env, input.cwd);
      refuseSecrets(routes, environment, config.routesFileShownAs);
      return orgSettings(environment, input.cwd);
    }),
  };
}

/** What is wrong is for people; nothing secret. */
function readIdentity(
  { org }: Config,
  { env, cwd }: ReloadInput,
): Partial<FoundIdentity> & Pick<ReadAnew, 'credentialProblems'> {
  let read: OrgSettings;
  try {
    read = orgSettings(readEnvironment(env, cwd), cwd);
  } catch (error) {
    return { credentialProblems: [...problemsInWords(error), PUT_RIGHT] };
  }
  if (read.org.url.href !== org.url.href)
    return { credentialProblems: [`${read.orgFrom}: ${CHANGED}`] };
  const { identity, identityFrom, app } = read;
  return { identity, identityFrom, ...(app !== undefined && { app }) };
}

const CHANGED = 'it has changed; start loghook again to put that in force, a reload does not';
const PUT_RIGHT = 'put that right, and reload again';
