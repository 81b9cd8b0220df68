/** What a run says of itself and of its routes before it begins. No URL is shown, only names. */
import type { Log } from '../../log.ts';
import type { Route } from '../../routing/route.ts';
import type { TailCursor } from '../../state/outbox.ts';
import { shownPath } from '../io.ts';
import { sayNotes } from '../notes.ts';
import { identityFields } from '../words/identity.ts';
import { formatInterval } from '../words/interval.ts';
import { optionWords } from '../words/route-options.ts';
import type { ShownRoute } from '../words/route-tree.ts';
import type { RoutesInForce, SessionOptions } from './session-options.ts';

/** Said at every start: from where, to where, and what a person should know. */
export function announce(
  options: SessionOptions,
  cursor: TailCursor | undefined,
  since: number,
): void {
  const { io, log, org, folder } = options;
  sayNotes(log, [...org.notes, ...(options.notes ?? [])]);
  log.info(
    {
      version: io.version,
      ...hostField(options),
      ...identityFields(options),
      state: shownPath(folder),
      from: new Date(cursor?.readAt ?? since).toISOString(),
      firstStart: cursor === undefined,
      interval: formatInterval(options.interval),
      ...oktaProxy(options),
      ...(options.adminDoor && { admin: options.adminDoor.address }),
      routes: describeRoutes(options),
    },
    'starting',
  );
  shoutInsecure(log, options);
}

/** Each line of a named org has the name as `org`. */
export function hostField({ org, name }: SessionOptions): Readonly<Record<string, string>> {
  return name === undefined ? { org: org.url.host } : { host: org.url.host };
}

/** Host and port, which is all that may be shown of it. */
function oktaProxy({ org, proxyFor }: SessionOptions): { readonly proxy?: string } {
  const proxy = proxyFor?.(org.url);
  return proxy === undefined ? {} : { proxy: proxy.host };
}

/** Whoever stands between could read and change every event. */
export function shoutInsecure(log: Log, { routes, heartbeat }: RoutesInForce): void {
  const all = heartbeat === undefined ? routes.all : [...routes.all, heartbeat];
  for (const { name, tls, url } of all) {
    if (tls?.insecure !== true || url.protocol !== 'https:') continue;
    log.warn({ route: name }, 'INSECURE: the certificate of this receiver is not checked');
  }
}

const TAKES: Readonly<Record<string, string>> = {
  alerts: "(loghook's own news)",
  heartbeat: '(pinged while polling works)',
};

function describeRoute(route: Route): ShownRoute {
  const auth = route.authorization === undefined ? {} : { auth: 'basic' };
  const options = optionWords(route);
  return {
    name: route.name,
    patterns: route.patterns,
    ...(TAKES[route.key] !== undefined && { takes: TAKES[route.key] }),
    ...auth,
    ...(options.length > 0 && { options }),
  };
}

/** All that a person wrote, in force or not. */
export function describeRoutes({ routes, heartbeat }: RoutesInForce): ShownRoute[] {
  const all = [...routes.all, ...routes.disabled, ...(heartbeat === undefined ? [] : [heartbeat])];
  return all.map(describeRoute);
}
