/** Header values as undici gives them. */
import type { HeaderValue } from './rate-limit.ts';

/** The first, where a header that should come once came more often. */
export function single(value: HeaderValue): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
