/**
 * The settings of Okta's SDKs and command line in the environment. A secret among them is for the org whose URL stands in
 * the same place.
 */
import { basename } from 'node:path';
import type { Environment } from '../environment.ts';
import { refuse } from '../problems.ts';
import { openToOthers, PRIVATE_KEY, readNamedFile } from '../secret-file.ts';
import { type Found, findSetting } from './found.ts';
import type { FoundSettings } from './sources.ts';

export const OTHER_URL_NAME = 'OKTA_CLIENT_ORGURL';

/** Throws ConfigError when something of it cannot be read. A relative path is looked up in `cwd`. */
export function clientIdentity(environment: Environment, cwd: string): FoundSettings {
  const url = findSetting(environment, OTHER_URL_NAME);
  const token = findSetting(environment, 'OKTA_CLIENT_TOKEN');
  const privateKey = findSetting(environment, 'OKTA_CLIENT_PRIVATEKEY');
  return chosenByMode(findSetting(environment, 'OKTA_CLIENT_AUTHORIZATIONMODE'), {
    token: token && besideUrl(token, url),
    clientId: findSetting(environment, 'OKTA_CLIENT_CLIENTID'),
    privateKey:
      privateKey &&
      besideUrl(keyOrFile(privateKey, environment.withHome(privateKey.value), cwd), url),
    keyId: findSetting(environment, 'OKTA_CLIENT_KEYID'),
    scopes: findSetting(environment, 'OKTA_CLIENT_SCOPES'),
  });
}

/** A URL in another place says nothing of this secret. */
function besideUrl(secret: Found, url: Found | undefined): Found {
  return url?.isFromDotEnv === secret.isFromDotEnv ? { ...secret, beside: url } : secret;
}

/** As the SDKs have it: the setting holds the key, or the path of its file, `path`, which may begin at `folder`. */
export function keyOrFile(key: Found, path: string, folder: string): Found {
  if (/-----BEGIN|^\s*["']?\s*\{/.test(key.value) || !/[/\\.]/.test(key.value)) return key;
  const named = { where: key.where, holds: PRIVATE_KEY, directName: key.where };
  const found = readNamedFile(named, path.trim(), folder);
  const notes = openToOthers(found.path ?? '', key.where);
  return { ...found, from: `${key.from} (${basename(found.path ?? '')})`, notes };
}

/** Their `authorizationMode` says which of the two is meant when both are there. */
export function chosenByMode(mode: Found | undefined, found: FoundSettings): FoundSettings {
  const word = mode?.value.trim().toLowerCase();
  if (word === 'bearer' && mode !== undefined && found.token !== undefined) {
    refuse(
      mode.where,
      'Bearer says that the token is an OAuth access token, which loghook does not take',
      'set OKTA_API_KEY to an API token, or OKTA_CLIENT_ID and OKTA_PRIVATE_KEY_FILE',
    );
  }
  if (word === 'privatekey' && found.privateKey !== undefined)
    return { ...found, token: undefined };
  if (word === 'ssws' && found.token !== undefined) {
    return { ...found, privateKey: undefined, clientId: undefined };
  }
  return found;
}
