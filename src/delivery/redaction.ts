/**
 * What of a route nobody may see, taken out of what its receiver says: some repeat the request that they got. It is made
 * once for a route; an answer is looked at only when somebody wants to keep or show its head.
 */
import type { HeaderOptions } from './route-headers.ts';

/** Shorter ones stand in any text. */
const SHORTEST = 4;
/** Shorter segments of a path are words, such as `services`. */
const SHORTEST_SEGMENT = 9;
/** In the bytes of UTF-8, as all texts here. */
const HIDDEN = bytesOf('…');
/** What may stand before the secret in a header's value, and is none. */
const SCHEME = /^(api-?key|basic|bearer|digest|geniekey|key|negotiate|splunk|ssws|token)$/i;

/** From where to where, the end exclusive. */
type Span = readonly [from: number, to: number];

export class Redaction {
  /** One character a byte, so that an answer in any encoding stays as it is. */
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    const all = secrets.flatMap(spellingsOf).filter((text) => text.length >= SHORTEST);
    this.#secrets = [...new Set(all)];
  }

  /** `head` with each secret as `…`, and the start of one at its very end too: it may have been cut there. */
  of(head: Buffer): Buffer {
    if (head.length < SHORTEST || this.#secrets.length === 0) return head;
    const text = head.toString('latin1');
    const spans = this.#secrets.flatMap((secret) => spansOf(secret, text));
    if (spans.length === 0) return head;
    return Buffer.from(without(spans, text), 'latin1');
  }
}

export function redactionOf({
  url,
  authorization = '',
  headers = [],
  secrets = [],
}: HeaderOptions & { readonly url: URL }): Redaction {
  const values = [authorization, ...headers.map(([, value]) => value)];
  return new Redaction([
    `${url.pathname}${url.search}`,
    url.search.slice(1),
    ...url.pathname.split('/').filter((segment) => segment.length >= SHORTEST_SEGMENT),
    ...url.search
      .slice(1)
      .split('&')
      .map((pair) => pair.slice(pair.indexOf('=') + 1)),
    ...url.searchParams.values(),
    ...values,
    ...values.flatMap(wordsOf),
    ...values.flatMap(basicWords),
    ...secrets.flatMap(({ key }) => [key.toString('base64'), ...keySpellings(key)]),
  ]);
}

/** Of a proxy, its user name and password. */
export function proxyRedaction({ username, password }: URL): Redaction {
  const [user, pass] = [decoded(username), decoded(password)];
  const pair = `${user}:${pass}`;
  const basic = Buffer.from(pair).toString('base64');
  return new Redaction(pair === ':' ? [] : [user, pass, pair, basic]);
}

function wordsOf(value: string): string[] {
  const words = value.split(/[\s=,;]+/).filter((word) => word.length > SHORTEST);
  return words.filter((word) => !SCHEME.test(word));
}

function basicWords(value: string): string[] {
  const encoded = /^Basic\s+(.*)$/i.exec(value)?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon < 0 ? [pair] : [pair, pair.slice(0, colon), pair.slice(colon + 1)];
}

/** Base64 may have lost its end on the way. */
function keySpellings(key: Buffer): string[] {
  return [
    key.toString('base64').replace(/=+$/, ''),
    key.toString('base64url'),
    key.toString('hex'),
  ];
}

/** As it may stand in a log, a URL, JSON (some write `\/`) or a page, in the bytes of UTF-8 and as it went in a header. */
function spellingsOf(secret: string): string[] {
  const spellings = [secret, decoded(secret)].flatMap((text) => {
    const json = JSON.stringify(text).slice(1, -1);
    return [
      text,
      encodeURIComponent(text),
      json,
      json.replaceAll('/', '\\/'),
      json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`),
      escaped(text, '&quot;'),
      escaped(text, '&#34;'),
    ];
  });
  return [...spellings.map(bytesOf), secret];
}

function escaped(text: string, quote: string): string {
  const signs = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return signs.replaceAll('"', quote).replaceAll("'", '&#39;');
}

/** Where `secret` stands in `text`, and where `text` ends with a start of it. */
function spansOf(secret: string, text: string): Span[] {
  const spans: Span[] = [];
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    spans.push([at, at + secret.length]);
  }
  const start = secret.slice(0, SHORTEST);
  let at = text.indexOf(start, Math.max(0, text.length - secret.length + 1));
  while (at >= 0 && !secret.startsWith(text.slice(at))) at = text.indexOf(start, at + 1);
  return at < 0 ? spans : [...spans, [at, text.length]];
}

function without(spans: readonly Span[], text: string): string {
  let shown = '';
  let end = -1;
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    if (from > end) shown += `${text.slice(Math.max(end, 0), from)}${HIDDEN}`;
    end = Math.max(end, to);
  }
  return shown + text.slice(end);
}

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
