/** The requests of a route: what its lane sends, and what a test of it sends, are made here and nowhere else. */
import type { LogEvent } from '../event.ts';
import type { Request } from './attempt.ts';
import { type Destination, type Encoding, targetOf } from './destination.ts';
import { type Redaction, redactionOf } from './redaction.ts';
import { type Numbered, RouteHeaders, type Sending } from './route-headers.ts';
import type { Target } from './target.ts';

export class RouteRequests {
  readonly #encoding: Encoding;
  readonly #headers: RouteHeaders;
  readonly #target: Target;
  readonly #method: string;
  readonly #path: string;
  readonly #redaction: Redaction;

  constructor(destination: Destination, encoding: Encoding, sending: Sending) {
    const { url, method = 'POST' } = destination;
    this.#encoding = encoding;
    this.#headers = new RouteHeaders(destination, encoding.contentType, sending);
    this.#target = targetOf(destination);
    this.#method = method;
    this.#path = `${url.pathname}${url.search}`;
    this.#redaction = redactionOf(destination);
  }

  /** The attempt that starts at `now` (ms since 1970). */
  of(delivery: Numbered & { readonly event: LogEvent }, now: number): Request {
    const body = this.#encoding.encode(delivery.event);
    return {
      target: this.#target,
      method: this.#method,
      path: this.#path,
      headers: this.#headers.of(delivery, body, now),
      body,
      redaction: this.#redaction,
    };
  }
}
