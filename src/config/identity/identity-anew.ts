/** Who loghook is to an org, read again by a process that Okta has refused: what stood there may have been changed. */
import { ConfigError, RoutesError } from '../../errors.ts';
import type { IdentityAnew } from '../../okta/current-credentials.ts';
import type { OrgSettings } from './org-settings.ts';

type AccountRead = Pick<OrgSettings, 'org' | 'identity' | 'identityFrom'>;

/** Nothing where `read` finds no such org or throws a ConfigError or a RoutesError, or where it is of another org by now. */
export function identityAnew(
  org: URL,
  read: () => AccountRead | undefined | Promise<AccountRead | undefined>,
): IdentityAnew {
  return async () => {
    try {
      const found = await read();
      if (found?.org.url.href !== org.href) return undefined;
      return { identity: found.identity, from: found.identityFrom };
    } catch (error) {
      if (error instanceof ConfigError || error instanceof RoutesError) return undefined;
      throw error;
    }
  };
}

/** `settings`, and how their identity is read again. */
export function withAnew<S extends AccountRead>(
  settings: S,
  readAgain: () => Promise<{ readonly settings: AccountRead }>,
): S & { readonly identityAnew: IdentityAnew } {
  const read = async () => (await readAgain()).settings;
  return Object.freeze({ ...settings, identityAnew: identityAnew(settings.org.url, read) });
}
