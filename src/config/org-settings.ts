/** Which org, and the token for it. A folder's `.env` must not direct a token that came from elsewhere to its own host. */
import { join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Identity } from '../okta/credentials.ts';
import type { Environment, Setting } from './environment.ts';
import { parseOrgUrl } from './org-url.ts';
import { readAll, refuse } from './problems.ts';
import { decodeUtf8, type FileBytes, readBytes } from './text-file.ts';

/** Where systemd's LoadCredential puts it (systemd.exec(5), "Credentials"). */
const CREDENTIAL = 'okta-api-key';
/** What other Okta tools call the two; named in a hint when loghook's own names are missing. */
const OTHER_URL_NAMES = ['OKTA_CLIENT_ORGURL', 'OKTA_ORGURL', 'OKTA_URL', 'OKTA_DOMAIN'];
const OTHER_TOKEN_NAMES = ['OKTA_CLIENT_TOKEN', 'OKTA_API_TOKEN', 'OKTA_TOKEN'];

export interface OrgSettings {
  readonly org: { readonly url: URL; readonly notes: readonly string[] };
  readonly identity: Identity;
  /** Where the secret was found, in words; nothing of it. */
  readonly identityFrom: string;
}

interface Token {
  readonly value: string;
  /** Where it came from, in words. */
  readonly from: string;
  /** Whether that is `.env` itself, or anywhere else. */
  readonly isFromDotEnv: boolean;
  readonly notes: readonly string[];
}

/** Throws ConfigError with everything that is wrong with either. A relative token file is looked up in `cwd`. */
export function orgSettings(environment: Environment, cwd: string): OrgSettings {
  const { org, token } = readAll({
    org: () => readOrg(environment),
    token: () => readToken(environment, cwd),
  });
  if (org.isFromDotEnv && !token.isFromDotEnv) {
    refuse(
      'OKTA_ORG_URL',
      'it comes from .env, but the token does not: the token is not sent to a host that a folder names',
      'set OKTA_ORG_URL where the token is set, or OKTA_API_KEY in .env too',
    );
  }
  const notes = Object.freeze([...org.notes, ...token.notes]);
  return Object.freeze({
    org: Object.freeze({ url: org.url, notes }),
    identity: Object.freeze({ kind: 'token', token: token.value }),
    identityFrom: token.from,
  });
}

/** The host of the org alone, for what needs no token; undefined where none is set. @throws ConfigError */
export function orgHostIn(environment: Environment): string | undefined {
  return environment.get('OKTA_ORG_URL') === undefined ? undefined : readOrg(environment).url.host;
}

function readOrg(environment: Environment) {
  const setting = environment.get('OKTA_ORG_URL');
  if (setting === undefined) {
    refuse(
      'OKTA_ORG_URL',
      'it is not set',
      `set it to your org, like https://acme.okta.com${otherNames(environment, OTHER_URL_NAMES)}`,
    );
  }
  const parsed = parseOrgUrl(setting.value);
  if ('error' in parsed) refuse('OKTA_ORG_URL', parsed.error, parsed.hint);
  const notes = parsed.notes.map((note) => `OKTA_ORG_URL: ${note}`);
  return { url: parsed.url, notes, isFromDotEnv: setting.from === '.env' };
}

/** Throws ConfigError when there is none, or none that could be used. */
export function readToken(environment: Environment, cwd: string): Token {
  const key = environment.get('OKTA_API_KEY');
  const file = environment.get('OKTA_API_KEY_FILE');
  if (key !== undefined && file !== undefined) {
    refuse(
      'OKTA_API_KEY',
      `both OKTA_API_KEY (${origin(key)}) and OKTA_API_KEY_FILE (${origin(file)}) are set`,
      'unset one of them',
    );
  }
  if (key !== undefined) {
    const from = `${key.name} ${origin(key)}`;
    return { ...cleanToken(key.name, key.value), from, isFromDotEnv: key.from === '.env' };
  }
  if (file !== undefined) return readTokenFile(file.value.trim(), cwd);
  return readCredential(environment) ?? refuseMissing(environment);
}

function origin(setting: Setting): string {
  return setting.from === '.env' ? 'in .env' : 'in the environment';
}

function readTokenFile(written: string, cwd: string): Token {
  const path = resolve(cwd, written);
  const file = readBytes(path);
  if (file.kind === 'absent' && !/[/\\.]/.test(written)) {
    // It may be the token itself, so it is not shown.
    refuse(
      'OKTA_API_KEY_FILE',
      'there is no such file',
      'set it to a path; a token goes into OKTA_API_KEY',
    );
  }
  if (file.kind === 'absent') refuse('OKTA_API_KEY_FILE', `there is no file ${path}`);
  return tokenOf('OKTA_API_KEY_FILE', path, file);
}

function readCredential(environment: Environment): Token | undefined {
  const folder = environment.get('CREDENTIALS_DIRECTORY');
  if (folder === undefined) return undefined;
  const path = join(folder.value, CREDENTIAL);
  const file = readBytes(path);
  return file.kind === 'absent' ? undefined : tokenOf('credential okta-api-key', path, file);
}

function tokenOf(where: string, path: string, file: Exclude<FileBytes, { kind: 'absent' }>): Token {
  if (file.kind === 'folder') refuse(where, `${path} is a folder, not a file`);
  if (file.kind === 'unreadable') {
    refuse(where, `could not read ${path}: ${file.message}`, file.hint);
  }
  const text = decodeUtf8(file.bytes);
  if (text === undefined) refuse(where, `${path} is not UTF-8 text`, 'save it as UTF-8');
  if (text.trim() === '') refuse(where, `${path} is empty`, 'put the API token in it');
  return { ...cleanToken(where, text), from: `${where} ${path}`, isFromDotEnv: false };
}

/** Never repeats any of the token. */
function cleanToken(where: string, text: string): Pick<Token, 'value' | 'notes'> {
  const bare = text.trim().replace(/^(["'])(.*)\1$/, '$2');
  const value = bare.replace(/^(?:Authorization:\s*)?SSWS\s+/i, '');
  const notes = value === bare ? [] : [`${where}: "SSWS" is taken off; the token alone is enough`];
  if (/\s/.test(value)) {
    refuse(where, 'the token holds white space', 'it is one word: was more than the token copied?');
  }
  if (!/^[\x21-\x7e]+$/.test(value)) {
    refuse(
      where,
      'the token holds a character that no header can carry',
      'tokens are made of letters, digits, - and _: copy it again',
    );
  }
  return { value, notes };
}

function refuseMissing(environment: Environment): never {
  throw new ConfigError([
    {
      where: 'OKTA_API_KEY',
      message: 'it is not set',
      hint: `make a token in the Admin Console (Security > API > Tokens) and set OKTA_API_KEY or OKTA_API_KEY_FILE${otherNames(environment, OTHER_TOKEN_NAMES)}`,
    },
  ]);
}

function otherNames(environment: Environment, names: readonly string[]): string {
  const set = names.filter((name) => environment.get(name) !== undefined);
  return set.length === 0 ? '' : ` (${set.join(', ')} is set, but loghook does not read it)`;
}
