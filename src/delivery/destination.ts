import type { LogEvent } from '../event.ts';
import type { StatusRules } from './outcome.ts';
import type { HeaderOptions } from './route-headers.ts';
import type { Rate } from './start-rate.ts';

/** Where a lane leads, and on what terms. Durations in ms. */
export interface Destination extends HeaderOptions {
  /** The route's identity. */
  readonly key: string;
  readonly url: URL;
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
