/** Where a lane leads, and on what terms: a route, as far as the sender must know it. */
import type { LogEvent } from '../event.ts';
import type { Rate } from './lanes/start-rate.ts';
import type { StatusRules } from './outcome.ts';
import type { HeaderOptions } from './route-headers.ts';
import type { Target, TargetTls } from './target.ts';

/** Where a lane leads, and on what terms. Durations in ms. */
export interface Destination extends HeaderOptions {
  /** The route's identity. */
  readonly key: string;
  readonly url: URL;
  /** POST unless it says otherwise. */
  readonly method?: string;
  readonly publicOnly?: boolean;
  readonly proxy?: URL | 'none';
  readonly tls?: TargetTls;
  readonly order?: { readonly by: string };
  /** At most so many requests in flight. */
  readonly concurrency?: number;
  readonly rate?: Rate;
  readonly retry?: StatusRules & { readonly delaysMs?: readonly number[] };
  /** An event older than this is not sent any more. */
  readonly maxAgeMs?: number;
}

/** What turns an event into a body. */
export interface Encoding {
  readonly contentType: string;
  encode(event: LogEvent): Buffer;
}

/** How its requests get there. */
export function targetOf({ url, tls, proxy, publicOnly }: Destination): Target {
  return {
    origin: url.origin,
    ...(tls !== undefined && { tls }),
    ...(proxy !== undefined && { proxy }),
    ...(publicOnly !== undefined && { publicOnly }),
  };
}
