/** What a route's options say, in words for people. No secret is among them: of headers the names, of a proxy the host. */
import { formatDuration } from '../../duration.ts';
import type { Order, Rate, Retry, Route, SigningSecret, Tls } from '../../routing/route.ts';

/** One for each option that is set. */
export function optionWords(route: Route): string[] {
  return [...standingWords(route), ...requestWords(route), ...paceWords(route), ...wayWords(route)];
}

function standingWords({ enabled, tls }: Route): string[] {
  return [
    ...(enabled === false ? ['DISABLED: it wants and sends nothing, its queue is kept'] : []),
    ...(tls?.insecure ? ["INSECURE: the receiver's certificate is not checked"] : []),
  ];
}

function requestWords({ method, headers, secrets }: Route): string[] {
  return [
    ...(method === undefined || method === 'POST' ? [] : [`sent with ${method}`]),
    ...(headers?.length ? [`headers ${headers.map(([name]) => name).join(', ')}`] : []),
    ...(secrets?.length ? [signedWords(secrets)] : []),
  ];
}

function paceWords({ order, concurrency, rate, retry, maxAgeMs, expect }: Route): string[] {
  return [
    ...(order === undefined ? [] : [orderWords(order)]),
    ...(concurrency === undefined ? [] : [`at most ${concurrency} at once`]),
    ...(rate === undefined ? [] : [`at most ${rateWords(rate)}`]),
    ...(retry === undefined ? [] : retryWords(retry)),
    ...(maxAgeMs === undefined
      ? []
      : [`events older than ${formatDuration(maxAgeMs)} are not sent`]),
    ...(expect === undefined ? [] : [`alert when fewer than ${expectWords(expect)}`]),
  ];
}

function wayWords({ publicOnly, proxy, tls }: Route): string[] {
  return [
    ...(publicOnly ? ['public addresses only'] : []),
    ...(proxy === undefined ? [] : [proxy === 'none' ? 'no proxy' : `through ${proxy.host}`]),
    ...(tls === undefined ? [] : tlsWords(tls)),
  ];
}

function signedWords(secrets: readonly SigningSecret[]): string {
  const until = secrets.find((secret) => secret.until !== undefined)?.until;
  if (until === undefined) return 'signed with 1 secret';
  return `signed with ${secrets.length} secrets (the old one until ${isoMinute(until)})`;
}

function isoMinute(at: number): string {
  return new Date(at).toISOString().replace(/:00\.000Z$/, 'Z');
}

function orderWords({ by }: Order): string {
  if (by === 'strict') return 'in strict order, one after the other';
  const path = by.replace(/^key:?/, '');
  return `in order by ${path === '' ? 'user (first target of type User, else the actor)' : path}`;
}

/** `10/s`, as it is written in the routes. */
export function rateWords({ count, perMs }: Rate): string {
  return `${count}/${formatDuration(perMs).replace(/^1/, '')}`;
}

function expectWords({ count, perMs }: Rate): string {
  return `${count} ${count === 1 ? 'event' : 'events'} in ${formatDuration(perMs)}`;
}

function retryWords({ delaysMs, event, route }: Retry): string[] {
  return [
    ...(delaysMs?.length ? [`tries again after ${delaysMs.map(formatDuration).join(', ')}`] : []),
    ...(event?.length
      ? [`${event.join(', ')} ${event.length === 1 ? 'judges' : 'judge'} the event`]
      : []),
    ...(route?.length
      ? [`${route.join(', ')} ${route.length === 1 ? 'holds' : 'hold'} the route`]
      : []),
  ];
}

function tlsWords({ ca, cert, servername }: Tls): string[] {
  return [
    ...(ca === undefined ? [] : ['its own certificate authority']),
    ...(cert === undefined ? [] : ['with a client certificate']),
    ...(servername === undefined ? [] : [`certificate for ${servername}`]),
  ];
}
