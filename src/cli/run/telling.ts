/** Joins what tells people of trouble to the rooms that it needs: the outbox, and the sender for the heartbeat. */
import { hostname } from 'node:os';
import type { Clock } from '../../clock.ts';
import type { Request, Sender } from '../../delivery/attempt.ts';
import { targetOf } from '../../delivery/destination.ts';
import { outcomeOf } from '../../delivery/outcome.ts';
import { redactionOf } from '../../delivery/redaction.ts';
import { isReservedHeader, type Sending } from '../../delivery/route-headers.ts';
import type { Log } from '../../log.ts';
import type { Trouble, TroubleKind } from '../../okta/trouble/trouble.ts';
import type { Route } from '../../routing/route.ts';
import type { Outbox } from '../../state/outbox.ts';
import { Heartbeat, type Ping } from '../../status/telling/heartbeat.ts';
import type { OktaTrouble } from '../../status/telling/okta-watch.ts';
import { ALERTS_KEY, Telling, type TellingMemory } from '../../status/telling/telling.ts';

export interface TellingParts {
  readonly version: string;
  /** The org's host. */
  readonly org: string;
  readonly userAgent: string;
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly log: Log;
}

export function openTelling(parts: TellingParts, heartbeat: Route | undefined): Telling {
  const { version, org, outbox, clock, log } = parts;
  const from = { version, org, host: hostname() };
  const telling = new Telling({ from, memory: memoryOf(outbox), clock, log });
  telling.heartbeat = heartbeatOf(heartbeat, parts);
  return telling;
}

/** What is pinged while polling works. */
export function heartbeatOf(route: Route | undefined, parts: TellingParts): Heartbeat | undefined {
  if (route === undefined) return undefined;
  return new Heartbeat(pingOf(route, parts), parts.clock, parts.log);
}

/** Troubles that a person has to end: Okta's no, and our own to a link that leads elsewhere. */
const REFUSALS: ReadonlySet<TroubleKind> = new Set(['credentials', 'request', 'foreign-link']);

export function inShort({ kind, message, hint }: Trouble): OktaTrouble {
  return { isRefusal: REFUSALS.has(kind), why: message, hint };
}

const ALERTS = { key: ALERTS_KEY, name: ALERTS_KEY };

function memoryOf(outbox: Outbox): TellingMemory {
  return {
    owe: async (events, signal) => {
      const wants = { wantedBy: () => [ALERTS] };
      const committed = await outbox.commit({ events, source: 'news' }, wants, signal);
      return committed?.owed.map(({ event }) => event) ?? [];
    },
    knows: (eventId) => outbox.knows(eventId),
    routeState: (key) => outbox.routeState(key),
    trouble: () => outbox.trouble(),
    saveSilence: (key, since) => outbox.saveSilence(key, since),
    silentSince: (key) => outbox.silentSince(key),
  };
}

/** A ping carries no event. */
export function pingRequest(heartbeat: Route, sending: Sending): Request {
  const { url, method = 'GET' } = heartbeat;
  return {
    target: targetOf(heartbeat),
    method,
    path: `${url.pathname}${url.search}`,
    headers: headersOf(heartbeat, sending),
    body: Buffer.alloc(0),
    redaction: redactionOf(heartbeat),
  };
}

function pingOf(heartbeat: Route, parts: TellingParts): Ping {
  const { sender } = parts;
  const request = pingRequest(heartbeat, parts);
  return async () => {
    const outcome = outcomeOf(await sender.send(request));
    if (outcome.kind === 'cut') return undefined;
    return outcome.kind === 'delivered' ? {} : { failed: outcome.why };
  };
}

function headersOf({ authorization, headers = [] }: Route, { userAgent, org }: Sending): string[] {
  const written = headers.filter(([name]) => !isReservedHeader(name));
  const all = new Map([
    ['user-agent', userAgent],
    ...(org === undefined ? [] : [['loghook-org', org] as const]),
    ...(authorization === undefined ? [] : [['authorization', authorization] as const]),
    ...written.map(([name, value]) => [name.toLowerCase(), value] as const),
  ]);
  return [...all].flat();
}
