/** Joins what tells people of trouble to the rooms that it needs: the outbox, and the sender for the heartbeat. */
import { hostname } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Sender } from '../delivery/attempt.ts';
import { targetOf } from '../delivery/lane.ts';
import { outcomeOf } from '../delivery/outcome.ts';
import type { Log } from '../log.ts';
import type { Trouble, TroubleKind } from '../okta/trouble.ts';
import type { Route } from '../routing/route.ts';
import type { Outbox } from '../state/outbox.ts';
import { Heartbeat, type Ping } from '../status/heartbeat.ts';
import type { OktaTrouble } from '../status/okta-watch.ts';
import { ALERTS_KEY, Telling, type TellingMemory } from '../status/telling.ts';

export interface TellingParts {
  readonly version: string;
  /** The org's host. */
  readonly org: string;
  readonly userAgent: string;
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly log: Log;
  /** What is pinged while polling works. */
  readonly heartbeat?: Route;
}

export function openTelling(parts: TellingParts): Telling {
  const { version, org, outbox, clock, log, heartbeat } = parts;
  const ping = heartbeat === undefined ? undefined : pingOf(heartbeat, parts);
  return new Telling({
    from: { version, org, host: hostname() },
    memory: memoryOf(outbox),
    clock,
    log,
    ...(ping === undefined ? {} : { heartbeat: new Heartbeat(ping, clock, log) }),
  });
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
      const committed = await outbox.commit({ events }, wants, signal);
      return committed?.owed.map(({ event }) => event) ?? [];
    },
    knows: (eventId) => outbox.knows(eventId),
    routeState: (key) => outbox.routeState(key),
    trouble: () => outbox.trouble(),
    saveSilence: (key, since) => outbox.saveSilence(key, since),
    silentSince: (key) => outbox.silentSince(key),
  };
}

function pingOf(heartbeat: Route, { sender, userAgent }: TellingParts): Ping {
  const { url, authorization, method = 'GET', headers = [] } = heartbeat;
  const auth = authorization === undefined ? [] : ['authorization', authorization];
  const request = {
    target: targetOf(heartbeat),
    method,
    path: `${url.pathname}${url.search}`,
    headers: ['user-agent', userAgent, ...auth, ...headers.flat()],
    body: Buffer.alloc(0),
  };
  return async () => {
    const outcome = outcomeOf(await sender.send(request));
    if (outcome.kind === 'cut') return undefined;
    return outcome.kind === 'delivered' ? {} : { failed: outcome.why };
  };
}
