/**
 * Opens one connection to a host, directly or through a proxy. Every address is judged before the first packet to it,
 * and what was judged is what is dialled: a name is looked up once, here, and net gets the answers that passed.
 */
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { hostOf, knownAddressOf, neverConnected } from './address.ts';
import type { Clock } from './clock.ts';
import { reasonOf } from './errors.ts';
import { openTunnel, TunnelRefusal } from './tunnel.ts';

/** Why an address is not connected to; undefined: it is. */
export type Judge = (address: string) => string | undefined;

interface Dial {
  /** https: the connection speaks TLS with this host, whatever lies between. */
  readonly url: URL;
  /** An http URL is reached by asking the proxy for it, an https one through a tunnel. */
  readonly proxy?: URL | undefined;
  readonly judge: Judge;
  readonly lookup?: LookupFunction | undefined;
  readonly clock: Clock;
  readonly tls?: Secure;
}

export interface Secure {
  readonly context?: SecureContext;
  readonly servername?: string | undefined;
  /** The certificate is not checked. */
  readonly insecure?: boolean | undefined;
  /** Of an earlier connection, to resume. */
  readonly session?: Buffer | undefined;
  readonly onSession?: (session: Buffer) => void;
}

/** How long the steps took, ms; a step that was not taken, or failed, is absent. */
export interface DialTimes {
  dnsMs?: number;
  connectMs?: number;
  tlsMs?: number;
}

/** The address may not be connected to; the message says which and why. */
export class AddressRefused extends Error {}

/** The proxy, not the host behind it, stood in the way. The message names its host and no password. */
export class ProxyTrouble extends Error {
  readonly proxyHost: string;
  readonly fault: Error;

  constructor(proxy: URL, fault: Error) {
    super(`the proxy ${proxy.host}: ${reasonOf(fault)}`);
    this.proxyHost = proxy.host;
    this.fault = fault;
  }

  /** What the proxy answered to CONNECT, if it came to that. */
  get status(): number | undefined {
    return this.fault instanceof TunnelRefusal ? this.fault.status : undefined;
  }
}

export class Opening {
  readonly times: DialTimes = {};
  readonly #dial: Dial;
  /** The last of them is the connection, the others lie beneath it. */
  readonly #sockets: Socket[] = [];
  #cutBy: Error | undefined;

  constructor(dial: Dial) {
    this.#dial = dial;
  }

  /** Ends it now, whatever it waits for; `open` rejects with `reason`. */
  cut(reason: Error): void {
    this.#cutBy ??= reason;
    for (const socket of this.#sockets) socket.destroy(reason);
  }

  /** Rejects with what the network says, an AddressRefused or a ProxyTrouble. Call it once. */
  async open(): Promise<Socket> {
    try {
      return await this.#open();
    } catch (error) {
      for (const socket of this.#sockets) socket.destroy();
      throw this.#cutBy ?? error;
    }
  }

  async #open(): Promise<Socket> {
    const { url, proxy, judge, tls } = this.#dial;
    const host = hostOf(url);
    refuse(proxy === undefined ? literal(host) : knownAddressOf(host), judge);
    const socket =
      proxy === undefined ? await this.#reach(url, judge) : await this.#reachThrough(proxy);
    if (url.protocol !== 'https:') return socket;
    const startedAt = this.#dial.clock.monotonic();
    const secure = await this.#secure(socket, host, tls ?? {});
    this.times.tlsMs = this.#dial.clock.monotonic() - startedAt;
    return secure;
  }

  async #reach(url: URL, judge: Judge): Promise<Socket> {
    const { clock, lookup } = this.#dial;
    const startedAt = clock.monotonic();
    const judged = judgedLookup(lookup ?? systemLookup, judge);
    const timed: LookupFunction = (hostname, options, answer) => {
      judged(hostname, options, (...given) => {
        this.times.dnsMs = clock.monotonic() - startedAt;
        answer(...given);
      });
    };
    // Large reads; a name of its own, because Node's types leave it out.
    const options = { highWaterMark: 64 * 1024, host: hostOf(url), port: portOf(url) };
    const socket = connectTcp({ ...options, lookup: timed });
    socket.setNoDelay(true).setKeepAlive(true, 60_000);
    await this.#until(socket, 'connect');
    this.times.connectMs = clock.monotonic() - startedAt - (this.times.dnsMs ?? 0);
    return socket;
  }

  async #reachThrough(proxy: URL): Promise<Socket> {
    const { url, clock } = this.#dial;
    const startedAt = clock.monotonic();
    try {
      refuse(literal(hostOf(proxy)), neverConnected);
      let socket = await this.#reach(proxy, neverConnected);
      if (proxy.protocol === 'https:') socket = await this.#secure(socket, hostOf(proxy), {});
      if (url.protocol === 'https:') {
        delete this.times.connectMs; // of the proxy alone: the host is not connected to before the tunnel stands
        await openTunnel(socket, proxy, `${url.hostname}:${portOf(url)}`);
      }
      this.times.connectMs = clock.monotonic() - startedAt - (this.times.dnsMs ?? 0);
      return socket;
    } catch (error) {
      throw new ProxyTrouble(proxy, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #secure(socket: Socket, host: string, tls: Secure): Promise<TLSSocket> {
    const { context, session, onSession, insecure = false } = tls;
    const secure = connectTls({
      socket,
      host, // the name that the certificate must be for, if there is no servername
      servername: tls.servername ?? (isIP(host) === 0 ? host : ''),
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: !insecure,
      ...(context !== undefined && { secureContext: context }),
      ...(session !== undefined && { session }),
    });
    if (onSession !== undefined) secure.on('session', onSession);
    await this.#until(secure, 'secureConnect');
    return secure;
  }

  /** From here on `cut` destroys this socket, and an error of it never goes unheard. */
  async #until(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
    this.#sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(event, resolve);
      socket.on('error', reject);
      socket.once('close', () => reject(CLOSED));
      if (this.#cutBy !== undefined) socket.destroy(this.#cutBy);
    });
  }
}

/** An address that stands in the URL itself is never looked up. */
function literal(host: string): string | undefined {
  return isIP(host) === 0 ? undefined : host;
}

function refuse(address: string | undefined, judge: Judge): void {
  const why = address === undefined ? undefined : judge(address);
  if (why !== undefined) throw new AddressRefused(why);
}

/** One address that may not be dialled among a name's addresses refuses the name. */
function judgedLookup(lookup: LookupFunction, judge: Judge): LookupFunction {
  return (hostname, options, answer) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = Array.isArray(found) ? found : [];
      const fault = error ?? refusalOf(addresses, judge);
      if (fault !== undefined) answer(fault, '');
      else give(addresses, options, answer);
    });
  };
}

/** As net asked for them: all, or one. */
function give(
  addresses: LookupAddress[],
  { all }: LookupOptions,
  answer: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (all || first === undefined) answer(null, addresses);
  else answer(null, first.address, first.family);
}

const CLOSED = Object.assign(new Error('connection closed'), { code: 'ECONNRESET' });
/** Net breaks on an empty list. */
const NOT_FOUND = Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' });

function refusalOf(addresses: readonly LookupAddress[], judge: Judge): Error | undefined {
  if (addresses.length === 0) return NOT_FOUND;
  const why = addresses.map(({ address }) => judge(address)).find((one) => one !== undefined);
  return why === undefined ? undefined : new AddressRefused(why);
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}
