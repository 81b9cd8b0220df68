/** How a destination is shown to people. A webhook's URL is often its credential, so only the host is ever printed. */
import { createHash } from 'node:crypto';

/** First 4 hex digits of the URL's SHA-256: enough to tell two routes of one host apart. */
export function urlHash(url: string): string {
  return createHash('sha256').update(url).digest('hex').slice(0, 4);
}

/** `https://hooks.example.com/…#9be2`: scheme, host and a short hash; no path, query or userinfo. */
export function redactUrl(url: URL, asWritten: string = url.href): string {
  return `${url.protocol}//${url.host}/…#${urlHash(asWritten)}`;
}
