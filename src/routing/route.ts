/** What a route is, and how it comes from what a person wrote. A URL as written may hold secrets: no text here repeats it. */
import { createHash } from 'node:crypto';
import { refusedLiteral } from '../address.ts';
import type { LogEvent } from '../event.ts';

/** A destination with the patterns that lead to it. */
export interface Route extends RouteOptions {
  /**
   * Its identity, which holds no secret: in loghook.csv the SHA-256 (hex) of the URL as written, in loghook.yaml
   * `name:` and its name.
   */
  readonly key: string;
  /** The key that the same URL has in loghook.csv: a route that moves to loghook.yaml takes its queue along. */
  readonly formerly?: string;
  /** What people see: its name, or host and a short hash, `hooks.slack.com#9be2`. Unique among the routes of a file. */
  readonly name: string;
  readonly patterns: readonly string[];
  /** Where to POST; without userinfo and fragment. */
  readonly url: URL;
  /** `Basic …`, from `user:pass@` in the URL as written. */
  readonly authorization?: string;
}

/** What only loghook.yaml can say of a route. Durations in ms. */
export interface RouteOptions {
  /** False: it wants nothing and sends nothing, and its queue is kept. */
  readonly enabled?: boolean;
  /** POST unless it says otherwise. */
  readonly method?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Each attempt is signed with all of them, in this order. */
  readonly secrets?: readonly SigningSecret[];
  /** Undefined: as many side by side as the receiver takes. */
  readonly order?: Order;
  /** At most so many requests in flight. */
  readonly concurrency?: number;
  readonly rate?: Rate;
  readonly retry?: Retry;
  /** An event older than this is not sent any more. */
  readonly maxAgeMs?: number;
  /** Private and loopback addresses are refused too. */
  readonly publicOnly?: boolean;
  /** Undefined: what HTTPS_PROXY and NO_PROXY say. */
  readonly proxy?: URL | 'none';
  readonly tls?: Tls;
  /** Fewer events than this are worth an alert. */
  readonly expect?: Rate;
}

/** A key of Standard Webhooks, and until when (ms since 1970) it still signs. */
export interface SigningSecret {
  readonly key: Buffer;
  readonly until?: number;
}

export interface Order {
  /** As it is remembered: `strict`, `key`, or `key:` and a path. */
  readonly by: string;
  /** Events of one lane are sent one after the other; undefined: the event waits for nobody. */
  laneOf(event: LogEvent): string | undefined;
}

/** So many in so many ms. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

export interface Retry {
  /** Ms before each further try; the event is a dead letter after the last. */
  readonly delaysMs?: readonly number[];
  /** Statuses that judge the event. */
  readonly event?: readonly number[];
  /** Statuses that are never held against an event. */
  readonly route?: readonly number[];
}

/** PEM texts. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** The receiver's certificate is not checked. */
  readonly insecure?: boolean;
}

export type Destination = Omit<Route, 'name' | 'patterns'>;

interface DestinationError {
  readonly error: string;
  readonly hint: string;
}

const EXAMPLE = 'write it like https://example.com/hook';
const ESCAPE =
  'in a user name or password write @ as %40, # as %23, / as %2F, ? as %3F, : as %3A and % as %25';

const NO_RECEIVER = 'no receiver of events lives at such an address: name the one that you mean';

/**
 * Reads a URL as a person wrote it. Neither `error` nor `hint` repeats any of it but its scheme, or an address that is
 * never connected to.
 */
export function parseDestination(text: string): Destination | DestinationError {
  const asWritten = text.trim();
  const fault = findFault(asWritten);
  if (fault !== undefined) return fault;
  if (!URL.canParse(asWritten)) return { error: 'the URL cannot be read', hint: EXAMPLE };

  const url = new URL(asWritten);
  // `https://user:12#34@host` parses as host "user" and port 12: the rest of the password would be shown as a host.
  if (url.hash.includes('@')) return { error: 'the URL has an @ after a #', hint: ESCAPE };
  const authorization = readUserinfo(url);
  if (typeof authorization === 'object') return authorization;
  const refused = refusedLiteral(url);
  if (refused !== undefined) return { error: refused, hint: NO_RECEIVER };
  url.username = '';
  url.password = '';
  url.hash = '';
  return { key: keyOf(asWritten), url, ...(authorization !== undefined && { authorization }) };
}

/** What the URL parser would mend without a word, or would take for something that was not meant. */
function findFault(asWritten: string): DestinationError | undefined {
  if (asWritten === '') return { error: 'the URL is empty', hint: EXAMPLE };
  if (/[\s\p{Cc}]/u.test(asWritten)) {
    return {
      error: 'the URL holds white space or a control character',
      hint: 'a comment needs a line of its own; in a URL a space is %20',
    };
  }
  if (/^https?:\/\/[^/?#\\]/i.test(asWritten)) return undefined;
  if (/^https?:/i.test(asWritten)) return { error: 'the URL has no host', hint: EXAMPLE };
  const scheme = schemeOf(asWritten);
  if (scheme === undefined) return { error: 'the URL has no http:// or https://', hint: EXAMPLE };
  return { error: `the URL's scheme is ${scheme}, not http or https`, hint: EXAMPLE };
}

/** A scheme that may be shown: only before `//` is it one for sure, and not the user of `user:pass@host`. */
export function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]{0,11}):\/\//i.exec(text)?.[1];
}

function readUserinfo(url: URL): string | undefined | DestinationError {
  if (url.username === '' && url.password === '') return undefined;
  try {
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    if (user.includes(':')) {
      return {
        error: 'the user name in the URL holds a colon, which Basic auth cannot carry',
        hint: 'ask the receiver for a user name without one (RFC 7617 section 2)',
      };
    }
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return { error: 'the user name or password in the URL holds a stray %', hint: ESCAPE };
  }
}

function keyOf(asWritten: string): string {
  return createHash('sha256').update(asWritten).digest('hex');
}
