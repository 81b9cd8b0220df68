/** A file with one secret in it: named by a setting, or handed over by systemd. No message repeats any of the secret. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Environment } from './environment.ts';
import type { Found } from './identity/found.ts';
import { refuse } from './problems.ts';
import { decodeUtf8, isUtf16, readBytes } from './text-file.ts';

export const PRIVATE_KEY = 'the private key';
const AS_PEM =
  'write it as PEM: openssl pkey -inform DER -in KEY -out KEY.pem (openssl pkcs12 -nodes … for PKCS#12)';

export interface SecretFile {
  /** What problems are said of. */
  readonly where: string;
  /** What belongs into it: `the API token`. */
  readonly holds: string;
  /** The setting that takes the secret itself. */
  readonly directName: string;
}

/** What `where` names, `written`; a relative path begins at `folder`. Throws ConfigError when it cannot be read. */
export function readNamedFile(file: SecretFile, written: string, folder: string): Found {
  const path = resolve(folder, written);
  // It may be the secret itself, so it is not shown.
  if (mayBeSecret(written)) {
    refuse(file.where, 'there is no such file', `set it to a path; ${direct(file)}`);
  }
  const found = readIfThere(file, path);
  if (found === undefined && !/[/\\.]/.test(written)) {
    refuse(file.where, 'there is no such file', `set it to a path; ${direct(file)}`);
  }
  return found ?? refuse(file.where, `there is no file ${path}`);
}

function direct({ holds, directName }: SecretFile): string {
  return `${holds} itself goes into ${directName}`;
}

/** A PEM, a JWK, or the base64 of either. No path that a person writes begins so, or holds a line's end. */
function mayBeSecret(written: string): boolean {
  return /^(?:MI|LS0t|ey)[\w+/]{30}|-----|[{"\n]|\\n|.{1024}/.test(written);
}

/** systemd.exec(5), "Credentials": undefined when there is none of that name. */
export function readCredential(
  environment: Environment,
  name: string,
  holds: string,
): Found | undefined {
  const folder = environment.get('CREDENTIALS_DIRECTORY');
  if (folder === undefined) return undefined;
  const file = { where: `credential ${name}`, holds, directName: '' };
  return readIfThere(file, join(folder.value, name));
}

function readIfThere({ where, holds }: SecretFile, path: string): Found | undefined {
  const file = readBytes(path);
  if (file.kind === 'absent') return undefined;
  if (file.kind === 'folder') refuse(where, `${path} is a folder, not a file`);
  if (file.kind === 'unreadable') {
    refuse(where, `could not read ${path}: ${file.message}`, file.hint);
  }
  const text = decodeUtf8(file.bytes);
  if (text === undefined) {
    const isBinary = holds === PRIVATE_KEY && !isUtf16(file.bytes);
    refuse(where, `${path} is not UTF-8 text`, isBinary ? AS_PEM : 'save it as UTF-8');
  }
  if (text.trim() === '') refuse(where, `${path} is empty`, `put ${holds} in it`);
  return { value: text, where, from: `${where} ${path}`, path, isFromDotEnv: false };
}

/** What to say when anyone on this machine may read the file; nothing on Windows, where modes say nothing. */
export function openToOthers(path: string, where: string): readonly string[] {
  if (process.platform === 'win32') return [];
  const isOpen = (statSync(path).mode & 0o004) !== 0;
  return isOpen ? [`${where}: ${path} can be read by everyone on this machine; chmod 600 it`] : [];
}
