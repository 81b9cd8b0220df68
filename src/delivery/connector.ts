/** Opens the connections to one target: what all of them have in common, such as the TLS session that the next resumes. */
import type { LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../clock.ts';
import { Opening, type Secure } from '../dial.ts';
import { proxyAuthorization } from '../tunnel.ts';
import { judgeOf } from './address-guard.ts';
import { proxyRedaction, type Redaction } from './redaction.ts';
import type { Target } from './target.ts';

export interface ConnectorOptions {
  readonly clock: Clock;
  /** Instead of the system's way to look up names. */
  readonly lookup?: LookupFunction;
  /** The proxy of a target that names none. */
  readonly proxyFor?: (url: URL) => URL | undefined;
}

export class Connector {
  readonly origin: string;
  /** What it goes through. Its URL is secret. */
  readonly proxy: URL | undefined;
  /** Its host, for people. */
  readonly proxyHost: string | undefined;
  /** The proxy reads the requests and sends them on (http), rather than carrying bytes that it cannot read. */
  readonly isForwarded: boolean;
  /** Names and values in turn: what the proxy, and nobody behind it, is told with a request that it sends on. */
  readonly forwardHeaders: readonly string[];
  /** Of the proxy: it may repeat what it is told. */
  readonly redaction: Redaction | undefined;
  readonly #url: URL;
  readonly #target: Target;
  readonly #options: ConnectorOptions;
  #context: SecureContext | undefined;
  #session: Buffer | undefined;

  constructor(target: Target, options: ConnectorOptions) {
    this.origin = target.origin;
    this.#url = new URL(target.origin);
    this.#target = target;
    this.#options = options;
    this.proxy = proxyOf(target, this.#url, options);
    this.redaction = this.proxy && proxyRedaction(this.proxy);
    this.proxyHost = this.proxy?.host;
    this.isForwarded = this.proxy !== undefined && this.#url.protocol === 'http:';
    this.forwardHeaders = this.isForwarded ? forwardHeaders(this.proxy) : [];
  }

  /** @throws Error if the target's certificates or key cannot be read */
  prepare(): Opening {
    const { clock, lookup } = this.#options;
    const judge = judgeOf(this.#target);
    const tls = this.#url.protocol === 'https:' ? { tls: this.#secure() } : {};
    return new Opening({ url: this.#url, proxy: this.proxy, judge, lookup, clock, ...tls });
  }

  #secure(): Secure {
    const { ca, cert, key, servername, insecure } = this.#target.tls ?? {};
    // A `ca` takes the place of the default roots: only who it vouches for is believed.
    this.#context ??= createSecureContext({ ca, cert, key, minVersion: 'TLSv1.2' });
    return {
      context: this.#context,
      servername,
      insecure,
      session: this.#session,
      onSession: (session) => {
        this.#session = session;
      },
    };
  }
}

function forwardHeaders(proxy: URL | undefined): string[] {
  const authorization = proxy && proxyAuthorization(proxy);
  return authorization === undefined ? [] : ['proxy-authorization', authorization];
}

function proxyOf(target: Target, url: URL, { proxyFor }: ConnectorOptions): URL | undefined {
  if (target.proxy === 'none') return undefined;
  return target.proxy ?? proxyFor?.(url);
}
