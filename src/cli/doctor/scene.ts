/** What the checks look at: the settings as far as they can be read, this machine, and what several checks ask once. */
import type { Clock } from '../../clock.ts';
import { loadPartialConfigs, type PartialConfig } from '../../config/partial.ts';
import { refuse } from '../../config/problems.ts';
import { orgFolder } from '../../config/state-folder.ts';
import { StateError } from '../../errors.ts';
import { silentLog } from '../../log.ts';
import { askOnce, type ProbeAnswer } from '../../okta/probe.ts';
import { Trouble } from '../../okta/trouble/trouble.ts';
import type { Route } from '../../routing/route.ts';
import { readStanding, type Standing } from '../../state/beside/standing.ts';
import { type Soundness, soundnessOf } from '../../state/database/soundness.ts';
import { type Io, surroundings, userAgentOf } from '../io.ts';
import { hasState, subFolders } from '../org-state.ts';
import { proxyOption } from '../system-log.ts';
import type { DoctorFlags } from './add-doctor.ts';
import { routesToSend } from './checks/send.ts';
import type { Machine } from './machine.ts';
import { connectToOrg, type OrgConnection } from './org-connection.ts';

export interface Scene {
  readonly io: Io;
  readonly clock: Clock;
  readonly machine: Machine;
  readonly config: PartialConfig;
  /** The org's own sub-folder of the state folder, where both are known. */
  readonly folder?: string;
  /** Those of the other orgs of the file: each has a scene of its own. */
  readonly siblings?: readonly string[];
  readonly state: StateLook;
  /** The routes that a test event is to be sent to. */
  readonly toSend: readonly Route[];
  /** How the org is reached; undefined where it is not known. */
  readonly orgConnection: () => Promise<OrgConnection | undefined>;
  /** Why Okta is not asked: it grants the daemon that runs here nothing as it is. */
  readonly spentWhy?: string;
  /** What Okta answered to one question; undefined where it was not asked. */
  readonly oktaAnswer: () => Promise<ProbeAnswer | undefined>;
}

/** What the state folder says, of one moment. */
interface StateLook {
  readonly soundness: Soundness;
  /** Absent where there is none of this loghook's own version, or it cannot be read. */
  readonly standing?: Standing;
}

const ANSWER_MS = 9_000;
const LATE = `no answer within ${ANSWER_MS / 1_000} s`;

/** One for each org, or the one that `--org` names. @throws ConfigError for words of the command line that mean nothing */
export async function openScenes(
  flags: DoctorFlags,
  { io, clock, machine }: Pick<Scene, 'io' | 'clock' | 'machine'>,
): Promise<readonly Scene[]> {
  const { config, state, org, send } = flags;
  const input = surroundings(io, clock.now(), io.stdout);
  const configs = await loadPartialConfigs({ ...input, flags: { config, state, org } });
  if (configs.length > 1 && Array.isArray(send)) {
    refuse('--send', 'there are several orgs', 'name the one that has these routes with --org');
  }
  const scenes = await Promise.all(
    configs.map((config) => sceneOf({ io, clock, machine, config }, send)),
  );
  return scenes.map((scene) => ({
    ...scene,
    siblings: scenes.flatMap(({ folder = '' }) => (folder === scene.folder ? [] : [folder])),
  }));
}

type Parts = Pick<Scene, 'io' | 'clock' | 'machine' | 'config'>;

/** One org's. @throws ConfigError where `send` names no route */
export async function sceneOf(parts: Parts, send: DoctorFlags['send']): Promise<Scene> {
  const { clock, config } = parts;
  const orgConnection = once(() => connectToOrg(parts));
  const folder = folderOf(config);
  // Before anything is waited for: it blocks this process for as long as the disk takes.
  const state = await lookAtState(folder, clock.now());
  const spentWhy = spentIn(state);
  return {
    ...parts,
    ...(folder !== undefined && { folder }),
    state,
    toSend: routesToSend(config, send),
    orgConnection,
    ...(spentWhy !== undefined && { spentWhy }),
    oktaAnswer: once(async () => {
      if (spentWhy !== undefined) return undefined;
      const connection = await orgConnection();
      return connection?.isOpen === true ? ask(parts) : undefined;
    }),
  };
}

/** One request more could be the one that somebody needs. */
function spentIn({ standing }: StateLook): string | undefined {
  const isSpent =
    standing?.holderPid !== undefined && /^HTTP 429\b/.test(standing.trouble?.what ?? '');
  return isSpent
    ? 'the daemon that runs here is over the rate limit just now, so Okta was not asked'
    : undefined;
}

/** As `status` finds it: what `--state` names, if it holds state itself; else the org's; else the only one there is. */
function folderOf({ stateFolder, orgUrl, orgName }: PartialConfig): string | undefined {
  if (stateFolder === undefined) return undefined;
  if (orgName === undefined && hasState(stateFolder)) return stateFolder;
  if (orgUrl !== undefined) return orgFolder(stateFolder, orgUrl);
  try {
    const [only, ...others] = subFolders(stateFolder);
    return others.length === 0 ? only : undefined;
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
}

async function lookAtState(folder: string | undefined, now: number): Promise<StateLook> {
  if (folder === undefined) return { soundness: { kind: 'none' } };
  const soundness = soundnessOf(folder);
  // Reading an older one would make it new; a damaged one says anything.
  if (soundness.kind !== 'read' || soundness.damage !== undefined) return { soundness };
  try {
    return { soundness, standing: await readStanding(folder, now) };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { soundness: { kind: 'unreadable', error } };
  }
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
