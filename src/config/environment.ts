/** Settings by name: the environment, then `.env` in the working directory, which never overrides it. */
import { isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import { refuse } from './problems.ts';
import { decodeUtf8, readBytes } from './text-file.ts';

/** The only settings of loghook that `.env` may make: it often belongs to a project that is not loghook's. */
const OWN_NAMES = /^(OKTA|LOGHOOK)_/;

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Setting {
  readonly name: string;
  /** Never empty; as written, white space included. */
  readonly value: string;
  readonly from: 'environment' | '.env';
}

export class Environment {
  readonly #variables: Variables;
  readonly #dotEnv: Variables;
  readonly #wholeDotEnv: Variables;

  constructor(variables: Variables, wholeDotEnv: Variables = {}) {
    this.#variables = variables;
    this.#wholeDotEnv = wholeDotEnv;
    this.#dotEnv = Object.fromEntries(
      Object.entries(wholeDotEnv).filter(([name]) => OWN_NAMES.test(name)),
    );
  }

  /** Never from `.env`: a folder must not say whose settings are read. Undefined for services without one. */
  get homedir(): string | undefined {
    const { HOME, USERPROFILE } = this.#variables;
    const home = HOME || USERPROFILE;
    return home !== undefined && isAbsolute(home) ? home : undefined;
  }

  /** A path with `~` for the home: a shell expands that itself, but `.env` and unit files have no shell. */
  withHome(path: string): string {
    const rest = /^~(?=$|[/\\])(.*)$/s.exec(path.trim())?.[1];
    return rest === undefined || this.homedir === undefined ? path : join(this.homedir, rest);
  }

  /** What a routes file asks for by its name, whatever that is; undefined when it is set nowhere or blank. */
  named(name: string): string | undefined {
    const value = this.#variables[name] ?? this.#wholeDotEnv[name];
    return value === undefined || value.trim() === '' ? undefined : value;
  }

  /** Undefined when it is set nowhere or blank. A name that is in the environment, even blank, hides the one in `.env`. */
  get(name: string): Setting | undefined {
    const outer = this.#variables[name];
    const value = outer ?? this.#dotEnv[name];
    if (value === undefined || value.trim() === '') return undefined;
    return { name, value, from: outer === undefined ? '.env' : 'environment' };
  }
}

/** Throws ConfigError if there is a `.env` in `cwd` that cannot be read; none is fine. */
export function readEnvironment(variables: Variables, cwd: string): Environment {
  const file = readBytes(join(cwd, '.env'));
  if (file.kind === 'absent') return new Environment(variables);
  if (file.kind === 'folder') return new Environment(variables); // Python projects keep a virtual environment there
  if (file.kind === 'unreadable') refuse('.env', `could not read it: ${file.message}`, file.hint);
  const text = decodeUtf8(file.bytes);
  if (text === undefined) refuse('.env', 'it is not UTF-8 text', 'save it as UTF-8');
  return new Environment(variables, parseEnv(text));
}
