/**
 * `loghook test`: one marked event down the way that the route's deliveries go, and what loghook would make of the
 * answer. It opens no state and asks Okta nothing, so it changes nothing and needs no credentials of Okta's.
 */
import { resolve } from 'node:path';
import { type Clock, SystemClock } from '../clock.ts';
import { readEnvironment } from '../config/environment.ts';
import { readAll } from '../config/problems.ts';
import { type ProxyFor, proxySettings } from '../config/proxy.ts';
import { findRouteFile, type RouteFile, routeFileReader } from '../config/route-file.ts';
import { Sender } from '../delivery/attempt.ts';
import { type AttemptTrace, type Outcome, outcomeOf } from '../delivery/outcome.ts';
import { RouteRequests } from '../delivery/route-requests.ts';
import type { LogEvent } from '../event.ts';
import { raw } from '../formats/raw.ts';
import type { Route } from '../routing/route.ts';
import { chooseRoute } from './chosen-route.ts';
import { EXIT } from './exit.ts';
import { type Io, userAgentOf } from './io.ts';
import { type Tested, testDocument, testLines } from './test-delivery/report.ts';
import { secretsOf, withoutSecrets } from './test-delivery/secrets.ts';
import { headerMap, shownRequest } from './test-delivery/shown-request.ts';
import { signatureOn } from './test-delivery/signature-words.ts';
import { type EventFlags, testEvent } from './test-delivery/test-event.ts';
import { judgementOf } from './test-delivery/verdict-words.ts';
import { printableLines, writeJson } from './words.ts';

export interface TestFlags extends EventFlags {
  readonly config?: string;
  readonly json?: boolean;
}

export async function testRoute(name: string, flags: TestFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const readRoutes = await routeFileReader(findRouteFile(flags.config, io.cwd));
  const environment = readEnvironment(io.env, io.cwd);
  const { file, proxyFor } = readAll({
    file: () => readRoutes(environment),
    proxyFor: () => proxySettings(environment),
  });
  const route = chooseRoute(testable(file), name, 'test');
  const path = flags.event === undefined ? {} : { event: resolve(io.cwd, flags.event) };
  const { event, notes } = testEvent(route, { ...flags, ...path }, clock.now());
  const tested = await send({ route, event, clock, proxyFor, userAgent: userAgentOf(io.version) });
  const whole: Tested = { ...tested, notes: [...routeNotes(route, proxyFor), ...notes] };
  if (flags.json === true) writeJson(io.stdout, testDocument(whole), 2);
  else for (const line of testLines(whole)) io.stdout.write(`${printableLines(line)}\n`);
  return whole.judgement.delivered ? EXIT.asAsked : EXIT.notDelivered;
}

/** Disabled ones too, and where loghook's own events go. */
function testable({ routes, heartbeat }: RouteFile): readonly Route[] {
  return [...routes.all, ...routes.disabled, ...(heartbeat === undefined ? [] : [heartbeat])];
}

function routeNotes(route: Route, proxyFor: ProxyFor): string[] {
  const proxy = route.proxy ?? proxyFor(route.url) ?? 'none';
  return [
    ...(route.enabled === false ? ['the route is disabled: loghook would send it nothing'] : []),
    ...(route.tls?.insecure === true ? ["the receiver's certificate is NOT checked"] : []),
    ...(proxy === 'none' ? [] : [`through the proxy ${proxy.host}`]),
  ];
}

interface Plan {
  readonly route: Route;
  readonly event: LogEvent;
  readonly clock: Clock;
  readonly proxyFor: ProxyFor;
  readonly userAgent: string;
}

async function send({
  route,
  event,
  clock,
  proxyFor,
  userAgent,
}: Plan): Promise<Omit<Tested, 'notes'>> {
  const now = clock.now();
  const delivery = { event, attempts: 0, test: true };
  const request = new RouteRequests(route, raw, userAgent).of(delivery, now);
  const sender = new Sender(clock, { proxyFor });
  try {
    const outcome = uncut(outcomeOf(await sender.send(request), route.retry));
    const head = await headOf(outcome.trace, clock);
    return {
      route,
      event,
      request: shownRequest(request, route),
      signature: signatureOn(
        { headers: headerMap(request.headers), body: request.body },
        route.secrets ?? [],
        now,
      ),
      outcome,
      head: withoutSecrets(head.toString(), secretsOf(route)),
      judgement: judgementOf(outcome, route),
    };
  } finally {
    await sender.close();
  }
}

/** Only a sender that is closed cuts, and this one is closed behind its answer. */
function uncut(outcome: Outcome): Tested['outcome'] {
  if (outcome.kind === 'cut') throw new Error('the test was cut short by nobody');
  return outcome;
}

const HEAD_BYTES = 200;
const LOOK_EVERY_MS = 50;
const LONGEST_LOOKS = 20;

/** The body's first bytes. They come behind the status line, and nothing says when there are no more. */
async function headOf(trace: AttemptTrace | undefined, clock: Clock): Promise<Buffer> {
  const answer = trace?.answer;
  if (answer === undefined) return Buffer.alloc(0);
  for (let look = 0; look < LONGEST_LOOKS; look += 1) {
    const before = answer.head.length;
    if (before >= HEAD_BYTES) break;
    await clock.sleep(LOOK_EVERY_MS);
    if (look > 1 && answer.head.length === before) break;
  }
  return answer.head;
}
