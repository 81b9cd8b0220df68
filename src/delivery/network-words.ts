/** What went wrong on the network, in words for people. Built from error codes alone: messages can hold addresses. */
import { AddressRefused, ProxyTrouble } from '../dial.ts';
import { codeOf } from '../errors.ts';

const ISSUER_UNKNOWN = 'certificate issuer unknown: a private one has to be named with `ca`';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'host name could not be looked up',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'connection timed out',
  EADDRNOTAVAIL: 'no free port or address of our own',
  EMFILE: 'too many open files',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate is self-signed: to believe it, name it with `ca`',
  SELF_SIGNED_CERT_IN_CHAIN: ISSUER_UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT: ISSUER_UNKNOWN,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ISSUER_UNKNOWN,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `${ISSUER_UNKNOWN}, or its chain is incomplete`,
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is for another host name',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS there, perhaps plain http',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'no TLS there, perhaps plain http',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS 1.2 or later there',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the receiver has no certificate for this host name',
  ERR_OSSL_X509_KEY_VALUES_MISMATCH: 'our certificate and key do not belong together',
  EPROTO: 'TLS failed',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_HEADERS_OVERFLOW: 'headers of the answer are too large',
  HTTPParserError: 'the answer is not HTTP',
  ERR_ASSERTION: 'the answer is not what undici can read', // such as 101 to a request that asked for no upgrade
  UND_ERR_INVALID_ARG: 'the request cannot be written as HTTP',
};

/** What the other side says before it hangs up. Before the name OpenSSL puts a version, and not always the same. */
const ALERT = /^ERR_SSL_.*ALERT_(\w+)$/;
const ALERT_WORDS: Readonly<Record<string, string>> = {
  PROTOCOL_VERSION: 'no TLS 1.2 or later there',
  HANDSHAKE_FAILURE: 'the receiver refused TLS, perhaps for want of our certificate',
  CERTIFICATE_REQUIRED: 'the receiver wants a certificate of ours: name it with `cert` and `key`',
  UNKNOWN_CA: 'the receiver does not know who issued our certificate',
  CERTIFICATE_EXPIRED: 'our certificate has expired',
};

const PROXY_WORDS: Readonly<Record<number, string>> = {
  403: 'does not let us connect there',
  401: 'wants other credentials', // tinyproxy's answer to wrong ones
  407: 'wants other credentials',
  500: 'could not reach the receiver', // tinyproxy's
  502: 'could not reach the receiver',
  503: 'could not reach the receiver',
  504: 'could not reach the receiver',
};

/** Words, then the code in brackets; the code alone where there are no words for it. */
export function networkWords(error: Error): string {
  if (!('code' in error) && error.cause instanceof Error) return networkWords(error.cause);
  if (error instanceof AddressRefused) return error.message;
  if (error instanceof ProxyTrouble) return proxyWords(error);
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const code = codeOf(error) ?? codeOf(first);
  if (code === undefined) return WORDS[error.name] ?? `failed (${error.name})`;
  const words = WORDS[code] ?? familyWords(code);
  return words === undefined ? code : `${words} (${code})`;
}

/** What a proxy's own status means for a delivery. */
export function proxyStatusWords(proxyHost: string, status: number): string {
  const words = PROXY_WORDS[status] ?? 'refused a tunnel to the receiver';
  return `the proxy ${proxyHost} ${words} (${status})`;
}

function proxyWords({ proxyHost, status, fault }: ProxyTrouble): string {
  if (status !== undefined) return proxyStatusWords(proxyHost, status);
  return `the proxy ${proxyHost}: ${networkWords(fault)}`;
}

function familyWords(code: string): string | undefined {
  if (code.startsWith('HPE_')) return 'the answer is not HTTP';
  const [, alert] = ALERT.exec(code) ?? [];
  if (alert !== undefined) return alertWords(alert);
  if (code.startsWith('ERR_OSSL_')) return 'a certificate or key of the route cannot be read';
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'TLS failed';
  return undefined;
}

function alertWords(alert: string): string {
  const words = ALERT_WORDS[alert];
  if (words !== undefined) return words;
  return /CERTIFICATE/.test(alert) ? 'the receiver does not accept our certificate' : 'TLS failed';
}
