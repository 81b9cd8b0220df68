/** Opens one connection as a run would, says how far it came, and closes it again. Nothing is sent over it. */
import { isIP } from 'node:net';
import { type PeerCertificate, TLSSocket } from 'node:tls';
import { hostOf } from '../../address.ts';
import type { Clock } from '../../clock.ts';
import { AddressRefused, type DialTimes, type Opening, ProxyTrouble } from '../../dial.ts';
import { codeOf } from '../../errors.ts';

export type Connection =
  | { readonly kind: 'open'; readonly times: DialTimes; readonly certificate?: Certificate }
  | { readonly kind: 'failed'; readonly times: DialTimes; readonly fault: Fault };

export interface Certificate {
  /** Ms since 1970. */
  readonly validTo: number;
  /** Who signed it, by its own word. */
  readonly issuer: string;
}

/** Where a connection ended, and the error that says more. */
export interface Fault {
  readonly at: FaultPlace;
  readonly error: Error;
}

export type FaultPlace = 'address' | 'dns' | 'connect' | ProxyFault | TlsFault;
type ProxyFault =
  | 'proxy-dns'
  | 'proxy-unreachable'
  | 'proxy-credentials'
  | 'proxy-refused'
  | 'proxy-failed';
type TlsFault = 'tls-expired' | 'tls-early' | 'tls-name' | 'tls-issuer' | 'tls-failed';

interface Limits {
  readonly clock: Clock;
  readonly limitMs: number;
  /** A name has to be looked up first, and by us. */
  readonly looksUp: boolean;
  /** Lies between. */
  readonly proxy?: URL | undefined;
}

/** Never rejects. */
export async function connectOnce(
  opening: Opening,
  { clock, limitMs, looksUp, proxy }: Limits,
): Promise<Connection> {
  const { times } = opening;
  const cancel = clock.after(limitMs, () => {
    const code = looksUp && times.dnsMs === undefined ? 'EAI_AGAIN' : 'ETIMEDOUT';
    const late = Object.assign(new Error('no connection in time'), { code });
    const isProxys = proxy !== undefined && times.connectMs === undefined;
    opening.cut(isProxys ? new ProxyTrouble(proxy, late) : late);
  });
  try {
    const socket = await opening.open();
    const certificate = socket instanceof TLSSocket ? certificateOf(socket) : undefined;
    socket.destroy();
    return { kind: 'open', times, ...(certificate !== undefined && { certificate }) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return { kind: 'failed', times, fault: { at: placeOf(error, times), error } };
  } finally {
    cancel();
  }
}

/** Whether it is us who look up the host of `url`. */
export function isLookedUp(url: URL, proxyHost: string | undefined): boolean {
  return proxyHost === undefined && isIP(hostOf(url)) === 0;
}

function certificateOf(socket: TLSSocket): Certificate | undefined {
  // Empty where there is none, whatever its type says.
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  const { valid_to: end, issuer } = certificate;
  if (end === undefined) return undefined;
  const name = issuer?.CN ?? issuer?.O ?? 'nobody that it names';
  return { validTo: Date.parse(end), issuer: String(name) };
}

const NOT_FOUND = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA']);

const CERTIFICATE_FAULTS: Readonly<Record<string, TlsFault>> = {
  CERT_HAS_EXPIRED: 'tls-expired',
  CERT_NOT_YET_VALID: 'tls-early',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls-name',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls-issuer',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls-issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'tls-issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls-issuer',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls-issuer',
};

function placeOf(error: Error, times: DialTimes): FaultPlace {
  if (error instanceof AddressRefused) return 'address';
  if (error instanceof ProxyTrouble) return proxyPlaceOf(error);
  const code = codeOf(error) ?? '';
  if (NOT_FOUND.has(code)) return 'dns';
  const certificate = CERTIFICATE_FAULTS[code];
  if (certificate !== undefined) return certificate;
  // A connection stood: what ended then, ended while TLS was spoken.
  const isTls = times.connectMs !== undefined || /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO)/.test(code);
  return isTls ? 'tls-failed' : 'connect';
}

function proxyPlaceOf({ status, fault }: ProxyTrouble): ProxyFault {
  if (status === 407 || status === 401) return 'proxy-credentials';
  if (status === 403) return 'proxy-refused';
  if (status !== undefined) return 'proxy-failed';
  return NOT_FOUND.has(codeOf(fault) ?? '') ? 'proxy-dns' : 'proxy-unreachable';
}
