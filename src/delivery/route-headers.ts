/**
 * The headers of a route's requests: those that are the same each time, made once, and those of the delivery. What a
 * person wrote takes the place of ours, but never of a header that says who sent what, or that frames the request.
 */
import { Signer, type SigningSecret } from './signing/signature.ts';

export interface HeaderOptions {
  readonly name: string;
  readonly authorization?: string;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly secrets?: readonly SigningSecret[];
}

/** What a header says of a delivery. */
export interface Numbered {
  readonly event: { readonly id: string };
  readonly attempts: number;
  readonly replay?: boolean;
  /** It is none of Okta's: a person tests the route. */
  readonly test?: boolean;
}

const FRAMING: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether only loghook sets this header. `name` in any case. */
export function isReservedHeader(name: string): boolean {
  return FRAMING.has(name.toLowerCase()) || /^(webhook|loghook)-/i.test(name);
}

/** Who sends: the same in every request of a session. */
export interface Sending {
  readonly userAgent: string;
  /** The host of the org whose events they are. Undefined: a test without one. */
  readonly org?: string;
}

export class RouteHeaders {
  readonly #common: readonly string[];
  readonly #signer: Signer | undefined;

  constructor(route: HeaderOptions, contentType: string, sending: Sending) {
    this.#common = commonHeaders(route, contentType, sending);
    const { secrets = [] } = route;
    this.#signer = secrets.length === 0 ? undefined : new Signer(secrets);
  }

  /** Names and values in turn, for the attempt that starts at `now` (ms since 1970). */
  of(delivery: Numbered, body: Uint8Array, now: number): string[] {
    const { event, attempts, replay, test } = delivery;
    const signed = this.#signer?.headers(event.id, body, now) ?? ['webhook-id', event.id];
    const headers = [...this.#common, ...signed, 'loghook-attempt', `${attempts + 1}`];
    if (replay === true) headers.push('loghook-replay', 'true');
    if (test === true) headers.push('loghook-test', 'true');
    return headers;
  }
}

function commonHeaders(
  route: HeaderOptions,
  contentType: string,
  { userAgent, org }: Sending,
): string[] {
  const written = (route.headers ?? []).filter(([name]) => !isReservedHeader(name));
  const names = new Set(written.map(([name]) => name.toLowerCase()));
  const ours: [name: string, value: string][] = [
    ['content-type', contentType],
    ['user-agent', userAgent],
    ['loghook-route', route.name],
  ];
  if (org !== undefined) ours.push(['loghook-org', org]);
  if (route.authorization !== undefined) ours.push(['authorization', route.authorization]);
  return [...ours.filter(([name]) => !names.has(name)), ...written].flat();
}
