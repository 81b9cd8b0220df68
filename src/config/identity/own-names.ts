/** loghook's own settings for who it is to Okta. */
import type { Environment } from '../environment.ts';
import { refuse } from '../problems.ts';
import { openToOthers, PRIVATE_KEY, readCredential, readNamedFile } from '../secret-file.ts';
import { bracketed, ownToken } from './api-token.ts';
import { type Found, findSetting } from './found.ts';
import type { FoundSettings } from './sources.ts';

/** Where systemd's LoadCredential puts it (systemd.exec(5), "Credentials"). */
const KEY_CREDENTIAL = 'okta-private-key';

/** Throws ConfigError when something of it cannot be read. Relative files are looked up in `cwd`. */
export function ownIdentity(environment: Environment, cwd: string): FoundSettings {
  return {
    token: ownToken(environment, cwd),
    clientId: findSetting(environment, 'OKTA_CLIENT_ID'),
    privateKey: ownPrivateKey(environment, cwd),
    keyId: findSetting(environment, 'OKTA_KEY_ID'),
  };
}

function ownPrivateKey(environment: Environment, cwd: string): Found | undefined {
  const key = findSetting(environment, 'OKTA_PRIVATE_KEY');
  const file = findSetting(environment, 'OKTA_PRIVATE_KEY_FILE');
  if (key !== undefined && file !== undefined) {
    refuse(
      'OKTA_PRIVATE_KEY',
      `both ${bracketed(key)} and ${bracketed(file)} are set`,
      'unset one of them',
    );
  }
  if (key !== undefined) return refusePath(key);
  if (file === undefined) return readCredential(environment, KEY_CREDENTIAL, PRIVATE_KEY);
  const named = { where: file.where, holds: PRIVATE_KEY, directName: 'OKTA_PRIVATE_KEY' };
  const found = readNamedFile(named, environment.withHome(file.value.trim()), cwd);
  return { ...found, notes: openToOthers(found.path ?? '', file.where) };
}

/** It begins as a path does, or ends as a file's name does. */
const PATH = /^(?:(?:~|\.{0,2}[/\\]|[a-z]:[/\\])[^\n]*|[\w./\\-]+\.(?:pem|key|jwk|json|txt))$/i;

function refusePath(key: Found): Found {
  if (!PATH.test(key.value.trim())) return key;
  return refuse(
    key.where,
    'it is a path, not the key itself',
    'set OKTA_PRIVATE_KEY_FILE to the path',
  );
}
