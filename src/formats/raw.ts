/** The `raw` format: one event a request, the body is the event's bytes as Okta sent them. */
import type { LogEvent } from '../event.ts';

/** What a route sends and how it is labelled. */
interface Format {
  readonly contentType: string;
  /** The body that carries `event`; must not copy more than the format needs. */
  encode(event: LogEvent): Buffer;
}

export const raw: Format = {
  contentType: 'application/json',
  encode: (event) => event.raw,
};
