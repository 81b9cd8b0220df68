/** Where a request goes and how it gets there. Connections are shared only by what gets there in the very same way. */

export interface Target {
  readonly origin: string;
  readonly tls?: TargetTls;
  /** Undefined: what the environment says. */
  readonly proxy?: URL | 'none';
  /** Private and loopback addresses are refused too. */
  readonly publicOnly?: boolean;
}

/** PEM texts. */
export interface TargetTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** The receiver's certificate is not checked. */
  readonly insecure?: boolean;
}

/** The same for targets that may share a connection. It holds secrets: not to be shown. */
export function poolKey({ origin, tls = {}, proxy, publicOnly = false }: Target): string {
  const { ca, cert, key, servername, insecure = false } = tls;
  const way = [String(proxy), publicOnly, ca, cert, key, servername, insecure];
  return JSON.stringify([origin, ...way]);
}
