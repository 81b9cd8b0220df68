/** Where state lives: one folder a user or service, and in it one sub-folder an org. */
import { posix, win32 } from 'node:path';
import type { Environment } from './environment.ts';
import { refuse } from './problems.ts';

interface StateFolderInput {
  /** `--state`. */
  readonly flag?: string | undefined;
  readonly environment: Environment;
  readonly platform: NodeJS.Platform;
  readonly homedir: string;
  readonly cwd: string;
}

/** An absolute path; nothing is made there. Throws ConfigError if there is no home to put it in. */
export function stateFolder(input: StateFolderInput): string {
  const { flag, environment, homedir, cwd } = input;
  const path = input.platform === 'win32' ? win32 : posix;
  const named = flag ?? environment.get('LOGHOOK_STATE')?.value.trim();
  if (named !== undefined) {
    if (named.trim() === '') refuse('--state', 'it is empty', 'name a folder');
    // A shell expands ~ itself, but .env and unit files have no shell.
    if (!/^~(?=$|[/\\])/.test(named)) return path.resolve(cwd, named);
    if (!path.isAbsolute(homedir)) refuseHomeless();
    return path.join(homedir, named.slice(1));
  }
  // systemd gives a list, separated by colons, when a unit has several (systemd.exec(5), StateDirectory=).
  const ofService = environment.get('STATE_DIRECTORY')?.value.split(':')[0];
  if (ofService !== undefined && ofService !== '') return path.resolve(cwd, ofService);
  return platformFolder(input, path);
}

/** The sub-folder of an org: its host, with `-port` where the URL has one. */
export function orgFolder(stateFolder: string, orgUrl: URL): string {
  const path = /^(?:[a-z]:[\\/]|\\\\)/i.test(stateFolder) ? win32 : posix;
  const host = orgUrl.hostname.replace(/[[\]]/g, '').replaceAll(':', '_');
  return path.join(stateFolder, orgUrl.port === '' ? host : `${host}-${orgUrl.port}`);
}

function platformFolder(input: StateFolderInput, path: typeof posix): string {
  const { environment, platform, homedir } = input;
  const base = platform === 'win32' ? 'LOCALAPPDATA' : 'XDG_STATE_HOME';
  const given = platform === 'darwin' ? undefined : environment.get(base)?.value;
  // A relative one is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
  if (given !== undefined && path.isAbsolute(given)) return path.join(given, 'loghook');

  if (!path.isAbsolute(homedir)) refuseHomeless();
  if (platform === 'win32') return path.join(homedir, 'AppData', 'Local', 'loghook');
  if (platform === 'darwin') return path.join(homedir, 'Library', 'Application Support', 'loghook');
  return path.join(homedir, '.local', 'state', 'loghook');
}

function refuseHomeless(): never {
  refuse('state folder', 'there is no home folder to keep it in', 'name one with --state DIR');
}
