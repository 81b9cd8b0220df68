/**
 * Which proxy a request goes through, if any: HTTPS_PROXY for https, HTTP_PROXY for http, NO_PROXY for neither; each in
 * lower case too, which wins, as for curl. A loopback host is never proxied. No message repeats a user name or password.
 */
import { hostOf, isWithin, type Network, parseNetwork, refusedLiteral } from '../address.ts';
import { schemeOf } from '../routing/route.ts';
import type { Environment, Setting } from './environment.ts';
import { readAll, refuse } from './problems.ts';
import { quote } from './quote.ts';

/** The proxy for `url`; undefined: none. */
export type ProxyFor = (url: URL) => URL | undefined;

const EXAMPLE = 'write it like http://proxy.example:3128';
const ESCAPE = 'in a user name or password write @ as %40, # as %23, / as %2F and ? as %3F';

/** Throws ConfigError with every problem of the three. */
export function proxySettings(environment: Environment): ProxyFor {
  const { http, https, isExempt } = readAll({
    http: () => proxyNamed('HTTP_PROXY', environment),
    https: () => proxyNamed('HTTPS_PROXY', environment),
    isExempt: () => exemptions(eitherCase('NO_PROXY', environment)),
  });
  return (url) => {
    const proxy = url.protocol === 'https:' ? https : http;
    return proxy === undefined || isLoopbackHost(url) || isExempt(url) ? undefined : proxy;
  };
}

interface ProxyFault {
  readonly error: string;
  readonly hint: string;
}

/** A proxy as a person wrote it. Neither `error` nor `hint` repeats any of it but its scheme and a literal address. */
export function parseProxy(text: string): URL | ProxyFault {
  const written = text.trim();
  const scheme = schemeOf(written);
  const full = scheme === undefined ? `http://${written}` : written;
  if (scheme !== undefined && !/^https?$/i.test(scheme)) {
    return { error: `its scheme is ${scheme}, not http or https`, hint: EXAMPLE };
  }
  const hint = written.includes('@') ? ESCAPE : EXAMPLE;
  if (/[\s\p{Cc}]/u.test(full) || !URL.canParse(full)) return { error: 'it is not a URL', hint };
  const url = new URL(full);
  return faultOf(url, hint) ?? url;
}

function faultOf(url: URL, hint: string): ProxyFault | undefined {
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return { error: 'it has a path, a query or a fragment, which a proxy does not', hint };
  }
  const refused = refusedLiteral(url);
  if (refused !== undefined) return { error: refused, hint: 'name the proxy that you mean' };
  return canDecode(url) ? undefined : { error: 'it holds a stray %', hint: 'write a % as %25' };
}

function proxyNamed(name: string, environment: Environment): URL | undefined {
  const setting = eitherCase(name, environment);
  if (setting === undefined) return undefined;
  const parsed = parseProxy(setting.value);
  return parsed instanceof URL ? parsed : refuse(setting.name, parsed.error, parsed.hint);
}

function eitherCase(name: string, environment: Environment): Setting | undefined {
  return environment.get(name.toLowerCase()) ?? environment.get(name);
}

type Exempts = (url: URL) => boolean;

function exemptions(setting: Setting | undefined): Exempts {
  const entries = setting?.value.split(/[\s,]+/).filter((entry) => entry !== '') ?? [];
  const all = entries.map((entry) => exemption(entry.toLowerCase(), setting?.name ?? 'NO_PROXY'));
  return (url) => all.some((exempts) => exempts(url));
}

/** One of `*`, an address, a network, a host (with all below it), `.suffix` (only what is below); each with a port or none. */
function exemption(entry: string, where: string): Exempts {
  if (entry === '*') return () => true;
  const network = parseNetwork(entry);
  if (network !== undefined) return (url) => isWithin(network, hostOf(url));
  if (entry.includes('/')) {
    refuse(where, `${quote(entry)} is not a network`, 'write it like 10.0.0.0/8');
  }
  const [, bracketed, bare, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
  const host = bracketed ?? bare ?? entry;
  const isHost = hostMatch(host.replace(/^\*(?=\.)/, ''));
  return (url) => isHost(url) && (port === undefined || Number(port) === portOf(url));
}

function hostMatch(host: string): Exempts {
  const address = parseNetwork(host);
  if (address !== undefined) return inside(address);
  if (host.startsWith('.')) return (url) => nameOf(url).endsWith(host);
  return (url) => nameOf(url) === host || nameOf(url).endsWith(`.${host}`);
}

function inside(network: Network): Exempts {
  return (url) => isWithin(network, hostOf(url));
}

function nameOf(url: URL): string {
  return hostOf(url).replace(/\.$/, '');
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

const LOOPBACK = [parseNetwork('127.0.0.0/8'), parseNetwork('::1')];

function isLoopbackHost(url: URL): boolean {
  const name = nameOf(url);
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return LOOPBACK.some((network) => network !== undefined && isWithin(network, name));
}

function canDecode({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}
