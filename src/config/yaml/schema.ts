/** What loghook.yaml may hold: it is checked with this, and described by this to editors (loghook.schema.json). */
import * as v from 'valibot';
import { orderOf } from '../../routing/order.ts';
import type { Order, SigningSecret } from '../../routing/route.ts';
import {
  date,
  described,
  dottedPath,
  durationBetween,
  expectation,
  maybe,
  numberBetween,
  parsed,
  pattern,
  proxy,
  rate,
  routeName,
  routeUrl,
  secret,
  section,
} from './fields.ts';
import { headers } from './headers.ts';
import { credentialsCheck, orgEntries } from './org-schema.ts';
import { tlsSection } from './tls.ts';

const MOST_SECRETS = 2;
/** They have meanings of their own: 410 waits for a person, 429 slows the route. */
const SETTLED_STATUSES = [410, 429];

const secrets = v.pipe(
  v.union([secret, v.array(v.union([secret, section({ secret, until: date })]))]),
  v.rawTransform(({ dataset, addIssue, NEVER }): readonly SigningSecret[] => {
    const written = Array.isArray(dataset.value) ? dataset.value : [dataset.value];
    const made = written.map(
      (one): SigningSecret => ('secret' in one ? { key: one.secret.key, until: one.until } : one),
    );
    const fault = secretsFault(made);
    if (fault === undefined) return made;
    addIssue({ message: fault });
    return NEVER;
  }),
);

function secretsFault([first, second, ...others]: readonly SigningSecret[]): string | undefined {
  if (first === undefined) return 'it is empty\nwrite a secret, or take the line away';
  if (others.length > 0)
    return `there are more than ${MOST_SECRETS}\nkeep the new one and the one before it`;
  if (first.until !== undefined)
    return 'the first secret has an end date\nput the one that stays first, without until';
  if (second === undefined) return undefined;
  if (second.until === undefined)
    return 'the second secret has no end date\nwrite it as { secret: whsec_…, until: 2027-01-31 }';
  return first.key.equals(second.key) ? 'the two secrets are the same\nkeep one' : undefined;
}

const order = v.pipe(
  v.union([v.picklist(['none', 'key', 'strict']), section({ key: dottedPath })]),
  v.transform((written): Order | undefined => {
    if (written === 'none') return undefined;
    return orderOf(typeof written === 'string' ? written : `key:${written.key}`);
  }),
);

const statuses = v.array(
  v.pipe(
    numberBetween(300, 599),
    v.check(
      (status) => !SETTLED_STATUSES.includes(status),
      '{} has a meaning of its own\n410 holds the route for a person, and 429 slows it: leave it out',
    ),
  ),
);

const retry = v.pipe(
  section({
    schedule: maybe(
      v.pipe(
        v.array(durationBetween('1s', '7d')),
        v.minLength(1, 'it is empty\nwrite waits like [5s, 1m, 10m], or take the line away'),
        v.maxLength(50, 'it holds more than 50 waits\nleave some out'),
      ),
      'The wait before each further try; after the last one the event is a dead letter.',
    ),
    event: maybe(statuses, 'Statuses that judge the event: after its tries it is a dead letter.'),
    route: maybe(statuses, 'Statuses that speak of the route: it is held, and no event is blamed.'),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { event = [], route = [] } = dataset.value;
    const both = event.find((status) => route.includes(status));
    if (both !== undefined)
      addIssue({ message: `${both} stands under event and under route\nkeep one` });
  }),
);

/** What every destination may say, a route or an address for loghook's own news. */
function connection(folder: string) {
  return {
    headers: maybe(headers, `Added to each request. Values may be \${NAME} or \${file:PATH}.`),
    secrets: maybe(
      secrets,
      'Each request is signed with it (Standard Webhooks): whsec_… or, while it changes, [new, { secret: old, until: date }].',
    ),
    publicOnly: maybe(v.boolean(), 'True: private and loopback addresses are refused.'),
    proxy: maybe(proxy, 'URL of a proxy, or none. Without it HTTPS_PROXY and NO_PROXY hold.'),
    tls: maybe(tlsSection(folder), 'How the receiver proves itself, and loghook to it.'),
  };
}

function routeSection(folder: string) {
  return section({
    name: described(routeName, 'What people see and type; its queue goes by it.'),
    match: described(
      v.union([
        pattern,
        v.pipe(v.array(pattern), v.minLength(1, "it is empty\nwrite '.*' for every event")),
      ]),
      "One regex (Go's RE2) or several, found anywhere in the event type: anchor it, '^user\\.session\\.start$'.",
    ),
    url: described(routeUrl, 'Where events are sent. Two routes may have the same URL.'),
    enabled: maybe(v.boolean(), 'False: it wants and sends nothing, and keeps its queue.'),
    method: maybe(v.picklist(['POST', 'PUT', 'PATCH']), 'POST unless said otherwise.'),
    ...connection(folder),
    order: maybe(
      order,
      'none (default): retries block nobody. key: events of one identity (the first target of type User, else the actor) never overtake one another. strict: one after the other. { key: dotted.path }: by a value of the event.',
    ),
    concurrency: maybe(numberBetween(1, 64), 'At most so many requests at once.'),
    rate: maybe(rate, 'At most so many requests in a second, minute or hour: 10/s, 100/m, 1000/h.'),
    retry: maybe(retry, 'When to try again, and whom a status speaks of.'),
    maxAge: maybe(
      durationBetween('1m', '180d'),
      'An older event is not sent any more: it becomes a dead letter, `expired`.',
    ),
    expect: maybe(expectation, 'Alert when fewer events come: 1 per 15m.'),
  });
}

function address(folder: string) {
  return v.union([
    v.pipe(
      routeUrl,
      v.transform((url) => ({ url })),
    ),
    section({
      url: described(routeUrl, 'Where it is sent.'),
      ...connection(folder),
    }),
  ]);
}

/** Relative paths are looked up in `folder`. A file without orgs needs routes. */
export function fileSchema(folder: string, withOrgs: boolean) {
  const { routes, ...entries } = fileEntries(folder);
  return section({ ...entries, routes: withOrgs ? v.exactOptional(routes) : routes });
}

/** As editors see it: routes and orgs may also be maps, name by name. */
export function publishedSchema() {
  const { name: _route, ...unnamed } = routeSection('').entries;
  const routes = (description: string) =>
    maybe(
      v.union([fileEntries('').routes, v.record(v.string(), section(unnamed))]),
      `A list of routes, or a map of them by name${description}.`,
    );
  const { name, ...org } = { ...orgSection('').entries, routes: routes('') };
  return section({
    ...fileEntries(''),
    routes: routes('; with orgs, each org has all of them'),
    orgs: maybe(
      v.union([v.array(section({ name, ...org })), v.record(v.string(), section(org))]),
      'Several orgs in one process: a list of them, or a map by name.',
    ),
  });
}

function routeList(folder: string) {
  return v.pipe(
    v.array(routeSection(folder)),
    v.minLength(1, 'it holds no routes\nwrite one below it: - { name: …, match: …, url: … }'),
  );
}

function fileEntries(folder: string) {
  return {
    $schema: maybe(
      parsed((text) => text),
      'For editors; loghook does not read it.',
    ),
    routes: routeList(folder),
    ...news(folder),
    orgs: maybe(
      v.pipe(
        v.array(
          v.pipe(
            orgSection(folder),
            credentialsCheck<v.InferOutput<ReturnType<typeof orgSection>>>(),
          ),
        ),
        v.minLength(
          1,
          `it holds no orgs\nwrite one below it: - { name: …, url: …, token: \${NAME} }`,
        ),
      ),
      'Several orgs in one process.',
    ),
  };
}

function news(folder: string) {
  return {
    alerts: maybe(
      address(folder),
      "Where loghook's own events go: held routes, gaps, dead letters, silence.",
    ),
    heartbeat: maybe(address(folder), 'Pinged while polling works.'),
  };
}

function orgSection(folder: string) {
  return section({
    ...orgEntries(),
    routes: maybe(routeList(folder), 'Its own.'),
    ...news(folder),
  });
}

export type FileInput = v.InferOutput<ReturnType<typeof fileSchema>>;
export type RouteInput = NonNullable<FileInput['routes']>[number];
export type OrgInput = NonNullable<FileInput['orgs']>[number];
export type AddressInput = NonNullable<FileInput['alerts']>;
