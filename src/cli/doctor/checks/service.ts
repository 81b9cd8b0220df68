/** Whether a service that starts loghook can: its program, its files, its state folder. Nobody is asked but the files. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../../../errors.ts';
import { shownPath } from '../../io.ts';
import { type Finding, finding } from '../finding.ts';
import type { Machine } from '../machine.ts';
import type { Scene } from '../scene.ts';
import { findUnits } from '../units/find.ts';
import { entryOf, optionIn, type Unit } from '../units/unit.ts';

export function checkService(scene: Scene): readonly Finding[] {
  const found = findUnits(scene.machine);
  if (found === undefined) return [];
  const { units, silent } = found;
  if (units.length === 0 && silent.length === 0) {
    const fix =
      'to run it in the background for good: loghook service print systemd (or systemd-user, launchd)';
    return [finding('unit-none', 'no service of this machine starts loghook', fix)];
  }
  return [
    ...units.flatMap((unit) => [...unitFindings(unit, scene), ...ownSettings(unit, scene)]),
    ...silent.map(({ path, why }) => finding('unit-unreadable', `${shownPath(path)} ${why}`)),
  ];
}

const PRINT_AGAIN = 'print it again with the loghook that is to run: loghook service print';

function unitFindings(unit: Unit, scene: Scene): Finding[] {
  const found = [
    ...program(unit, scene.machine),
    ...version(unit, scene),
    ...files(unit, scene.machine),
    ...restart(unit),
    ...stateFolder(unit, scene),
  ];
  if (found.length > 0) return found;
  return [finding('unit-fine', `${shownPath(unit.path)} starts a loghook of this version`)];
}

/** Node, if it is named, and loghook. */
function program({ path, words }: Unit, machine: Machine): Finding[] {
  const entry = entryOf(words);
  const needed = [words[0], entry].filter((word) => word?.startsWith('/'));
  const [missing] = needed.filter((word) => word !== undefined && isMissing(word, machine));
  if (missing === undefined) return [];
  return [
    finding(
      'unit-program',
      `${shownPath(path)} starts ${missing}, which is not there`,
      PRINT_AGAIN,
    ),
  ];
}

function version({ path, words }: Unit, { io, machine }: Scene): Finding[] {
  const entry = entryOf(words);
  const theirs = entry === undefined ? undefined : versionAt(placed(entry, machine));
  if (theirs === undefined || theirs === io.version) return [];
  const found = `${shownPath(path)} starts loghook ${theirs}, and this is ${io.version}`;
  return [
    finding(
      'unit-version',
      found,
      `upgrade the older one and restart the service, or ${PRINT_AGAIN}`,
    ),
  ];
}

/** Of the package that bin/loghook.js belongs to. */
function versionAt(entry: string): string | undefined {
  try {
    const folder = dirname(dirname(realpathSync(entry)));
    const { name, version: found } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return name === 'loghook' && typeof found === 'string' ? found : undefined;
  } catch {
    return undefined; // it is missing, which is said, or installed in another way
  }
}

const FILE_SETTINGS = ['OKTA_API_KEY_FILE', 'OKTA_PRIVATE_KEY_FILE', 'NODE_EXTRA_CA_CERTS'];

function files({ path, words, environment, needs }: Unit, machine: Machine): Finding[] {
  const named = FILE_SETTINGS.map((name) => environment[name]);
  const all = [...needs, ...named, optionIn(words, '--config', '-c')];
  return all
    .filter((file) => file?.startsWith('/') === true && isMissing(file, machine))
    .map((file) => {
      const found = `${shownPath(path)} needs ${file}, which is not there`;
      return finding(
        'unit-file-missing',
        found,
        'make the file as the head of the unit says, or drop its line',
      );
    });
}

function restart({ path, restarts }: Unit): Finding[] {
  if (restarts) return [];
  const found = `${shownPath(path)} is not started again when it ends badly`;
  return [
    finding(
      'unit-restart',
      found,
      'set Restart=on-failure (launchd: KeepAlive), as loghook service print has it',
    ),
  ];
}

function stateFolder(unit: Unit, { config }: Scene): Finding[] {
  const own = config.stateFolder;
  const theirs = unit.stateFolder;
  if (own === undefined || theirs === undefined || resolve(own) === resolve(theirs)) return [];
  const found = `${shownPath(unit.path)} keeps its state in ${theirs}, and this looked at ${shownPath(own)}`;
  return [
    finding('unit-state', found, `to look at the service's: loghook doctor --state ${theirs}`),
  ];
}

/** What this was started with says nothing of what the service is started with. */
function ownSettings(unit: Unit, { config }: Scene): Finding[] {
  const [folder] = unit.credentialFolders;
  if (config.identity !== undefined || folder === undefined) return [];
  const found = `${shownPath(unit.path)} has settings and credentials of its own, which this did not look at`;
  return [finding('unit-settings', found, `to look with them: ${withSettings(unit, folder)}`)];
}

function withSettings({ settingsFiles, words, stateFolder }: Unit, folder: string): string {
  const settings = settingsFiles.map((path) => `. ${path}; `).join('');
  const config = optionIn(words, '--config', '-c');
  const flags = [
    ...(config === undefined ? [] : [`--config ${config}`]),
    ...(stateFolder === undefined ? [] : [`--state ${stateFolder}`]),
  ];
  const command = `CREDENTIALS_DIRECTORY=${folder} exec loghook doctor ${flags.join(' ')}`.trim();
  return `sudo sh -c 'set -a; ${settings}${command}'`;
}

/** False where we may not look: then nothing is said. */
function isMissing(path: string, machine: Machine): boolean {
  try {
    statSync(placed(path, machine));
    return false;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

/** A path of a unit, below the root that it is read from. */
function placed(path: string, { root, home }: Machine): string {
  const isHome = home !== '' && path.startsWith(home);
  return root === '/' || isHome || path.startsWith(root) ? path : join(root, path);
}
