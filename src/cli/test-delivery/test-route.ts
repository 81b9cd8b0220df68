/**
 * `loghook test`: one marked event down the way that the route's deliveries go, and what loghook would make of the
 * answer. It opens no state and asks Okta nothing, so it changes nothing and needs no credentials of Okta's.
 */
import { resolve } from 'node:path';
import { SystemClock } from '../../clock.ts';
import { readEnvironment } from '../../config/environment.ts';
import { orgHostIn } from '../../config/identity/org-settings.ts';
import { chooseOrg } from '../../config/orgs.ts';
import { readAll } from '../../config/problems.ts';
import { type ProxyFor, proxySettings } from '../../config/proxy.ts';
import { findRouteFile, type RouteFile, routeFileReader } from '../../config/route-file.ts';
import type { Route } from '../../routing/route.ts';
import { EXIT } from '../exit.ts';
import { type Io, userAgentOf } from '../io.ts';
import { routeNamed } from '../route-named.ts';
import { printableLines, writeJson } from '../terminal/print.ts';
import { type Tested, testDocument, testLines } from './report.ts';
import { sendTest } from './send.ts';
import { type EventFlags, refuseEvent, testEvent } from './test-event.ts';

interface TestFlags extends EventFlags {
  readonly config?: string;
  readonly org?: string;
  readonly json?: boolean;
}

export async function testRoute(name: string, flags: TestFlags, io: Io): Promise<number> {
  const clock = new SystemClock();
  const readRoutes = await routeFileReader(findRouteFile(flags.config, io.cwd));
  const environment = readEnvironment(io.env, io.cwd);
  const read = readAll({
    file: () => readRoutes(environment),
    org: () => orgHostIn(environment),
    proxyFor: () => proxySettings(environment),
  });
  const { proxyFor } = read;
  const { file, org } = ofOneOrg(read, flags.org);
  const route = routeNamed(testable(file), name, 'test');
  const path = flags.event === undefined ? {} : { event: resolve(io.cwd, flags.event) };
  const isPing = route === file.heartbeat;
  if (isPing) refuseEvent(flags);
  const { event, notes } = isPing
    ? { event: undefined, notes: [] }
    : testEvent(route, { ...flags, ...path }, clock.now());
  const userAgent = userAgentOf(io.version);
  const plan = { route, event, clock, proxyFor, userAgent, ...(org !== undefined && { org }) };
  const tested = await sendTest(plan);
  const whole: Tested = {
    ...tested,
    notes: [...file.notes, ...routeNotes(route, proxyFor), ...notes],
  };
  if (flags.json === true) writeJson(io.stdout, testDocument(whole), 2);
  else for (const line of testLines(whole)) io.stdout.write(`${printableLines(line)}\n`);
  return whole.judgement.delivered ? EXIT.asAsked : EXIT.notDelivered;
}

/** Its host is what requests say: the file's orgs go before the one in the environment. @throws ConfigError */
function ofOneOrg(
  { file, org }: { readonly file: RouteFile; readonly org: string | undefined },
  written: string | undefined,
): { readonly file: Omit<RouteFile, 'orgs'>; readonly org: string | undefined } {
  if (file.orgs === undefined) {
    if (written !== undefined) chooseOrg(org === undefined ? [] : [{ host: org }], written);
    return { file, org };
  }
  const named = file.orgs.map((one) => ({ name: one.name, host: one.org.url.host, one }));
  const { one, host } = chooseOrg(named, written);
  return { file: one, org: host };
}

/** Disabled ones too, and where loghook tells people of itself. */
function testable({ routes, heartbeat }: Omit<RouteFile, 'orgs'>): readonly Route[] {
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
