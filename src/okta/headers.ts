/** Headers of an answer. */

/** As undici gives it: an array where Okta sent a header twice. */
export type HeaderValue = string | readonly string[] | undefined;

/** The first, where a header that should come once came more often. */
export function single(value: HeaderValue): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
