/**
 * Which org, and who loghook is to it. A folder's `.env` must not direct a secret that came from elsewhere to its own
 * host, and a secret that stands beside another org's URL does not go to this one.
 */
import type { Environment } from '../environment.ts';
import { readAll, refuse } from '../problems.ts';
import { type Found, unreadNames } from './found.ts';
import { type FoundIdentity, type IdentityNames, readIdentity } from './identity.ts';
import { parseOrgUrl } from './org-url.ts';
import { type FoundSettings, type OrgSource, Sources } from './sources.ts';

const UNREAD_NAMES = ['OKTA_API_TOKEN', 'OKTA_TOKEN', 'OKTA_API_CLIENT_ID', 'OKTA_API_PRIVATE_KEY'];
const SCOPE = 'okta.logs.read';

export interface OrgSettings extends FoundIdentity {
  readonly org: { readonly url: URL; readonly notes: readonly string[] };
  /** Where the org's URL was found, in words. */
  readonly orgFrom: string;
}

/** Throws ConfigError with everything that is wrong with either. A relative file is looked up in `cwd`. */
export function orgSettings(environment: Environment, cwd: string): OrgSettings {
  const sources = new Sources(environment, cwd);
  const { org, identity } = readAll({
    org: () => sources.org(),
    identity: () => {
      const found = sources.identity();
      return { found, read: readIdentity(found, ownNames(environment)) };
    },
  });
  const { notes, ...read } = identity.read;
  refuseForeign(org, identity.found);
  return Object.freeze({
    ...read,
    org: Object.freeze({
      url: org.url,
      notes: Object.freeze([...org.notes, ...notes, ...scopeNotes(identity.found)]),
    }),
    orgFrom: org.found.from,
  });
}

/** The host of the org alone, for what needs no token; undefined where none is set. @throws ConfigError */
export function orgHostIn(environment: Environment): string | undefined {
  return new Sources(environment, '').findOrg()?.url.host;
}

function ownNames(environment: Environment): IdentityNames {
  return {
    missing: 'OKTA_API_KEY',
    token: 'OKTA_API_KEY or OKTA_API_KEY_FILE',
    clientId: 'OKTA_CLIENT_ID',
    privateKey: `OKTA_PRIVATE_KEY_FILE or OKTA_PRIVATE_KEY${unreadNames(environment, UNREAD_NAMES)}`,
  };
}

/** The secret is the token or the key; a client id is none, and may stand anywhere. */
function refuseForeign(org: OrgSource, { token, privateKey }: FoundSettings): void {
  if (token !== undefined) refuseForeignSecret(org, token, { what: 'token', own: 'OKTA_API_KEY' });
  if (privateKey === undefined) return;
  refuseForeignSecret(org, privateKey, { what: 'private key', own: 'OKTA_PRIVATE_KEY' });
}

function refuseForeignSecret(
  org: OrgSource,
  secret: Found,
  { what, own }: { readonly what: string; readonly own: string },
): void {
  const { beside } = secret;
  const isItsOwn = beside !== undefined && originOf(beside.value) === org.url.origin;
  if (org.found.isFromDotEnv && !secret.isFromDotEnv && !(isItsOwn && !beside.isFromDotEnv)) {
    const isFile = secret.path === undefined ? '' : ', it is in a file';
    refuse(
      org.found.where,
      `it comes from .env, but the ${what} does not${isFile} (${secret.from}): the ${what} is not used for a host that a folder names`,
      `set ${org.found.where} in the environment and not in .env, or ${own} in .env too`,
    );
  }
  if (beside === undefined || isItsOwn) return;
  refuse(
    secret.where,
    `the ${what} is for the org that ${beside.from} names, and not for ${org.url.host} (${org.found.from})`,
    `name one org in both places, or set ${own} for ${org.url.host}`,
  );
}

function originOf(written: string): string | undefined {
  const parsed = parseOrgUrl(written);
  return 'url' in parsed ? parsed.url.origin : undefined;
}

/** Said of scopes that were written for another program: loghook asks for its own one. */
function scopeNotes({ privateKey, scopes }: FoundSettings): readonly string[] {
  if (privateKey === undefined || scopes === undefined) return [];
  return scopes.value.split(/[\s,]+/).includes(SCOPE)
    ? []
    : [`${scopes.where}: ${SCOPE} is not among them; loghook asks for that scope alone`];
}
