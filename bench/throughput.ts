/** Events a second, measured by the receiver from its first request to its last. */
import { Helper, type RoutesText, startLoghook } from './children.ts';

export interface Speed {
  readonly perSecond: number;
}

/** What leads to the ports of the receivers. */
export type RoutesTo = (urls: readonly string[]) => RoutesText;

/** One line of loghook.csv. */
export const plain: RoutesTo = ([url]) => `.*,${url}\n`;

/** The same from loghook.yaml, with a signature at each attempt. */
export const signed: RoutesTo = ([url]) => ({
  routes: [
    {
      name: 'signed',
      match: '.*',
      url,
      secrets: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`],
    },
  ],
});

const oneEach: RoutesTo = (urls) => urls.map((url) => `.*,${url}\n`).join('');

/** The real daemon: it reads COUNT events from a practice org while it delivers them to one receiver. */
export function loghookSpeed(count: number, delayMs: number, routes = plain): Promise<Speed> {
  return speedWith(new Helper('sink', delayMs, count), { count, events: count, routes });
}

/** The same to many receivers, each with a route. The pace is that of all but the last, which may be dead. */
export function manySpeed(
  events: number,
  receivers: number,
  last: 'well' | 'dead',
): Promise<Speed> {
  const count = events * (receivers - 1);
  const sink = new Helper('sink', 20, count, receivers, last);
  return speedWith(sink, { count, events, routes: oneEach });
}

async function speedWith(
  sink: Helper,
  {
    count,
    events,
    routes,
  }: { readonly count: number; readonly events: number; readonly routes: RoutesTo },
): Promise<Speed> {
  const org = new Helper('org', events);
  const { url, token } = await org.next();
  const { ports } = await sink.next();
  const urls = (Array.isArray(ports) ? ports : []).map((port) => `http://127.0.0.1:${port}/`);
  const loghook = await startLoghook({ url: String(url), token: String(token) }, routes(urls));
  const speed = await speedOf(sink, count);
  await loghook.stop();
  await Promise.all([org.stop(), sink.stop()]);
  return speed;
}

/** The bare loop: the same bodies, IN_FLIGHT at a time, nothing remembered. */
export async function bareSpeed(count: number, delayMs: number, inFlight: number): Promise<Speed> {
  const sink = new Helper('sink', delayMs, count);
  const { ports } = await sink.next();
  const bare = new Helper('bare', Number(Object(ports)[0]), count, inFlight);
  const speed = await speedOf(sink, count);
  await bare.ended();
  await sink.stop();
  return speed;
}

async function speedOf(sink: Helper, count: number): Promise<Speed> {
  const { ms } = await sink.next();
  return { perSecond: (count / Number(ms)) * 1000 };
}
