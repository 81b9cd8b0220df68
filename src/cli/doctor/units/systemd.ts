/** Reads units of systemd, with their drop-ins, as far as doctor needs: systemd.syntax(7), systemd.service(5), systemd.exec(5). */
import { dirname, isAbsolute, join } from 'node:path';
import { entryOf, optionIn, type Unit } from './unit.ts';

/** Every value of a setting, in order. An empty one takes back those before it. */
type Settings = ReadonlyMap<string, readonly string[]>;

interface UnitText {
  readonly path: string;
  /** Of the unit, then of its drop-ins. */
  readonly texts: readonly string[];
  /** A user's own service, with its home; undefined: the system's. */
  readonly home?: string;
}

/** Undefined when it starts something else than loghook. */
export function parseSystemdUnit({ path, texts, home }: UnitText): Unit | undefined {
  const settings = settingsIn(texts.join('\n'));
  const command = settings
    .get('ExecStart')
    ?.at(-1)
    ?.replace(/^[-@:+!|]+/, '');
  if (command === undefined || !/loghook/.test(command)) return undefined;
  const expand = (text: string) => expanded(text, home);
  const words = wordsIn(command).map(expand);
  const environment = environmentIn(settings, expand);
  const stateFolder = stateFolderOf({ words, environment, settings, home });
  return {
    path,
    words,
    environment,
    ...filesOf(settings, expand),
    restarts: !['', 'no'].includes(settings.get('Restart')?.at(-1) ?? ''),
    ...(stateFolder !== undefined && { stateFolder }),
  };
}

function settingsIn(text: string): Settings {
  const settings = new Map<string, string[]>();
  const joined = text.replace(/\\\r?\n/g, ' ');
  for (const line of joined.split(/\r?\n/)) {
    const [, name, value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    settings.set(name, value === '' ? [] : [...(settings.get(name) ?? []), value]);
  }
  return settings;
}

const WORD = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(\S+)/g;

function wordsIn(text: string): string[] {
  return [...text.matchAll(WORD)].map(([, double, single, bare]) =>
    (double ?? single ?? bare ?? '').replace(/\\(.)/g, '$1').replaceAll('$$', '$'),
  );
}

/** `%h` and `%%`; what else there is stays as it stands. */
function expanded(text: string, home = '/root'): string {
  return text.replace(/%([h%])/g, (_, letter) => (letter === 'h' ? home : '%'));
}

function environmentIn(
  settings: Settings,
  expand: (text: string) => string,
): Record<string, string> {
  const pairs = (settings.get('Environment') ?? []).flatMap(wordsIn).map((word) => {
    const at = word.indexOf('=');
    return [word.slice(0, at), expand(word.slice(at + 1))];
  });
  return Object.fromEntries(pairs);
}

/** A `-` before a path says that it may be missing. */
function filesOf(settings: Settings, expand: (text: string) => string) {
  const written = (settings.get('EnvironmentFile') ?? []).map(expand);
  const credentials = (settings.get('LoadCredential') ?? [])
    .map((value) => expand(value.split(':')[1] ?? ''))
    .filter(isAbsolute);
  return {
    needs: [...written.filter(isAbsolute), ...credentials],
    settingsFiles: written.map((path) => path.replace(/^-/, '')).filter(isAbsolute),
    credentialFolders: [...new Set(credentials.map((path) => dirname(path)))],
  };
}

interface StateWords {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly home: string | undefined;
}

/** As config/state-folder.ts finds it there. */
function stateFolderOf({ words, environment, settings, home }: StateWords): string | undefined {
  const named = optionIn(words, '--state', '-s') ?? environment.LOGHOOK_STATE;
  if (named !== undefined) return named;
  const [directory] = settings.get('StateDirectory')?.at(0)?.split(/\s+/) ?? [];
  if (directory !== undefined && home === undefined) return join('/var/lib', directory);
  // Started by way of something else, its words and its home may be others: `docker run`, `sh -c`.
  if (directory !== undefined || home === undefined || entryOf(words) === undefined)
    return undefined;
  return join(environment.XDG_STATE_HOME ?? join(home, '.local', 'state'), 'loghook');
}
