/** The API token as people copy it, and where loghook's own settings hold it. No message repeats any of it. */
import type { Environment } from '../environment.ts';
import { refuse } from '../problems.ts';
import { openToOthers, readCredential, readNamedFile } from '../secret-file.ts';
import { type Found, findSetting, type Written } from './found.ts';

/** Where systemd's LoadCredential puts it (systemd.exec(5), "Credentials"). */
const TOKEN_CREDENTIAL = 'okta-api-key';
const HOLDS = 'the API token';

/** OKTA_API_KEY or OKTA_API_KEY_FILE (looked up in `cwd`), else the credential. Throws ConfigError if one cannot be read. */
export function ownToken(environment: Environment, cwd: string): Found | undefined {
  const token = findSetting(environment, 'OKTA_API_KEY');
  const file = findSetting(environment, 'OKTA_API_KEY_FILE');
  if (token !== undefined && file !== undefined) {
    refuse(
      'OKTA_API_KEY',
      `both ${bracketed(token)} and ${bracketed(file)} are set`,
      'unset one of them',
    );
  }
  if (file === undefined) return token ?? readCredential(environment, TOKEN_CREDENTIAL, HOLDS);
  const named = { where: file.where, holds: HOLDS, directName: 'OKTA_API_KEY' };
  const found = readNamedFile(named, environment.withHome(file.value.trim()), cwd);
  return { ...found, notes: openToOthers(found.path ?? '', file.where) };
}

/** `OKTA_API_KEY (in .env)`. */
export function bracketed({ where, from }: Written): string {
  return `${where} (${from.slice(where.length + 1)})`;
}

/** The bare token. Throws ConfigError if no header could carry it. */
export function cleanToken({ where, value: text }: Written): {
  readonly token: string;
  readonly notes: readonly string[];
} {
  const bare = text.trim().replace(/^(["'])(.*)\1$/, '$2');
  const token = bare.replace(/^(?:Authorization:\s*)?SSWS\s+/i, '');
  const notes = token === bare ? [] : [`${where}: "SSWS" is taken off; the token alone is enough`];
  if (/\s/.test(token)) {
    refuse(where, 'the token holds white space', 'it is one word: was more than the token copied?');
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    refuse(
      where,
      'the token holds a character that no header can carry',
      'tokens are made of letters, digits, - and _: copy it again',
    );
  }
  return { token, notes };
}
