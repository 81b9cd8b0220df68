/** What the schema let through, as routes. */
import type { Destination, Route, RouteOptions } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import type { OrgInFile, RouteFile } from '../route-file.ts';
import { identityOf, type OrgFrom } from './org-schema.ts';
import type { AddressInput, FileInput, OrgInput, RouteInput } from './schema.ts';

/** `from` says of each org where its secret came from. */
export function routeFileOf(file: FileInput, from: readonly OrgFrom[]): RouteFile {
  const { orgs } = file;
  if (orgs === undefined) return inForce(file);
  const named = orgs.flatMap((org, index) => {
    const found = from[index];
    return found === undefined ? [] : [orgOf(org, file, found)];
  });
  return { ...inForce(file), notes: sharedPingNotes(file), orgs: named };
}

/** A heartbeat is there to be missed. */
function sharedPingNotes({ heartbeat, orgs = [] }: FileInput): string[] {
  const sharing = orgs.filter((org) => org.heartbeat === undefined);
  return heartbeat === undefined || sharing.length < 2
    ? []
    : [
        'several orgs ping one `heartbeat`: that one of them is silent shows only if each has its own',
      ];
}

type Said = Pick<FileInput, 'routes' | 'alerts' | 'heartbeat'>;

function inForce({ routes: written = [], ...news }: Said): RouteFile {
  const alerts = news.alerts && newsRoute('alerts', news.alerts);
  const heartbeat = news.heartbeat && newsRoute('heartbeat', news.heartbeat);
  const routes = ownUrls(written).map(([route, ownsUrl]) => routeOf(route, ownsUrl));
  return {
    routes: new Routes(alerts === undefined ? routes : [...routes, alerts]),
    ...(alerts && { alerts }),
    ...(heartbeat && { heartbeat }),
    notes: alerts === undefined ? silentNotes(written) : [],
  };
}

/** The routes of the file are the org's too, and so is where news goes, unless the org says it of itself. */
function orgOf(org: OrgInput, file: FileInput, found: OrgFrom): OrgInFile {
  const { alerts = file.alerts, heartbeat = file.heartbeat } = org;
  const { notes, ...said } = inForce({
    routes: [...(file.routes ?? []), ...(org.routes ?? [])],
    ...(alerts !== undefined && { alerts }),
    ...(heartbeat !== undefined && { heartbeat }),
  });
  const urlNotes = org.url.notes.map((note) => `url of ${org.name}: ${note}`);
  return Object.freeze({
    ...said,
    name: org.name,
    org: { url: org.url.url, notes: [...urlNotes, ...found.notes] },
    orgFrom: found.shownAs,
    ...identityOf(org, found),
    ...(org.filter !== undefined && { filter: org.filter }),
    ...(org.interval !== undefined && { interval: org.interval }),
    notes,
  });
}

function silentNotes(routes: readonly RouteInput[]): string[] {
  const silent = routes.filter(({ expect }) => expect !== undefined);
  return silent.map(({ name }) => `${name} has \`expect\`, but there is no \`alerts\` to tell`);
}

/** Of several routes with one URL the first takes over the queue that the URL has in loghook.csv. */
function ownUrls(routes: readonly RouteInput[]): [RouteInput, boolean][] {
  const seen = new Set<string>();
  return routes.map((route) => {
    const isFirst = !seen.has(route.url.key);
    seen.add(route.url.key);
    return [route, isFirst];
  });
}

function routeOf(input: RouteInput, ownsUrl: boolean): Route {
  const { name, match, url, order, maxAge, retry, ...options } = input;
  return Object.freeze({
    ...connectionOf({ ...options, url }),
    key: `name:${name}`,
    ...(ownsUrl && { formerly: url.key }),
    name,
    patterns: Object.freeze(typeof match === 'string' ? [match] : [...match]),
    ...(options.enabled !== undefined && { enabled: options.enabled }),
    ...(options.method !== undefined && { method: options.method }),
    ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
    ...(options.rate !== undefined && { rate: options.rate }),
    ...(options.expect !== undefined && { expect: options.expect }),
    ...(order !== undefined && { order }),
    ...(maxAge !== undefined && { maxAgeMs: maxAge }),
    ...(retry !== undefined && { retry: retryOf(retry) }),
  });
}

function newsRoute(name: string, input: AddressInput): Route {
  return Object.freeze({ ...connectionOf(input), key: name, name, patterns: Object.freeze([]) });
}

type Connection = Omit<Destination, 'key'> & Omit<RouteOptions, 'enabled'>;

type Linked = Pick<RouteInput, 'url' | 'headers' | 'secrets' | 'publicOnly' | 'proxy' | 'tls'>;

function connectionOf({ url, headers, secrets, publicOnly, proxy, tls }: Linked): Connection {
  const { key: _key, ...destination } = url;
  return {
    ...destination,
    ...(headers !== undefined && { headers }),
    ...(secrets !== undefined && { secrets }),
    ...(publicOnly !== undefined && { publicOnly }),
    ...(proxy !== undefined && { proxy }),
    ...(tls !== undefined && { tls }),
  };
}

function retryOf({ schedule, event, route }: NonNullable<RouteInput['retry']>) {
  return {
    ...(schedule !== undefined && { delaysMs: schedule }),
    ...(event !== undefined && { event }),
    ...(route !== undefined && { route }),
  };
}
