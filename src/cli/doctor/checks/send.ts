/** `--send`: one marked event to each route that was named, as `loghook test` sends it, and what came of it. */
import type { PartialConfig } from '../../../config/partial.ts';
import { refuse } from '../../../config/problems.ts';
import type { Route } from '../../../routing/route.ts';
import { userAgentOf } from '../../io.ts';
import { routeNamed } from '../../route-named.ts';
import { sendTest } from '../../test-delivery/send.ts';
import { testEvent } from '../../test-delivery/test-event.ts';
import { type Finding, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';

/** `names` as commander gives them: true for all, absent for none. @throws ConfigError where one is no route's */
export function routesToSend(
  { file, problems }: PartialConfig,
  names: true | readonly string[] | undefined,
): readonly Route[] {
  if (names === undefined) return [];
  if (file === undefined) {
    if (names === true || problems.length > 0) return [];
    return refuse('--send', 'there are no routes');
  }
  const heartbeat = file.heartbeat === undefined ? [] : [file.heartbeat];
  const inForce = [...file.routes.all, ...heartbeat];
  if (names === true) return inForce;
  return names.map((name) => routeNamed([...inForce, ...file.routes.disabled], name, '--send'));
}

export async function checkSending(scene: Scene): Promise<readonly Finding[]> {
  return Promise.all(scene.toSend.map((route) => sent(route, scene)));
}

async function sent(route: Route, { clock, config, io }: Scene): Promise<Finding> {
  const { file, orgUrl, proxyFor = () => undefined } = config;
  const isPing = route === file?.heartbeat;
  const { judgement, outcome } = await sendTest({
    route,
    event: isPing ? undefined : testEvent(route, {}, clock.now()).event,
    clock,
    proxyFor,
    userAgent: userAgentOf(io.version),
    ...(orgUrl !== undefined && { org: orgUrl.host }),
  });
  const what = isPing ? 'a ping' : 'a test event';
  if (outcome.kind === 'delivered') {
    return finding(
      'send-delivered',
      `${route.name}: ${what} was sent and answered ${outcome.status}`,
    );
  }
  const how = outcome.kind === 'unreachable' ? 'could not be sent' : 'was sent';
  const found = `${route.name}: ${what} ${how}: ${outcome.why}; ${judgement.verdict}`;
  return finding('send-failed', found, judgement.next ?? "look at the receiver's own log");
}
