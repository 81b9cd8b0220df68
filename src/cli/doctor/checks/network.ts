/** Whether the org can be reached: name, proxy, connection, certificate. Nothing is sent. */
import { isIP } from 'node:net';
import { hostOf } from '../../../address.ts';
import { networkWords } from '../../../delivery/network-words.ts';
import type { DialTimes } from '../../../dial.ts';
import { duration, localTime } from '../../words/time.ts';
import type { Certificate, Fault, FaultPlace } from '../connection.ts';
import { type Finding, type FindingId, finding } from '../finding.ts';
import type { OrgConnection } from '../org-connection.ts';
import type { Scene } from '../scene.ts';

/** Certificates are renewed at the latest a week or two before. */
export const EXPIRING_MS = 14 * 86_400_000;

export async function checkNetwork(scene: Scene): Promise<readonly Finding[]> {
  const found = await scene.orgConnection();
  if (found === undefined) {
    return [orgUnknown(scene)];
  }
  const { connection } = found;
  if (connection.kind === 'failed') return failed(found, connection.fault);
  return [
    ...reached(found, connection.times),
    ...tlsOf(found, connection.certificate, scene.clock.now()),
  ];
}

function orgUnknown({ config }: Scene): Finding {
  if (config.hasUnreadOrgs) {
    const found = `the orgs of ${config.routesFileShownAs} cannot be read, so none was reached`;
    return finding('org-unknown', found, 'mend what is said above, then ask again');
  }
  const fix = 'set OKTA_ORG_URL to your org, like https://acme.okta.com';
  return finding('org-unknown', 'no org is set, so none was reached', fix);
}

function reached({ org, proxy }: OrgConnection, times: DialTimes): Finding[] {
  const took = (ms: number | undefined) => duration(ms ?? 0);
  if (proxy !== undefined) {
    return [
      finding('proxy-open', `the proxy ${proxy.host} opens a tunnel to ${org.host}`),
      finding('dns-by-proxy', `${hostOf(org)} is looked up by the proxy`),
    ];
  }
  const isName = isIP(hostOf(org)) === 0;
  return [
    ...(isName ? [finding('dns-found', `${hostOf(org)} found in ${took(times.dnsMs)}`)] : []),
    finding('org-reached', `${org.host} reached in ${took(times.connectMs)}`),
  ];
}

function tlsOf(
  { org }: OrgConnection,
  certificate: Certificate | undefined,
  now: number,
): Finding[] {
  if (org.protocol !== 'https:') {
    return [finding('tls-none', `${org.origin} is http: a practice org on this machine`)];
  }
  if (certificate === undefined) return [];
  const { validTo, issuer } = certificate;
  const words = `the certificate of ${hostOf(org)}, from "${issuer}", is valid until ${localTime(validTo)}`;
  if (validTo - now > EXPIRING_MS) return [finding('tls-valid', words)];
  const fix =
    'its owner has to renew it: Okta does so by itself, for a domain of your own it may be you';
  return [finding('tls-expiring', `${words}, in ${duration(validTo - now)}`, fix)];
}

const ALLOW =
  'allow connections to Okta on port 443, or set HTTPS_PROXY if they go through a proxy';
const PROXY_SETTINGS = 'check HTTPS_PROXY, and NO_PROXY if the org needs no proxy';

/** What each way to fail is, and what to do about it. */
const FAILED: Readonly<Record<FaultPlace, readonly [id: FindingId, fix: string]>> = {
  address: ['org-unreachable', 'check OKTA_ORG_URL'],
  dns: ['dns-failed', "check OKTA_ORG_URL, and this machine's name server (/etc/resolv.conf)"],
  connect: ['org-unreachable', ALLOW],
  'proxy-dns': ['proxy-dns', PROXY_SETTINGS],
  'proxy-unreachable': ['proxy-unreachable', PROXY_SETTINGS],
  'proxy-credentials': [
    'proxy-credentials',
    'put its user and password into HTTPS_PROXY: http://user:password@proxy.example:3128',
  ],
  'proxy-refused': ['proxy-refused', 'have the proxy allow CONNECT to the org on port 443'],
  'proxy-failed': ['proxy-failed', "look at the proxy's own log: it cannot reach the org"],
  'tls-expired': [
    'tls-expired',
    "check this machine's clock; if it is right, its owner has to renew it",
  ],
  'tls-early': ['tls-early', "check this machine's clock: it may be behind"],
  'tls-name': ['tls-name', 'check OKTA_ORG_URL: another server answers under this name'],
  'tls-issuer': [
    'tls-issuer',
    'a proxy of your company may read along: set NODE_EXTRA_CA_CERTS to the PEM file of its certificate authority',
  ],
  'tls-failed': [
    'tls-failed',
    'a firewall may cut TLS, or something that speaks no TLS 1.2 answers there',
  ],
};

function failed({ org, shown }: OrgConnection, { at, error }: Fault): Finding[] {
  const [id, fix] = FAILED[at];
  const who = shown === undefined ? '' : `; it is signed by "${shown.issuer}"`;
  return [finding(id, `${org.host}: ${wordsOf(error)}${who}`, fix)];
}

/** Without the advice that is for routes alone. */
function wordsOf(error: Error): string {
  return networkWords(error)
    .replace(/: [^(]*`ca`/, '')
    .replace('the receiver', 'the org');
}
