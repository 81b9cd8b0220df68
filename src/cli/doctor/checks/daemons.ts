/** Which loghooks run on this machine, as far as their state folders and the list of processes show. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { StateError } from '../../../errors.ts';
import { holderOf } from '../../../state/database/folder.ts';
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

export function checkDaemons({ folder, config, machine, state }: Scene): readonly Finding[] {
  if (folder === undefined) return [];
  const here = state.standing?.holderPid ?? holderOf(folder);
  const listening = foldersIn(folder).filter((path) => LISTEN.test(basename(path)));
  const elsewhere = runningIn(rootsOf(machine, config.stateFolder), folder);
  const known = [here, ...[...listening].map(holderOf), ...elsewhere.map(({ pid }) => pid)];
  return [
    here === undefined
      ? finding('daemon-none', 'no daemon runs on this state folder', 'start it: loghook run')
      : finding('daemon-running', `a daemon runs on this state folder (pid ${here})`),
    ...elsewhere.map((one) => other(one, folder)),
    ...listening.map(listenFinding),
    ...strangers(machine, new Set(known)),
  ];
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

function other({ folder, pid }: Running, own: string): Finding {
  if (basename(folder) !== basename(own)) {
    return finding(
      'daemon-elsewhere',
      `another org's daemon runs on ${shownPath(folder)} (pid ${pid})`,
    );
  }
  const found = `another daemon reads this org with ${shownPath(folder)} (pid ${pid}): both use up its rate limit, and receivers may get events twice`;
  return finding(
    'daemon-twin',
    found,
    'stop one of them: often a service and a terminal run at the same time',
  );
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
