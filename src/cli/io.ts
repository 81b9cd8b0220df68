/** The outside world as the commands see it; handed to `main`, so that no command reaches for it itself. */
import { homedir, release } from 'node:os';
import { relative } from 'node:path';
import { isatty } from 'node:tty';
import type { Surroundings } from '../config/config.ts';
import type { Variables } from '../config/environment.ts';

export interface Output {
  write(
    chunk: string | Uint8Array,
    /** Called when it is taken or refused. */
    done?: (error?: Error | null) => void,
  ): unknown;
  readonly isTTY?: boolean | undefined;
  readonly fd?: number | undefined;
  /** How wide a terminal is, in characters. */
  readonly columns?: number | undefined;
}

export interface Input extends NodeJS.ReadableStream {
  readonly isTTY?: boolean | undefined;
}

export interface Io {
  readonly env: Variables;
  readonly cwd: string;
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Opened only by who reads it. */
  readonly stdin: () => Input;
}

/** What the settings are read from. `logTo` is where this command's log goes. */
export function surroundings(io: Io, now: number, logTo: Output): Surroundings {
  return {
    env: io.env,
    cwd: io.cwd,
    platform: process.platform,
    homedir: homedir(),
    isTerminal: logTo.isTTY === true,
    now,
  };
}

/** Whether a person's terminal hangs on this process: then its going away (SIGHUP) is meant for us. */
export function startedFromTerminal({ stdout, stderr }: Io): boolean {
  return stdout.isTTY === true || stderr.isTTY === true || isatty(0);
}

/** https://no-color.org: on a terminal, unless NO_COLOR is set to anything. */
export function wantsColours(output: Output, env: Variables): boolean {
  return output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** `loghook/1.0.0 node/20.18.1 linux/6.1.0`: what Okta and the receivers see. */
export function userAgentOf(version: string): string {
  return `loghook/${version} node/${process.versions.node} ${process.platform}/${release()}`;
}

/** A path as a person would write it: `~/…` below home. */
export function shownPath(path: string): string {
  const home = homedir();
  const below = relative(home, path);
  return home === '' || below.startsWith('..') || below === path ? path : `~/${below}`;
}
