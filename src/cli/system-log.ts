/** The org's System Log, as every command asks for it: what its settings say, and who we are. */
import { SystemLog, type SystemLogOptions } from '../okta/system-log.ts';
import { userAgentOf } from './io.ts';

/** A first start reads from this long ago, and so does `tail`. */
export const FIRST_START_MS = 2 * 60_000;

/** Where it is, and how it is asked. */
interface OrgAsked extends Pick<SystemLogOptions, 'identity' | 'identityAnew' | 'interval'> {
  readonly org: { readonly url: URL };
  readonly filter?: string | undefined;
  /** The proxy of whatever names none of its own. */
  readonly proxyFor?: (url: URL) => URL | undefined;
}

/** What the command adds to that. */
export interface Asking
  extends Pick<
    SystemLogOptions,
    'clock' | 'log' | 'rateShare' | 'rateReserve' | 'onTrouble' | 'onWait'
  > {
  readonly version: string;
}

/** To be closed. */
export function openSystemLog(
  { org, identity, identityAnew, interval, filter, proxyFor }: OrgAsked,
  { version, ...options }: Asking,
): SystemLog {
  return new SystemLog({
    ...options,
    org: org.url,
    identity,
    ...(identityAnew && { identityAnew }),
    interval,
    userAgent: userAgentOf(version),
    ...(filter !== undefined && { filter }),
    ...proxyOption(proxyFor?.(org.url)),
  });
}

/** Nothing at all where there is none. */
export function proxyOption(proxy: URL | undefined): { readonly proxy?: URL } {
  return proxy === undefined ? {} : { proxy };
}
