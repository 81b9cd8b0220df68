/** Makes an identity of what was written for one org, wherever that stood. Nothing secret is ever repeated. */
import type { Identity } from '../../okta/credentials.ts';
import { readAll, refuse } from '../problems.ts';
import { cleanToken } from './api-token.ts';
import type { Written } from './found.ts';
import { type PrivateKey, parsePrivateKey } from './private-key.ts';

export interface WrittenIdentity {
  readonly token?: Written | undefined;
  readonly clientId?: Written | undefined;
  /** The text of the key, not the path of its file. */
  readonly privateKey?: Written | undefined;
  readonly keyId?: Written | undefined;
}

/** What hints call the settings. */
export interface IdentityNames {
  /** What the problem is said of when nothing is set at all. */
  readonly missing: string;
  readonly token: string;
  readonly clientId: string;
  readonly privateKey: string;
}

/** Who loghook is to the org, and in words where that was found; nothing of the secret. */
export interface FoundIdentity {
  readonly identity: Identity;
  /** Of the token, or of the private key. */
  readonly identityFrom: string;
  /** Of a service app. */
  readonly app?: AppWords;
}

interface AppWords {
  readonly clientIdFrom: string;
  /** `RSA 2048`. */
  readonly keyKind: string;
  /** Undefined: no key id is sent. */
  readonly keyIdFrom?: string;
}

/** Throws ConfigError with everything that is wrong with it. */
export function readIdentity(
  written: WrittenIdentity,
  names: IdentityNames,
): FoundIdentity & { readonly notes: readonly string[] } {
  const { token, clientId, privateKey } = written;
  if (token !== undefined && privateKey !== undefined) refuseBoth(token, privateKey, clientId);
  if (token !== undefined) return fromToken(token, clientId);
  if (privateKey === undefined && clientId !== undefined) {
    refuse(
      clientId.where,
      `the private key of this app is not set (the client id is: ${clientId.from})`,
      `set ${names.privateKey}`,
    );
  }
  if (privateKey === undefined) {
    refuse(
      names.missing,
      'it is not set',
      `make a token in the Admin Console (Security > API > Tokens) and set ${names.token}; for a service app set ${names.clientId} and ${names.privateKey}`,
    );
  }
  return fromApp(written, privateKey, names);
}

function refuseBoth(token: Written, key: Written, clientId: Written | undefined): never {
  const app = clientId === undefined ? key.where : `${clientId.where} and ${key.where}`;
  refuse(
    token.where,
    `both an API token (${token.from}) and a service app (${key.from}) are set`,
    `unset ${token.where} to be the app, or ${app} to use the token`,
  );
}

function fromToken(written: Written, clientId: Written | undefined) {
  const { token, notes } = cleanToken(written);
  const idle =
    clientId === undefined
      ? []
      : [`${clientId.where}: it is not used, as there is an API token and no private key`];
  const identity: Identity = Object.freeze({ kind: 'token', token });
  return {
    identity,
    identityFrom: written.from,
    notes: [...(written.notes ?? []), ...notes, ...idle],
  };
}

function fromApp(written: WrittenIdentity, privateKey: Written, names: IdentityNames) {
  const { clientId, keyId, key } = readAll({
    clientId: () => readClientId(written.clientId, privateKey, names),
    keyId: () => written.keyId && readWord(written.keyId, 'key id'),
    key: () => readKey(privateKey),
  });
  const kid = keyId ?? key.keyId;
  const keyIdFrom = keyId === undefined ? key.keyId && 'kid in the key' : written.keyId?.from;
  const identity: Identity = Object.freeze({
    kind: 'app',
    clientId: clientId.value,
    privateKey: key.key,
    ...(kid !== undefined && { keyId: kid }),
  });
  const app = {
    clientIdFrom: clientId.from,
    keyKind: key.kind,
    ...(keyIdFrom !== undefined && { keyIdFrom }),
  };
  return { identity, identityFrom: privateKey.from, app, notes: privateKey.notes ?? [] };
}

function readClientId(written: Written | undefined, key: Written, names: IdentityNames) {
  if (written !== undefined) return { value: readWord(written, 'client id'), from: written.from };
  return refuse(
    key.where,
    'the client id of the app that this key belongs to is not set',
    `set ${names.clientId}: it stands on the page of the app in the Admin Console`,
  );
}

/** A client id or a key id; it is not shown, as people paste the wrong thing. */
function readWord({ where, value }: Written, what: string): string {
  const word = value.trim().replace(/^(["'])(.*)\1$/, '$2');
  if (/^[\x21-\x7e]{1,255}$/.test(word)) return word;
  return refuse(where, `the ${what} is not one plain word`, 'copy it again, and nothing else');
}

function readKey({ value, where, path }: Written): PrivateKey {
  const read = parsePrivateKey(value);
  if (!('error' in read)) return read;
  return refuse(where, `${path ?? 'it'} ${read.error}`, read.hint);
}
