/** Sends the one request of a test down the way that the route's deliveries go: the same request, sender and address guard. */
import type { Clock } from '../../clock.ts';
import type { ProxyFor } from '../../config/proxy.ts';
import { type Request, Sender } from '../../delivery/attempt.ts';
import { type AttemptTrace, type Outcome, outcomeOf } from '../../delivery/outcome.ts';
import { RouteRequests } from '../../delivery/route-requests.ts';
import type { LogEvent } from '../../event.ts';
import { raw } from '../../formats/raw.ts';
import type { Route } from '../../routing/route.ts';
import { pingRequest } from '../run/telling.ts';
import type { Tested } from './report.ts';
import { headerMap, shownRequest } from './shown-request.ts';
import { signatureOn } from './signature-words.ts';
import { judgementOf, pingJudgement } from './verdict-words.ts';

interface Plan {
  readonly route: Route;
  /** None: it is the heartbeat that is tested. */
  readonly event: LogEvent | undefined;
  readonly clock: Clock;
  readonly proxyFor: ProxyFor;
  readonly userAgent: string;
  /** The host of the org that it is sent for, if there is one. */
  readonly org?: string;
}

/** Sends it once, as the first attempt of a delivery would go, and reads what came back. */
export async function sendTest(plan: Plan): Promise<Omit<Tested, 'notes'>> {
  const { route, event, clock, proxyFor } = plan;
  const now = clock.now();
  const request = requestOf(plan, now);
  const sender = new Sender(clock, { proxyFor });
  try {
    const outcome = uncut(outcomeOf(await sender.send(request), route.retry));
    const head = await headOf(outcome.trace, clock);
    const headers = headerMap(request.headers);
    return {
      route,
      event,
      request: shownRequest(request, route),
      signature: signatureOn({ headers, body: request.body }, route.secrets ?? [], now),
      outcome,
      head: head.toString(),
      judgement: event === undefined ? pingJudgement(outcome) : judgementOf(outcome, route),
    };
  } finally {
    await sender.close();
  }
}

function requestOf(plan: Plan, now: number): Request {
  const { route, event } = plan;
  if (event !== undefined) {
    const delivery = { event, attempts: 0, test: true };
    return new RouteRequests(route, raw, plan).of(delivery, now);
  }
  const ping = pingRequest(route, plan);
  return { ...ping, headers: [...ping.headers, 'loghook-test', 'true'] };
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
