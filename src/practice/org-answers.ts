/** What the practice org puts around a page, a refusal or a token, and what a fault makes of it. */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { codeOfStatus, type ErrorCode, errorBody } from './error-body.ts';
import { type Fault, LOGIN_PAGE } from './faults.ts';
import { type LogsPage, linkHeader, staleLink } from './logs-page.ts';
import type { RateBucket, RateState } from './rate-bucket.ts';
import type { Reply } from './reply.ts';

/** Links are those of a page of the log. */
export type RightAnswer = Reply & Pick<LogsPage, 'links'>;

export class OrgAnswers {
  readonly #clock: Clock;
  readonly #bucket: RateBucket;
  readonly #joinLinks: boolean;

  constructor(clock: Clock, bucket: RateBucket, joinLinks: boolean) {
    this.#clock = clock;
    this.#bucket = bucket;
    this.#joinLinks = joinLinks;
  }

  error(status: number, code: ErrorCode | string, causes: readonly string[] = []): Reply {
    return { status, headers: this.#headers(), body: errorBody(code, causes) };
  }

  tooMany(state: RateState): Reply {
    const reply = this.error(429, 'E0000047');
    return { ...reply, headers: { ...reply.headers, ...rateHeaders(state) } };
  }

  /** With the headers of the org around what is right. */
  whole({ links, ...answer }: RightAnswer): Reply {
    const lines = links === undefined ? [] : linkHeader(links);
    const link = this.#joinLinks ? lines.join(', ') : lines;
    return {
      ...answer,
      headers: { ...this.#headers(), ...answer.headers, ...(link.length > 0 ? { link } : {}) },
    };
  }

  /** `right` is asked for only by a fault that lets it be made. */
  async faulty(fault: Fault | undefined, right: () => Promise<RightAnswer>): Promise<Reply> {
    if (fault?.kind === 'status') return this.#status(fault);
    if (fault?.kind === 'html') {
      const headers = { ...this.#headers(), 'content-type': 'text/html; charset=utf-8' };
      return { status: 200, headers, body: LOGIN_PAGE };
    }
    if (fault?.kind === 'stale-link') return this.whole(staleLink());
    return this.#spoilt(fault, await right());
  }

  #spoilt(fault: Fault | undefined, right: RightAnswer): Reply {
    if (fault?.kind === 'no-link') return this.whole({ ...right, links: undefined });
    if (fault?.kind === 'foreign-link' && right.links !== undefined) {
      return this.whole({ ...right, links: { ...right.links, next: fault.url } });
    }
    const reply = this.whole(right);
    if (fault?.kind === 'cut-json')
      return uncached(reply, reply.body.subarray(0, fault.afterBytes));
    if (fault?.kind !== 'body') return reply;
    const headers = { ...reply.headers, 'content-type': fault.contentType ?? 'application/json' };
    return uncached({ ...reply, headers }, fault.body);
  }

  #status(fault: Fault & { kind: 'status' }): Reply {
    const reply = this.error(fault.status, fault.errorCode ?? codeOfStatus(fault.status));
    const spent = fault.status === 429 ? { 'x-rate-limit-remaining': '0' } : {};
    const asked = Object.fromEntries(
      Object.entries(fault.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    return { ...reply, headers: { ...reply.headers, ...spent, ...asked } };
  }

  /** On every answer of the org, good or bad. */
  #headers(): Record<string, string> {
    const now = this.#clock.now();
    return {
      date: new Date(now).toUTCString(),
      'content-type': 'application/json',
      'x-okta-request-id': randomBytes(16).toString('base64url'),
      'cache-control': 'no-cache, no-store',
      ...rateHeaders(this.#bucket.state(now)),
    };
  }
}

function rateHeaders({ limit, remaining, reset }: RateState): Record<string, string> {
  return {
    'x-rate-limit-limit': String(limit),
    'x-rate-limit-remaining': String(remaining),
    'x-rate-limit-reset': String(reset),
  };
}

function uncached({ status, headers }: Reply, body: Buffer): Reply {
  return { status, headers, body };
}
