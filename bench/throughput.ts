/** Events a second, measured by the receiver from its first request to its last. */
import { readFileSync } from 'node:fs';
import { Helper, type RoutesText, startLoghook } from './children.ts';
import { freePort, scrapeAsItWorks } from './scraper.ts';

export interface Speed {
  readonly perSecond: number;
}

export interface DaemonSpeed extends Speed {
  /** Processor time that the daemon took from the first event to the last, ms. */
  readonly cpuMs: number;
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
export function loghookSpeed(count: number, delayMs: number, routes = plain): Promise<DaemonSpeed> {
  return speedWith(new Helper('sink', delayMs, count), { count, events: count, routes });
}

/** The same, while its admin server is scraped once for each second of its work. */
export async function scrapedSpeed(count: number, delayMs: number): Promise<DaemonSpeed> {
  const adminPort = await freePort();
  const sink = new Helper('sink', delayMs, count);
  return speedWith(sink, { count, events: count, routes: plain, adminPort });
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
    adminPort,
  }: {
    readonly count: number;
    readonly events: number;
    readonly routes: RoutesTo;
    readonly adminPort?: number;
  },
): Promise<DaemonSpeed> {
  const org = new Helper('org', events);
  const { url, token } = await org.next();
  const { ports } = await sink.next();
  const urls = (Array.isArray(ports) ? ports : []).map((port) => `http://127.0.0.1:${port}/`);
  const okta = { url: String(url), token: String(token) };
  const settings = adminPort === undefined ? {} : { LOGHOOK_ADMIN: `127.0.0.1:${adminPort}` };
  const loghook = await startLoghook(okta, routes(urls), settings);
  await sink.next(); // the first event has come: what it took to start does not count
  const worked = () => cpuMs(loghook.pid);
  const atFirstMs = worked();
  const enough = new AbortController();
  const scraping = adminPort && scrapeAsItWorks(adminPort, worked, enough.signal);
  const perSecond = await speedOf(sink, count);
  const speed = { perSecond, cpuMs: worked() - atFirstMs };
  enough.abort();
  if (scraping && (await scraping) < 2) throw new Error('it was not scraped');
  await loghook.stop();
  await Promise.all([org.stop(), sink.stop()]);
  return speed;
}

/** The bare loop: the same bodies, IN_FLIGHT at a time, nothing remembered. */
export async function bareSpeed(count: number, delayMs: number, inFlight: number): Promise<Speed> {
  const sink = new Helper('sink', delayMs, count);
  const { ports } = await sink.next();
  const bare = new Helper('bare', Number(Object(ports)[0]), count, inFlight);
  await sink.next();
  const perSecond = await speedOf(sink, count);
  await bare.ended();
  await sink.stop();
  return { perSecond };
}

async function speedOf(sink: Helper, count: number): Promise<number> {
  const { ms } = await sink.next();
  return (count / Number(ms)) * 1000;
}

/** User and system time, from /proc/PID/stat: fields 14 and 15, in ticks of 10 ms (proc(5)). */
function cpuMs(pid: number): number {
  const [, after = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
  const [user, system] = after.split(' ').slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}
