/** Whether an org that was read anew can go on as it is, with other routes and credentials at most. */
import type { Config } from '../../config/config.ts';

export function isSameOrg(one: Config, other: Config): boolean {
  return (
    one.org.url.href === other.org.url.href &&
    one.orgName === other.orgName &&
    one.filter === other.filter &&
    one.interval === other.interval
  );
}
