/**
 * Which addresses may be connected to. Pure: it judges the number that would be dialled, in whatever spelling it comes,
 * and an IPv4 address inside an IPv6 one as the IPv4 address that a translator or tunnel would make of it.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** Nothing that an Okta event may ever be sent to: credentials live there, or it is no single host. */
const NEVER = table([
  ['169.254.169.254/32', 'cloud metadata'],
  ['169.254.170.2/32', 'cloud metadata'], // tasks of Amazon ECS
  ['169.254.42.42/32', 'cloud metadata'], // Scaleway
  ['169.254.0.0/16', 'link-local'],
  ['100.100.100.200/32', 'cloud metadata'], // Alibaba
  ['168.63.129.16/32', 'cloud metadata'], // Azure's wire server
  ['192.0.0.192/32', 'cloud metadata'], // Oracle
  ['0.0.0.0/8', 'unspecified'],
  ['255.255.255.255/32', 'broadcast'],
  ['224.0.0.0/4', 'multicast'],
  ['fd00:ec2::254/128', 'cloud metadata'], // AWS
  ['fd20:ce::254/128', 'cloud metadata'], // Google
  ['fd00:42::42/128', 'cloud metadata'], // Scaleway
  ['fe80::/10', 'link-local'],
  ['::/128', 'unspecified'],
  ['ff00::/8', 'multicast'],
]);

/** https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry */
const NOT_PUBLIC = table([
  ['127.0.0.0/8', 'loopback'],
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'shared by a provider'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'documentation'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['198.18.0.0/15', 'benchmarking'],
  ['192.88.99.0/24', 'reserved'],
  ['240.0.0.0/4', 'reserved'],
  ['::1/128', 'loopback'],
  ['fc00::/7', 'private'],
  ['fec0::/10', 'private'],
  ['64:ff9b:1::/48', 'private'],
  ['100::/64', 'reserved'],
  ['2001:2::/48', 'benchmarking'],
  ['2001:10::/28', 'reserved'],
  ['2001:20::/28', 'reserved'],
  ['2001:db8::/32', 'documentation'],
  ['3fff::/20', 'documentation'],
]);

const MAPPED = network('::ffff:0:0/96');
const COMPATIBLE = network('::/96');
const NAT64 = network('64:ff9b::/96');
const GLOBAL = network('2000::/3');

/** Where IPv6 carries an IPv4 address, and at which byte. */
const CARRIERS: readonly (readonly [network: Network, at: number, isInverted?: boolean])[] = [
  [MAPPED, 12],
  [COMPATIBLE, 12],
  [NAT64, 12],
  [network('::ffff:0:0:0/96'), 12], // translated, RFC 2765
  [network('64:ff9b:1::/48'), 12], // NAT64 of a site
  [network('2002::/16'), 2], // 6to4
  [network('2001::/32'), 12, true], // Teredo
];

export interface Network {
  readonly bytes: readonly number[];
  readonly bits: number;
}

type Table = readonly (readonly [network: Network, what: string])[];

/** Why `address` is never connected to, in words; undefined: it may be. */
export function neverConnected(address: string): string | undefined {
  const what = found(NEVER, address);
  return what === undefined ? undefined : `${address} is never connected to (${what})`;
}

/** Why a route that is `publicOnly` does not connect to `address`; undefined: it does. */
export function notPublic(address: string): string | undefined {
  const never = neverConnected(address);
  if (never !== undefined) return never;
  const what = found(NOT_PUBLIC, address) ?? outsideGlobal(address);
  return what === undefined
    ? undefined
    : `${address} is refused (${what}): the route is publicOnly`;
}

/** The address that a URL's host is, without brackets; undefined if it is a name. */
export function literalOf(url: URL): string | undefined {
  const host = hostOf(url);
  return isIPv4(host) || isIPv6(host) ? host : undefined;
}

/** Why an address that stands in the URL itself is not connected to. A name is judged when it is looked up. */
export function refusedLiteral(url: URL, publicOnly = false): string | undefined {
  const literal = literalOf(url);
  if (literal === undefined) return undefined;
  return publicOnly ? notPublic(literal) : neverConnected(literal);
}

/** A URL's host as it is dialled: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Names that mean one address wherever they mean anything. A dot at the end changes nothing. */
const KNOWN_NAMES: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  'localhost.localdomain': '127.0.0.1',
  'ip6-localhost': '::1',
  metadata: '169.254.169.254', // Google, inside its networks
  'metadata.goog': '169.254.169.254',
  'metadata.google.internal': '169.254.169.254',
  'instance-data': '169.254.169.254', // Amazon, inside its networks
  'instance-data.ec2.internal': '169.254.169.254',
  'metadata.tencentyun.com': '169.254.0.23',
};

/** The address of a host that somebody else, a proxy, looks up: as far as it is known here. */
export function knownAddressOf(host: string): string | undefined {
  if (isIPv4(host) || isIPv6(host)) return host;
  const name = host.toLowerCase().replace(/\.$/, '');
  if (name.endsWith('.localhost')) return '127.0.0.1';
  return Object.hasOwn(KNOWN_NAMES, name) ? KNOWN_NAMES[name] : undefined;
}

/** Whether what is sent to `url` stays on this machine. */
export function isLoopback(url: URL): boolean {
  const address = knownAddressOf(hostOf(url)) ?? '';
  return address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}

/** `10.0.0.0/8`, `fd00::/8`, or an address alone; undefined if it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', width, ...more] = text.split('/');
  const bytes = bytesOf(address);
  if (bytes === undefined || more.length > 0) return undefined;
  if (width === undefined) return { bytes, bits: bytes.length * 8 };
  const bits = /^\d{1,3}$/.test(width) ? Number(width) : Number.NaN;
  return bits <= bytes.length * 8 ? { bytes, bits } : undefined;
}

export function isWithin({ bytes, bits }: Network, address: string): boolean {
  const given = bytesOf(address);
  return given !== undefined && matches({ bytes, bits }, given);
}

function found(rows: Table, address: string): string | undefined {
  const bytes = bytesOf(address);
  if (bytes === undefined) return 'not an address';
  const all = [bytes, ...carried(bytes)];
  return rows.find(([one]) => all.some((each) => matches(one, each)))?.[1];
}

/** What is neither given out to anybody nor judged by the IPv4 address in it. */
function outsideGlobal(address: string): string | undefined {
  const bytes = bytesOf(address);
  if (bytes === undefined || bytes.length === 4) return undefined;
  return [GLOBAL, MAPPED, NAT64].some((one) => matches(one, bytes)) ? undefined : 'reserved';
}

function carried(bytes: readonly number[]): (readonly number[])[] {
  if (bytes.length === 4 || isLoopback6(bytes)) return [];
  return CARRIERS.filter(([one]) => matches(one, bytes)).map(([, at, isInverted = false]) =>
    bytes.slice(at, at + 4).map((byte) => (isInverted ? byte ^ 0xff : byte)),
  );
}

/** `::1` is no IPv4-compatible address, though it looks like 0.0.0.1. */
function isLoopback6(bytes: readonly number[]): boolean {
  return bytes.every((byte, at) => byte === (at === 15 ? 1 : 0));
}

function matches({ bytes, bits }: Network, address: readonly number[]): boolean {
  if (bytes.length !== address.length) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at += 1) if (bytes[at] !== address[at]) return false;
  const shift = 8 - (bits & 7);
  return shift === 8 || (bytes[whole] ?? 0) >> shift === (address[whole] ?? 0) >> shift;
}

/** 4 or 16 bytes; a zone (`%eth0`) is no part of an address. */
function bytesOf(address: string): readonly number[] | undefined {
  if (isIPv4(address)) return address.split('.').map(Number);
  const bare = address.split('%', 1)[0] ?? '';
  if (!isIPv6(bare)) return undefined;
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1); // hexadecimal groups, nothing dotted
  const [head = '', tail] = canonical.split('::');
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = Array<number>(16 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after];
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new Error(`${text} is not a network`);
  return parsed;
}

function table(rows: readonly (readonly [text: string, what: string])[]): Table {
  return rows.map(([text, what]) => [network(text), what]);
}
