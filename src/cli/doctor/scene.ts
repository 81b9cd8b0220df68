/** What the checks look at: the settings as far as they can be read, this machine, and what several checks ask once. */
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../clock.ts';
import { loadPartialConfig, type PartialConfig } from '../../config/partial.ts';
import { orgFolder } from '../../config/state-folder.ts';
import { silentLog } from '../../log.ts';
import { askOnce, type ProbeAnswer } from '../../okta/probe.ts';
import { Trouble } from '../../okta/trouble.ts';
import { type Io, surroundings, userAgentOf } from '../io.ts';
import { proxyOption } from '../session.ts';
import type { DoctorFlags } from './add-doctor.ts';
import { connectToOrg, type OrgConnection } from './org-connection.ts';

/** This machine; tests put another in its place. */
export interface Machine {
  readonly lookup?: LookupFunction;
}

export interface Scene {
  readonly io: Io;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly config: PartialConfig;
  /** The org's own sub-folder of the state folder, where both are known. */
  readonly folder?: string;
  /** How the org is reached; undefined where it is not known. */
  readonly orgConnection: () => Promise<OrgConnection | undefined>;
  /** What Okta answered to one question; undefined where it was not asked. */
  readonly oktaAnswer: () => Promise<ProbeAnswer | undefined>;
}

const ANSWER_MS = 9_000;
const LATE = `no answer within ${ANSWER_MS / 1_000} s`;

export async function openScene(
  flags: DoctorFlags,
  { io, clock, machine }: Pick<Scene, 'io' | 'clock' | 'machine'>,
): Promise<Scene> {
  const { config: file, state } = flags;
  const input = surroundings(io, clock.now(), io.stdout);
  const config = await loadPartialConfig({ ...input, flags: { config: file, state } });
  const parts = { io, clock, machine, config };
  const orgConnection = once(() => connectToOrg(parts));
  const { stateFolder, orgUrl } = config;
  return {
    ...parts,
    ...(stateFolder !== undefined &&
      orgUrl !== undefined && { folder: orgFolder(stateFolder, orgUrl) }),
    orgConnection,
    oktaAnswer: once(async () => {
      const connection = await orgConnection();
      return connection?.isOpen === true ? ask(parts) : undefined;
    }),
  };
}

async function ask({
  io,
  clock,
  config,
}: Pick<Scene, 'io' | 'clock' | 'config'>): Promise<ProbeAnswer | undefined> {
  const { orgUrl: org, identity, filter, proxyFor } = config;
  if (org === undefined || identity === undefined) return undefined;
  const userAgent = userAgentOf(io.version);
  const late = new AbortController();
  const cancel = clock.after(ANSWER_MS, () => late.abort());
  try {
    return await askOnce(
      {
        ...{ org, identity, clock, log: silentLog(), userAgent },
        ...(filter !== undefined && { filter }),
        ...proxyOption(proxyFor?.(org)),
      },
      late.signal,
    );
  } catch (error) {
    if (late.signal.aborted) return { trouble: new Trouble(LATE, { kind: 'unreachable' }) };
    throw error;
  } finally {
    cancel();
  }
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask();
    return asked;
  };
}
