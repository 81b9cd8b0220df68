/** Whether an org that was read anew can go on as it is, with other routes at most. */
import type { Config } from '../../config/config.ts';
import type { Identity } from '../../okta/credentials.ts';

export function isSameOrg(one: Config, other: Config): boolean {
  return (
    one.org.url.href === other.org.url.href &&
    one.orgName === other.orgName &&
    one.filter === other.filter &&
    one.interval === other.interval &&
    isSameIdentity(one.identity, other.identity)
  );
}

export function isSameIdentity(one: Identity, other: Identity): boolean {
  if (one.kind === 'token') return other.kind === 'token' && one.token === other.token;
  return (
    other.kind === 'app' &&
    one.clientId === other.clientId &&
    one.keyId === other.keyId &&
    one.privateKey.equals(other.privateKey)
  );
}
