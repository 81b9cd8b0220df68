/** Whether each route's receiver can be reached as a delivery would reach it. Nothing is sent; routes go by name alone. */
import { X509Certificate } from 'node:crypto';
import { Connector } from '../../../delivery/connector.ts';
import { targetOf } from '../../../delivery/destination.ts';
import { networkWords } from '../../../delivery/network-words.ts';
import { poolKey } from '../../../delivery/target.ts';
import type { Route } from '../../../routing/route.ts';
import { duration } from '../../words/time.ts';
import { type Connection, connectOnce, type Fault, isLookedUp } from '../connection.ts';
import { type Finding, type FindingId, finding } from '../finding.ts';
import type { Scene } from '../scene.ts';
import { EXPIRING_MS } from './network.ts';

const CONNECT_MS = 6_000;

export async function checkRoutes(scene: Scene): Promise<readonly Finding[]> {
  const { file } = scene.config;
  if (file === undefined) return [];
  const inForce = [...file.routes.all, ...(file.heartbeat === undefined ? [] : [file.heartbeat])];
  const connect = connecter(scene);
  const looked = await Promise.all(
    inForce.map(async (route) => [
      ...reachOf(route.name, await connect(route), scene.clock.now()),
      ...carelessness(route),
      ...ownCertificate(route, scene.clock.now()),
    ]),
  );
  const disabled = file.routes.disabled.map(({ name }) =>
    finding('route-disabled', `${name} is disabled: nothing is sent to it`),
  );
  return [...looked.flat(), ...disabled];
}

/** What is reached in the very same way is reached once. */
function connecter({ config, clock, machine }: Scene): (route: Route) => Promise<Reached> {
  const known = new Map<string, Promise<Reached>>();
  const { proxyFor } = config;
  const options = {
    clock,
    ...(machine.lookup !== undefined && { lookup: machine.lookup }),
    ...(proxyFor !== undefined && { proxyFor }),
  };
  return (route) => {
    const target = targetOf(route);
    const key = poolKey(target);
    const connection = known.get(key) ?? connect(new Connector(target, options), clock);
    known.set(key, connection);
    return connection;
  };
}

interface Reached {
  readonly connection: Connection;
  readonly connector: Connector;
}

async function connect(connector: Connector, clock: Scene['clock']): Promise<Reached> {
  const looksUp = isLookedUp(new URL(connector.origin), connector.proxyHost);
  const limits = { clock, looksUp, limitMs: CONNECT_MS, proxy: connector.proxy };
  try {
    return { connector, connection: await connectOnce(connector.prepare(), limits) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const fault = { at: 'tls-failed', error } as const;
    return { connector, connection: { kind: 'failed', times: {}, fault } };
  }
}

function reachOf(name: string, { connection, connector }: Reached, now: number): Finding[] {
  if (connection.kind === 'failed') return [unreached(name, connection.fault)];
  const { times, certificate } = connection;
  const took = duration((times.dnsMs ?? 0) + (times.connectMs ?? 0) + (times.tlsMs ?? 0));
  const { proxyHost, isForwarded } = connector;
  if (isForwarded) {
    const found = `${name}: its proxy ${proxyHost} is reached in ${took}, the receiver is not asked`;
    return [finding('route-reached', found)];
  }
  const through = proxyHost === undefined ? '' : ` through the proxy ${proxyHost}`;
  const reached = `${name}: reached in ${took}${through}`;
  if (certificate === undefined) return [finding('route-reached', reached)];
  const leftMs = certificate.validTo - now;
  // One that has expired is reached where it is not checked.
  const validity = leftMs > 0 ? `valid for ${duration(leftMs)}` : 'has expired';
  const words = `${reached}, certificate ${validity}`;
  if (leftMs > EXPIRING_MS) return [finding('route-reached', words)];
  return [finding('route-expiring', words, "have the receiver's owner renew its certificate")];
}

const CHECK_PROXY = "check the route's proxy, HTTPS_PROXY and NO_PROXY";
const PROXY: readonly [FindingId, fix: string] = ['route-proxy', CHECK_PROXY];
const NAME_ISSUER =
  "name who issued it with tls.ca in loghook.yaml, or with NODE_EXTRA_CA_CERTS if it is your company's";

const UNREACHED: Readonly<Record<Fault['at'], readonly [id: FindingId, fix: string]>> = {
  address: ['route-address', 'name another host, or drop publicOnly if it is meant to be private'],
  dns: ['route-dns', "check the host name in its URL, and this machine's name server"],
  connect: ['route-unreachable', 'is the receiver running, and is a firewall between?'],
  'proxy-dns': PROXY,
  'proxy-unreachable': PROXY,
  'proxy-credentials': PROXY,
  'proxy-refused': PROXY,
  'proxy-failed': PROXY,
  'tls-expired': ['route-tls', "have the receiver's owner renew it, or check this machine's clock"],
  'tls-early': ['route-tls', "check this machine's clock: it may be behind"],
  'tls-name': ['route-tls', 'check the host in its URL, or say whose it is with tls.servername'],
  'tls-issuer': ['route-tls', NAME_ISSUER],
  'tls-failed': ['route-tls', 'write http:// if it speaks no TLS; check tls.cert and tls.key'],
};

function unreached(name: string, { at, error }: Fault): Finding {
  const [id, fix] = UNREACHED[at];
  return finding(id, `${name}: ${networkWords(error)}`, fix);
}

/** Whoever stands between can read and change every event. */
function carelessness({ name, tls, url }: Route): Finding[] {
  if (tls?.insecure !== true || url.protocol !== 'https:') return [];
  const found = `${name} is INSECURE: the certificate of its receiver is not checked`;
  return [
    finding('route-insecure', found, 'name who issued it with tls.ca, and drop tls.insecure'),
  ];
}

function ownCertificate({ name, tls }: Route, now: number): Finding[] {
  const validTo = endOf(tls?.cert);
  if (validTo === undefined || validTo - now > EXPIRING_MS) return [];
  const when = validTo <= now ? 'has expired' : `ends in ${duration(validTo - now)}`;
  const found = `${name}: the certificate that we show it (tls.cert) ${when}`;
  return [finding('route-own-certificate', found, 'get a new one and put it into its file')];
}

/** Undefined where there is none, or none that can be read: then it was not reached, which says so. */
function endOf(cert: string | undefined): number | undefined {
  if (cert === undefined) return undefined;
  try {
    return Date.parse(new X509Certificate(cert).validTo);
  } catch {
    return undefined;
  }
}
