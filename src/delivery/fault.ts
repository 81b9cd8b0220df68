/** What failed where no status came back, and what an attempt ended in, each in one word of a closed set: to be counted. */
import { AddressRefused, ProxyTrouble } from '../dial.ts';
import { codeOf } from '../errors.ts';
import type { Made } from './outcome.ts';

/** `connect`: there was no connection, or it broke. `blocked`: an address that may not be dialled. */
export type Fault = 'timeout' | 'dns' | 'connect' | 'tls' | 'blocked';

type AttemptWord = Fault | 'ok' | 'http_3xx' | 'http_4xx' | 'auth' | 'http_5xx' | 'throttled';

const DNS = /^(ENOTFOUND|EAI_)/;
const TLS =
  /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH$)/;

export function faultOf(error: Error): Fault {
  if (error instanceof AddressRefused) return 'blocked';
  if (error instanceof ProxyTrouble) return faultOf(error.fault);
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const code = codeOf(error) ?? codeOf(first);
  if (code === undefined) return error.cause instanceof Error ? faultOf(error.cause) : 'connect';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (DNS.test(code)) return 'dns';
  return TLS.test(code) ? 'tls' : 'connect';
}

/** A redirect is never followed and 401, 403 and 407 are `auth`; else the status says it alone, whatever its route makes of it. */
export function attemptWord(outcome: Made): AttemptWord {
  const { status } = outcome;
  if (outcome.kind === 'delivered') return 'ok';
  if (status === undefined) return outcome.fault ?? (outcome.congested ? 'timeout' : 'connect');
  if (status === 401 || status === 403 || status === 407) return 'auth';
  if (status === 429) return 'throttled';
  if (status < 400) return 'http_3xx';
  return status < 500 ? 'http_4xx' : 'http_5xx';
}
