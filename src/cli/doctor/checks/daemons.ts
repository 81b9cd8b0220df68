/** Which loghooks run on this machine, as far as their state folders and the list of processes show. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StateError } from '../../../errors.ts';
import { holderOf, lookAtLock } from '../../../state/database/folder.ts';
import { shownPath } from '../../io.ts';
import { LISTEN, subFolders } from '../../org-state.ts';
import { type Finding, finding } from '../finding.ts';
import type { Machine } from '../machine.ts';
import type { Scene } from '../scene.ts';

const MOST_SHOWN = 8;

interface Running {
  readonly folder: string;
  readonly pid: number;
}

/** Of the org, and of the whole machine. */
export function checkDaemons(scene: Scene): readonly Finding[] {
  const { folder, machine, siblings = [] } = scene;
  if (folder === undefined) return [];
  const elsewhere = elsewhereOf(scene, folder);
  const strange = elsewhere.filter((one) => !isTwin(one, folder) && !siblings.includes(one.folder));
  const pids = [folder, ...listensIn(folder), ...siblings].map(holderOf);
  return [
    ...checkOwnDaemon(scene),
    ...strange.map(other),
    ...strangers(machine, new Set([...pids, ...elsewhere.map(({ pid }) => pid)])),
  ];
}

/** Which daemon reads the org. */
export function checkOwnDaemon(scene: Scene): readonly Finding[] {
  const { folder } = scene;
  if (folder === undefined) return [];
  const twins = elsewhereOf(scene, folder).filter((one) => isTwin(one, folder));
  return [onFolder(scene, folder), ...twins.map(twin), ...listensIn(folder).map(listenFinding)];
}

function onFolder({ state, siblings = [] }: Scene, folder: string): Finding {
  const pid = state.standing?.holderPid ?? holderOf(folder);
  if (pid !== undefined) {
    return finding('daemon-running', `a daemon runs on this state folder (pid ${pid})`);
  }
  const lock = lookAtLock(folder);
  if (lock.kind === 'hidden') {
    const found = `whether a daemon runs on this state folder cannot be seen (${lock.why})`;
    const fix = 'run doctor as the user that loghook runs as: sudo -u loghook loghook doctor';
    return finding('daemon-unknown', found, fix);
  }
  const [ofOthers] = siblings.map(holderOf).filter((one) => one !== undefined);
  if (ofOthers !== undefined) {
    const found = `the daemon (pid ${ofOthers}) runs other orgs of the file, and this one not: an error ended it, or it is new there`;
    const fix = 'see what is said above, and its log; a reload (SIGHUP) tries again at once';
    return finding('daemon-partly', found, fix);
  }
  return finding('daemon-none', 'no daemon runs on this state folder', 'start it: loghook run');
}

function listensIn(folder: string): string[] {
  return foldersIn(folder).filter((path) => LISTEN.test(basename(path)));
}

function elsewhereOf({ machine, config }: Scene, folder: string): Running[] {
  return runningIn(rootsOf(machine, config.stateFolder), folder);
}

/** It reads the same org. */
function isTwin({ folder }: Running, own: string): boolean {
  return basename(folder) === basename(own);
}

/** Where loghook keeps state when nobody says where, and where the system's service does. */
function rootsOf({ home, root }: Machine, own: string | undefined): string[] {
  const usual = [
    join(home, '.local', 'state', 'loghook'),
    join(home, 'Library', 'Application Support', 'loghook'),
    join(root, 'var', 'lib', 'loghook'),
  ];
  return [...new Set([...(own === undefined ? [] : [own]), ...usual])];
}

function runningIn(roots: readonly string[], own: string): Running[] {
  return roots
    .flatMap(foldersIn)
    .filter((folder) => folder !== own)
    .flatMap((folder) => {
      const pid = holderOf(folder);
      return pid === undefined ? [] : [{ folder, pid }];
    });
}

/** None where we may not look: then nothing can be seen there. */
function foldersIn(folder: string): string[] {
  try {
    return subFolders(folder);
  } catch (error) {
    if (error instanceof StateError) return [];
    throw error;
  }
}

function other({ folder, pid }: Running): Finding {
  const found = `another org's daemon runs on ${shownPath(folder)} (pid ${pid})`;
  return finding('daemon-elsewhere', found);
}

function twin({ folder, pid }: Running): Finding {
  const found = `another daemon reads this org with ${shownPath(folder)} (pid ${pid}): both use up its rate limit, and receivers may get events twice`;
  const fix = 'stop one of them: often a service and a terminal run at the same time';
  return finding('daemon-twin', found, fix);
}

function listenFinding(folder: string): Finding {
  const pid = holderOf(folder);
  const running = pid === undefined ? 'does not run' : `runs (pid ${pid})`;
  return finding(
    'daemon-listening',
    `a loghook listen with state of its own ${running}: ${shownPath(folder)}`,
  );
}

/** Linux shows the names of all processes; bin/loghook.js gives itself one that holds no URL. */
function strangers({ root }: Machine, known: ReadonlySet<number | undefined>): Finding[] {
  const pids = loghooks(join(root, 'proc')).filter((pid) => pid !== process.pid && !known.has(pid));
  if (pids.length === 0) return [];
  const shown = `${pids.slice(0, MOST_SHOWN).join(', ')}${pids.length > MOST_SHOWN ? ' …' : ''}`;
  const words =
    pids.length === 1
      ? `another loghook runs (pid ${shown})`
      : `${pids.length} other loghooks run (pids ${shown})`;
  return [finding('daemon-elsewhere', `${words}, with state elsewhere or none`)];
}

function loghooks(proc: string): number[] {
  try {
    return readdirSync(proc)
      .filter((name) => /^\d+$/.test(name) && nameOf(join(proc, name, 'comm')) === 'loghook')
      .map(Number);
  } catch {
    return []; // no Linux
  }
}

function nameOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // it has ended meanwhile
  }
}
