/** How the org is reached: once as a run would, and once more without believing anybody to see who stands in between. */
import { Opening } from '../../dial.ts';
import { type Certificate, type Connection, connectOnce, isLookedUp } from './connection.ts';
import type { Scene } from './scene.ts';

export interface OrgConnection {
  readonly org: URL;
  /** What it goes through. */
  readonly proxy?: URL;
  readonly isOpen: boolean;
  readonly connection: Connection;
  /** The certificate that was not believed. */
  readonly shown?: Certificate;
}

const CONNECT_MS = 6_000;
const LOOK_MS = 2_000;

export async function connectToOrg({
  clock,
  machine,
  config,
}: Pick<Scene, 'clock' | 'machine' | 'config'>): Promise<OrgConnection | undefined> {
  const { orgUrl: org, proxyFor } = config;
  if (org === undefined) return undefined;
  // An http org is a practice org on this machine: no proxy lies before it.
  const proxy = org.protocol === 'https:' ? proxyFor?.(org) : undefined;
  const way = { url: org, proxy, judge: () => undefined, lookup: machine.lookup, clock };
  const limits = { clock, looksUp: isLookedUp(org, proxy?.host), proxy };
  const connection = await connectOnce(new Opening(way), { ...limits, limitMs: CONNECT_MS });
  const isOpen = connection.kind === 'open';
  const found = { org, isOpen, connection, ...(proxy !== undefined && { proxy }) };
  if (connection.kind === 'open' || !connection.fault.at.startsWith('tls-')) return found;
  const look = new Opening({ ...way, tls: { insecure: true } });
  const looked = await connectOnce(look, { ...limits, limitMs: LOOK_MS });
  const shown = looked.kind === 'open' ? looked.certificate : undefined;
  return { ...found, ...(shown !== undefined && { shown }) };
}
