/** What of a route nobody may see, taken out of what a receiver says: some repeat the request that they got. */
import type { Route } from '../../routing/route.ts';

/** Shorter ones stand in any text. */
const SHORTEST = 4;
const HIDDEN = '…';

/** All that is secret or may be: of its URL, its headers, its proxy (`usualProxy` where it names none). */
export function secretsOf(route: Route, usualProxy?: URL): readonly string[] {
  const { url, authorization, headers = [], proxy = usualProxy } = route;
  const values = [...headers.map(([, value]) => value), authorization ?? ''];
  const found = [
    `${url.pathname}${url.search}`,
    ...url.pathname.split('/').filter((part) => part.length > 2 * SHORTEST),
    ...url.searchParams.values(),
    ...values,
    ...values.flatMap((value) => value.split(/[\s=,;]+/)).filter((word) => word.length > SHORTEST),
    ...basicWords(authorization),
    ...(proxy instanceof URL ? [proxy.password, proxy.username] : []),
  ];
  const variants = found.flatMap((text) => [
    text,
    decoded(text),
    JSON.stringify(text).slice(1, -1),
  ]);
  const unique = new Set(variants.filter((text) => text.length >= SHORTEST));
  return [...unique].sort((a, b) => b.length - a.length);
}

/** `text` with each of the secrets, and the start of one at its very end (it was cut there), as `…`. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const cutAt = Math.min(text.length, ...secrets.map((secret) => startAtEnd(text, secret)));
  const whole = cutAt === text.length ? text : `${text.slice(0, cutAt)}${HIDDEN}`;
  return secrets.reduce((left, secret) => left.replaceAll(secret, HIDDEN), whole);
}

/** Where `text` ends with the start of `secret`; behind its end if it does not. */
function startAtEnd(text: string, secret: string): number {
  for (let length = Math.min(secret.length, text.length); length >= SHORTEST; length -= 1) {
    if (text.endsWith(secret.slice(0, length))) return text.length - length;
  }
  return text.length;
}

function basicWords(authorization: string | undefined): string[] {
  const encoded = /^Basic (.*)$/.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString();
  return [pair, ...pair.split(':')];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
