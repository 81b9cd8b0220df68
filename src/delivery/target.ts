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

const KEYS = new WeakMap<Target, string>();

/** The same for targets that may share a connection. It holds secrets: not to be shown. */
export function poolKey(target: Target): string {
  const known = KEYS.get(target);
  if (known !== undefined) return known;
  const { origin, tls = {}, proxy, publicOnly = false } = target;
  const { ca, cert, key, servername, insecure } = tls;
  const way = [String(proxy), publicOnly, ca, cert, key, servername, insecure ?? false];
  const made = JSON.stringify([origin, ...way]);
  KEYS.set(target, made);
  return made;
}
