/** What a route is, and how it comes from what a person wrote. A URL as written may hold secrets: no text here repeats it. */
import { createHash } from 'node:crypto';

/** A destination with the patterns that lead to it. */
export interface Route {
  /** Its identity: SHA-256 (hex) of the URL as written, so that what is stored holds no secret. */
  readonly key: string;
  /** What people see: host and a short hash, `hooks.slack.com#9be2`. Unique among the routes of a file. */
  readonly name: string;
  readonly patterns: readonly string[];
  /** Where to POST; without userinfo and fragment. */
  readonly url: URL;
  /** `Basic …`, from `user:pass@` in the URL as written. */
  readonly authorization?: string;
}

export type Destination = Omit<Route, 'name' | 'patterns'>;

export interface DestinationError {
  readonly error: string;
  readonly hint: string;
}

const EXAMPLE = 'write it like https://example.com/hook';
const ESCAPE =
  'in a user name or password write @ as %40, # as %23, / as %2F, ? as %3F, : as %3A and % as %25';

/** Reads a URL as a person wrote it. Neither `error` nor `hint` repeats any of it but its scheme. */
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
