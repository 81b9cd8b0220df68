/** What loghook would do after this attempt, by the rule of delivery/whose-trouble.ts, and what a person can do. */
import { scheduleOf } from '../../delivery/lanes/schedule.ts';
import type { Failure, Outcome } from '../../delivery/outcome.ts';
import type { Route } from '../../routing/route.ts';
import { duration } from '../words/time.ts';

export interface Judgement {
  readonly delivered: boolean;
  readonly verdict: string;
  readonly next?: string;
}

type Ended = Exclude<Outcome, { kind: 'cut' }>;

export function judgementOf(outcome: Ended, route: Route): Judgement {
  if (outcome.kind === 'delivered') return { delivered: true, verdict: 'delivered' };
  return failed(outcome, `${failureWords(outcome, route)}${orderWords(route)}`);
}

/** Of the heartbeat, which is no route. */
export function pingJudgement(outcome: Ended): Judgement {
  if (outcome.kind === 'delivered') return { delivered: true, verdict: 'the ping was taken' };
  const words = 'the ping was lost: nothing waits for it, and the next goes a minute later';
  return failed(outcome, words);
}

function failed(failure: Failure, verdict: string): Judgement {
  const next = nextStep(failure);
  return { delivered: false, verdict, ...(next !== undefined && { next }) };
}

function orderWords({ order }: Route): string {
  if (order === undefined) return '';
  const others = order.by === 'strict' ? 'all events behind it' : 'later events of the same key';
  return `; ${others} would wait for it`;
}

function failureWords(failure: Failure, route: Route): string {
  const { kind, retryAfterMs, spares } = failure;
  if (kind === 'throttled') {
    const pause = retryAfterMs === undefined ? 'a second or more' : duration(retryAfterMs);
    return `not now: the route would be slowed for ${pause} and go on by itself; no try is spent`;
  }
  if (kind === 'gone') {
    return 'gone: the event would be tried again; five such answers in a row would hold the route until a person puts its URL right';
  }
  if (kind === 'unreachable') {
    return `${blockedWords(failure)}: two such attempts would hold the route; probes follow 5 s to 15 min apart, and the first success sets it flowing. No event spends a try`;
  }
  const after = retryAfterMs === undefined ? '' : `, not before ${duration(retryAfterMs)}`;
  if (spares === true) {
    return `not delivered: the event would be tried again${after}; this route never holds ${failure.status} against an event`;
  }
  return `not delivered: ${triesWords(failure, route)}${after}; if nothing gets through at all, the route would be held and no event dies`;
}

/** What stood in the way before the receiver had a say. */
function blockedWords({ why }: Failure): string {
  if (isProxys(why)) return 'the proxy stood in the way';
  return isRefusedAddress(why) ? 'blocked by the address rule, nothing was sent' : 'not reached';
}

function triesWords({ kind }: Failure, { retry }: Route): string {
  const schedule = scheduleOf(retry?.delaysMs);
  const delays = kind === 'verdict' ? schedule.verdict : schedule.failure;
  const [first] = delays;
  const tries = delays.length + 1;
  if (first === undefined) return 'the event would be a dead letter after one more try';
  const allMs = delays.reduce((sum, ms) => sum + ms, 0);
  return `the event would be tried again after ${duration(first)}, and be a dead letter after ${tries} tries in about ${duration(allMs)} while others get through`;
}

/** What chat and paging services say to Okta's JSON. */
const OTHER_JSON =
  'look at what the receiver says is wrong; if it wants JSON of its own, as Slack does, put a relay before it (docs/receivers.md)';

const BY_STATUS: Readonly<Record<number, string>> = {
  400: OTHER_JSON,
  401: 'check the key or password that the route sends',
  403: 'check the key or password that the route sends, and whether a firewall stands between',
  404: 'check the path of the URL',
  405: "check the route's method",
  407: 'check the user and password of the proxy',
  410: 'ask the receiver for its new URL',
  413: 'the receiver takes no body of this size: raise its limit',
  415: 'the receiver wants another content-type: set one under headers',
  422: OTHER_JSON,
  429: "lower the route's rate, or raise the receiver's limit",
};

const BY_REASON: readonly (readonly [reason: RegExp, next: string])[] = [
  [/^the proxy /, 'check `proxy`, HTTPS_PROXY and NO_PROXY'],
  [/ECONNREFUSED/, 'is the receiver running, and is the port right?'],
  [/ENOTFOUND|EAI_AGAIN/, 'check the host name in the URL'],
  [/certificate/, 'check the certificate, or name its issuer with `tls.ca`'],
  [/no TLS there/, 'write http:// in the URL, or turn TLS on'],
  [/no connection .*within|unreachable|ETIMEDOUT/, 'check the address, and firewalls on the way'],
  [/no answer within/, 'let the receiver answer first and work afterwards'],
];

function nextStep(failure: Failure): string | undefined {
  const { status, why } = failure;
  if (status === undefined) {
    if (isRefusedAddress(why)) return 'name another host, or drop `publicOnly` if it is private';
    return BY_REASON.find(([reason]) => reason.test(why))?.[1];
  }
  if (status >= 300 && status < 400) return 'put the URL that it redirects to into the routes';
  return BY_STATUS[status] ?? (status >= 500 ? "look at the receiver's own log" : undefined);
}

function isProxys(why: string): boolean {
  return why.startsWith('the proxy ');
}

function isRefusedAddress(why: string): boolean {
  return / is (never connected to|refused) \(/.test(why);
}
