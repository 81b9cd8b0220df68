/**
 * The places that may say which org and who loghook is to it, in their order: loghook's own settings, the variables of
 * Okta's other tools, `~/.okta/okta.yaml`. Each setting comes from the first place that has it.
 */
import type { Environment } from '../environment.ts';
import { refuse } from '../problems.ts';
import { type Found, findSetting, unreadNames } from './found.ts';
import type { WrittenIdentity } from './identity.ts';
import { type OktaYaml, readOktaYaml } from './okta-yaml.ts';
import { parseOrgUrl } from './org-url.ts';
import { clientIdentity, OTHER_URL_NAME } from './other-tools.ts';
import { ownIdentity } from './own-names.ts';

export interface FoundSettings {
  readonly token?: Found | undefined;
  readonly clientId?: Found | undefined;
  readonly privateKey?: Found | undefined;
  readonly keyId?: Found | undefined;
  /** What an app asks for, where a place says it. */
  readonly scopes?: Found | undefined;
}

export interface OrgSource {
  readonly url: URL;
  readonly found: Found;
  readonly notes: readonly string[];
}

const UNREAD_URL_NAMES = ['OKTA_ORGURL', 'OKTA_URL', 'OKTA_DOMAIN'];

/** What the variables say of the org; undefined when they say nothing. Throws ConfigError if it is no org's URL. */
export function findOrgUrl(environment: Environment): OrgSource | undefined {
  const found =
    findSetting(environment, 'OKTA_ORG_URL') ?? findSetting(environment, OTHER_URL_NAME);
  return found === undefined ? undefined : orgSource(found);
}

function orgSource(found: Found): OrgSource {
  const parsed = parseOrgUrl(found.value);
  if ('error' in parsed) refuse(found.where, parsed.error, parsed.hint);
  const notes = parsed.notes.map((note) => `${found.where}: ${note}`);
  return { url: parsed.url, found, notes };
}

/** Reads each place when it is first wanted, and once. */
export class Sources {
  readonly #environment: Environment;
  readonly #cwd: string;
  #home: OktaYaml | undefined;

  constructor(environment: Environment, cwd: string) {
    this.#environment = environment;
    this.#cwd = cwd;
  }

  /** Throws ConfigError if no place has one, or the first that has one has none that could be used. */
  org(): OrgSource {
    return (
      this.findOrg() ??
      refuse(
        'OKTA_ORG_URL',
        'it is not set',
        `set it to your org, like https://acme.okta.com (without one: loghook demo)${unreadNames(this.#environment, UNREAD_URL_NAMES)}`,
      )
    );
  }

  /** Undefined if no place has one. Throws ConfigError if it is no org's URL. */
  findOrg(): OrgSource | undefined {
    const found = findOrgUrl(this.#environment);
    if (found !== undefined) return found;
    const { orgUrl } = this.#readHome();
    return orgUrl && orgSource(orgUrl);
  }

  /** The first secret there is, and what belongs to it. Throws ConfigError when a place cannot be read. */
  identity(): FoundSettings {
    let known: FoundSettings = {};
    for (const read of this.#places()) {
      known = withMore(known, read());
      if (isWhole(known)) return known;
    }
    return known;
  }

  /** What `ask` makes of each place. */
  each<T>(ask: (read: () => FoundSettings) => T): T[] {
    return this.#places().map(ask);
  }

  #places(): readonly (() => FoundSettings)[] {
    return [
      () => ownIdentity(this.#environment, this.#cwd),
      () => clientIdentity(this.#environment, this.#cwd),
      () => this.#readHome(),
    ];
  }

  /** A complaint about it is made once. */
  #readHome(): OktaYaml {
    if (this.#home !== undefined) return this.#home;
    this.#home = {};
    this.#home = readOktaYaml(this.#environment);
    return this.#home;
  }
}

/** A key id goes with the key: none is taken from a place behind the key's own. */
function withMore(known: FoundSettings, more: FoundSettings): FoundSettings {
  const clientId = known.clientId ?? more.clientId;
  if (hasSecret(known)) return { ...known, clientId };
  return { ...more, clientId, keyId: known.keyId ?? more.keyId };
}

function hasSecret({ token, privateKey }: WrittenIdentity): boolean {
  return token !== undefined || privateKey !== undefined;
}

function isWhole({ token, privateKey, clientId }: WrittenIdentity): boolean {
  return token !== undefined || (privateKey !== undefined && clientId !== undefined);
}
