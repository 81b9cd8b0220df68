/** The state folder as a place on a disk: whether it can be written, who may read it, how much is free. */
import { existsSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, reasonOf } from '../../../errors.ts';
import { shownPath } from '../../io.ts';
import { megabytes } from '../bytes.ts';
import { type Finding, finding } from '../finding.ts';
import type { Machine } from '../machine.ts';
import type { Scene } from '../scene.ts';

/** A page of events, and the log that is written ahead of it: with less it stops to read. */
const LEAST_BYTES = 128_000_000;
/** What history may come to; with less it lets go of what could be replayed. */
const HISTORY_BYTES = 1_000_000_000;

export function checkDisk({ folder, machine, state, config }: Scene): readonly Finding[] {
  if (folder === undefined) {
    const fix = config.hasUnreadOrgs
      ? 'mend what is said above, then ask again'
      : 'set OKTA_ORG_URL, or name the folder with --state';
    return [finding('folder-unknown', 'which state folder it would be is not known', fix)];
  }
  const bytes = state.soundness.kind === 'read' ? state.soundness.bytes : 0;
  return [...folderFindings(folder, machine), ...room(folder, machine, bytes)];
}

function folderFindings(folder: string, machine: Machine): Finding[] {
  const there = nearest(folder);
  const unwritable = writable(there, machine);
  if (unwritable !== undefined) return [unwritable, ...networkDisk(there, machine)];
  if (there !== folder) {
    const found = `${shownPath(folder)} is not there yet: the first run makes it`;
    return [finding('folder-missing', found), ...networkDisk(there, machine)];
  }
  const careful = [
    ...owner(folder, machine),
    ...privacy(folder, machine),
    ...networkDisk(there, machine),
  ];
  if (careful.length > 0) return careful;
  return [
    finding('folder-fine', `${shownPath(folder)} can be written, and nobody else may read it`),
  ];
}

/** The folder, or what is there of the way to it. */
function nearest(folder: string): string {
  let path = folder;
  while (!existsSync(path) && dirname(path) !== path) path = dirname(path);
  return path;
}

const NAME_ANOTHER = 'name a folder that you may write to with --state';
const RUN_AS = `run it as the user that loghook runs as, or ${NAME_ANOTHER}`;
const MOUNT = `its disk is mounted read-only, perhaps after a fault of it (dmesg): mount it for writing, or ${NAME_ANOTHER}`;

function writable(path: string, { mayWrite }: Machine): Finding | undefined {
  if (!statSync(path).isDirectory()) {
    return finding('folder-unwritable', `${shownPath(path)} is a file, not a folder`, NAME_ANOTHER);
  }
  try {
    mayWrite(path);
    return undefined;
  } catch (error) {
    return finding(
      'folder-unwritable',
      `${shownPath(path)} cannot be written (${reasonOf(error)})`,
      codeOf(error) === 'EROFS' ? MOUNT : RUN_AS,
    );
  }
}

function owner(folder: string, { uid }: Machine): Finding[] {
  const owned = statSync(folder).uid;
  if (uid === undefined || owned === uid) return [];
  const found = `${shownPath(folder)} belongs to user ${owned}, and this runs as ${uid}`;
  return [
    finding(
      'folder-owner',
      found,
      'run doctor as the user that loghook runs as: sudo -u loghook loghook doctor',
    ),
  ];
}

/** Events hold names and addresses of people. */
function privacy(folder: string, { platform }: Machine): Finding[] {
  if (platform === 'win32' || !isOpen(statSync(folder))) return [];
  const found = `${shownPath(folder)} can be read by others of this machine`;
  return [finding('folder-open', found, `chmod 700 '${folder}'`)];
}

function isOpen({ mode }: Stats): boolean {
  return (mode & 0o077) !== 0;
}

/** By the magic numbers of statfs(2). */
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
]);

function networkDisk(path: string, { platform, fileSystem }: Machine): Finding[] {
  const type = platform === 'linux' ? fileSystem(path)?.type : undefined;
  const name = type === undefined ? undefined : NETWORK.get(type);
  if (name === undefined) return [];
  const found = `${shownPath(path)} is on a network file system (${name}), where SQLite's locks cannot be trusted`;
  return [
    finding(
      'folder-network',
      found,
      'keep the state on a disk of this machine: --state or LOGHOOK_STATE',
    ),
  ];
}

function room(folder: string, { fileSystem }: Machine, usedBytes: number): Finding[] {
  const freeBytes = fileSystem(nearest(folder))?.freeBytes;
  if (freeBytes === undefined) return [];
  const free = `${megabytes(freeBytes)} free on the disk of the state folder`;
  if (freeBytes < LEAST_BYTES) {
    const found = `${free}: with less than ${megabytes(LEAST_BYTES)} it may have to stop reading`;
    return [
      finding('disk-full', found, 'free some space; nothing is lost meanwhile, events come late'),
    ];
  }
  const wanted = Math.max(LEAST_BYTES, HISTORY_BYTES - usedBytes);
  if (freeBytes >= wanted) return [finding('disk-free', free)];
  const found = `${free}: history may come to ${megabytes(HISTORY_BYTES)}, and is let go earlier`;
  return [
    finding('disk-low', found, 'free some space if delivered events are to be replayed later'),
  ];
}
