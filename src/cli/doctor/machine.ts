/** This machine, as the checks ask it; tests put parts of another in its place. */
import { accessSync, constants, statfsSync } from 'node:fs';
import type { LookupFunction } from 'node:net';
import { homedir } from 'node:os';

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** May be empty. */
  readonly home: string;
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  /** Where the system's own files begin: `/`. */
  readonly root: string;
  readonly lookup?: LookupFunction;
  /** Throws the system's error when we may not write there. */
  readonly mayWrite: (path: string) => void;
  /** Undefined where the system does not say. */
  readonly fileSystem: (path: string) => FileSystem | undefined;
}

interface FileSystem {
  /** Linux's magic number of it. */
  readonly type: number;
  /** For a process without privileges. */
  readonly freeBytes: number;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    home: homedir(),
    uid: process.getuid?.(),
    root: '/',
    mayWrite: (path) => accessSync(path, constants.W_OK),
    fileSystem,
  };
}

function fileSystem(path: string): FileSystem | undefined {
  try {
    const { type, blocks, bavail, bsize } = statfsSync(path);
    return blocks === 0 ? undefined : { type, freeBytes: bavail * bsize };
  } catch {
    return undefined; // some sandboxes forbid to ask; the disk itself says when it is full
  }
}
