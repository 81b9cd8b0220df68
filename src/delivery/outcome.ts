/**
 * What an attempt ended in. A 500 is not an exception: every way a request can end is a value here, and only the
 * status line decides, so a body that breaks after a 2xx changes nothing.
 */
import type { Fault } from './fault.ts';

/** What came back over the wire, before anyone judges it. Durations in ms. */
export type Answer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly ms: number;
      readonly retryAfterMs?: number;
      readonly trace?: AttemptTrace;
    }
  /** No connection: the receiver cannot have seen the event. */
  | {
      readonly kind: 'unreachable';
      readonly why: string;
      readonly ms: number;
      readonly fault?: Fault;
      readonly trace?: AttemptTrace;
    }
  /** Sent, and no status line came back: the receiver may or may not have the event. */
  | {
      readonly kind: 'unanswered';
      readonly why: string;
      readonly ms: number;
      readonly timedOut: boolean;
      readonly fault?: Fault;
      readonly trace?: AttemptTrace;
    }
  /** Cut by our own stop: it says nothing about the receiver. */
  | { readonly kind: 'cut' };

/** What an attempt was like on the wire, for people. Durations in ms; absent where it did not come to that. */
export interface AttemptTrace {
  /** Absent when the connection was open already. */
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  /** From the request on the wire to the status line. */
  readonly firstByteMs?: number;
  /** `head` grows as the body comes, to its first 200 bytes; nothing waits for it. It shows no secret of the route. */
  readonly answer?: { readonly head: Buffer };
}

export type Outcome =
  | {
      readonly kind: 'delivered';
      readonly status: number;
      readonly ms: number;
      readonly trace?: AttemptTrace;
    }
  | Failure
  | { readonly kind: 'cut' };

/** Of an attempt that was not cut. */
export type Made = Exclude<Outcome, { readonly kind: 'cut' }>;

export interface Failure {
  /**
   * `verdict`: the receiver judged the request (400, 422 …). `gone`: 410. `throttled`: 429. `unreachable`: no
   * connection. `failed`: everything else.
   */
  readonly kind: 'verdict' | 'gone' | 'throttled' | 'unreachable' | 'failed';
  readonly why: string;
  readonly ms: number;
  readonly status?: number;
  /** The receiver asked for a pause this long. */
  readonly retryAfterMs?: number;
  /** A sign of overload: 429, 503 or a time-out. */
  readonly congested: boolean;
  /** What failed, where no status came back. */
  readonly fault?: Fault;
  /** The route says that this status is never the event's fault. */
  readonly spares?: boolean;
  readonly trace?: AttemptTrace;
}

/** What a route says of statuses, before the usual reading. */
export interface StatusRules {
  /** These judge the event. */
  readonly event?: readonly number[];
  /** These are never held against an event. */
  readonly route?: readonly number[];
}

/** Statuses that judge the request rather than report trouble (RFC 9110 section 15.5). */
const VERDICTS: ReadonlySet<number> = new Set([
  400, 404, 405, 406, 409, 411, 413, 414, 415, 422, 501, 505,
]);

const WORDS: Readonly<Record<number, string>> = {
  301: 'moved permanently',
  302: 'redirected',
  303: 'redirected',
  307: 'redirected',
  308: 'moved permanently',
  400: 'bad request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not found',
  405: 'method not allowed',
  407: 'proxy authentication required',
  408: 'request timeout',
  410: 'gone',
  413: 'content too large',
  415: 'unsupported media type',
  422: 'unprocessable content',
  429: 'too many requests',
  500: 'internal server error',
  502: 'bad gateway',
  503: 'service unavailable',
  504: 'gateway timeout',
};

export function outcomeOf(answer: Answer, rules: StatusRules = {}): Outcome {
  if (answer.kind === 'cut') return answer;
  const { ms } = answer;
  const trace = answer.trace === undefined ? {} : { trace: answer.trace };
  if (answer.kind !== 'answered') {
    const { why, fault } = answer;
    const more = { ...(fault !== undefined && { fault }), ...trace };
    return answer.kind === 'unreachable'
      ? { kind: 'unreachable', why, ms, congested: false, ...more }
      : { kind: 'failed', why, ms, congested: answer.timedOut, ...more };
  }
  const { status, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered', status, ms, ...trace };
  const kind = failureKind(status, rules);
  const spares = kind !== 'verdict' && rules.route?.includes(status) === true;
  return {
    kind,
    why: describeStatus(status),
    status,
    ms,
    congested: status === 429 || status === 503,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(spares && { spares }),
    ...trace,
  };
}

function failureKind(status: number, { event = [], route = [] }: StatusRules): Failure['kind'] {
  if (event.includes(status)) return 'verdict';
  if (route.includes(status) && VERDICTS.has(status)) return 'failed';
  if (status === 429) return 'throttled';
  if (status === 410) return 'gone';
  return VERDICTS.has(status) ? 'verdict' : 'failed';
}

function describeStatus(status: number): string {
  const words = WORDS[status];
  const redirected = status >= 300 && status < 400;
  const hint = redirected ? ', redirects are not followed: put the new URL in the routes' : '';
  return words === undefined ? `${status}${hint}` : `${status} ${words}${hint}`;
}
