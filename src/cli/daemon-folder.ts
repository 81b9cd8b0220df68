/** Where the daemon of an org keeps its state, for a command that needs none itself. Makes and opens nothing. */
import { basename } from 'node:path';
import type { SettingsInput } from '../config/config.ts';
import type { Environment } from '../config/environment.ts';
import { orgFolder, stateFolder } from '../config/state-folder.ts';
import { ConfigError } from '../errors.ts';

/** By the org's URL; undefined where there is no home to look in, which such a command is not refused for. */
type DaemonFolder = (orgUrl: URL) => string | undefined;

/** @throws ConfigError when `--state` cannot be meant. */
export function daemonFolder(input: SettingsInput, environment: Environment): DaemonFolder {
  const flag = input.flags.state;
  const root = rootOf({ ...input, flag, environment });
  return (orgUrl) => {
    if (root === undefined) return undefined;
    const folder = orgFolder(root, orgUrl);
    // It may be named itself, as in the commands that look at state.
    return basename(root) === basename(folder) ? root : folder;
  };
}

function rootOf(input: Parameters<typeof stateFolder>[0]): string | undefined {
  try {
    return stateFolder(input);
  } catch (error) {
    if (input.flag !== undefined || !(error instanceof ConfigError)) throw error;
    return undefined;
  }
}
