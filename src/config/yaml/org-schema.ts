/** What an org in loghook.yaml may say of itself, besides its routes. */
import * as v from 'valibot';
import type { FoundIdentity } from '../identity/identity.ts';
import { parseOrgUrl } from '../identity/org-url.ts';
import { type PrivateKey, parsePrivateKey } from '../identity/private-key.ts';
import { described, durationBetween, maybe, parsed, routeName, wrong } from './fields.ts';
import type { SecretFrom } from './orgs-section.ts';

const orgUrl = parsed((text) => {
  const made = parseOrgUrl(text);
  return 'error' in made ? wrong(made.error, made.hint) : made;
});

const token = parsed<string>((text) => {
  const bare = text.trim().replace(/^(?:Authorization:\s*)?SSWS\s+/i, '');
  return /^[\x21-\x7e]+$/.test(bare)
    ? bare
    : wrong(
        'the token is empty, or holds a character that no token has',
        'a token is one word of letters, digits, - and _: copy it again',
      );
});

const word = parsed<string>((text) =>
  /^[\x21-\x7e]{1,200}$/.test(text) ? text : wrong('it is not one word', 'copy it again from Okta'),
);

const privateKey = parsed<PrivateKey>((text) => {
  const read = parsePrivateKey(text);
  return 'error' in read ? wrong(`it ${read.error}`, read.hint) : read;
});

const filter = parsed<string>((text) =>
  text.trim() === '' ? wrong('it is empty', 'take the line away') : text,
);

export function orgEntries() {
  return {
    name: described(routeName, 'What people see and type, as in --org emea.'),
    url: described(orgUrl, 'The org, like https://acme.okta.com.'),
    token: maybe(token, `Its API token, by reference: \${NAME} or \${file:PATH}.`),
    clientId: maybe(word, 'The client id of a service app, in place of a token.'),
    privateKey: maybe(privateKey, `The app's key, by reference: \${file:PATH} or \${NAME}.`),
    keyId: maybe(word, 'The kid of that key; an app with one key needs none.'),
    filter: maybe(filter, "A filter of Okta's: only events that it wants are read."),
    interval: maybe(
      v.union([v.literal('auto'), durationBetween('1s', '1h')]),
      'How often to poll when nothing is waiting: 15s; or auto, as often as the rate share allows.',
    ),
  };
}

interface Credentials {
  readonly token?: string;
  readonly clientId?: string;
  readonly privateKey?: PrivateKey;
  readonly keyId?: string;
}

/** An org is known to Okta by its token, or by an app and its key. */
export function credentialsCheck<O extends Credentials>() {
  return v.rawCheck<O>(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const message = credentialsFault(dataset.value);
    if (message !== undefined) addIssue({ message });
  });
}

function credentialsFault({ token, clientId, privateKey, keyId }: Credentials): string | undefined {
  const app = [clientId, privateKey, keyId].filter((part) => part !== undefined);
  if (token !== undefined && app.length > 0)
    return 'it has a token and a service app\nkeep one of them';
  if (token !== undefined) return undefined;
  if (app.length === 0)
    return `it has no credentials\nwrite token: \${NAME}, or clientId and privateKey`;
  if (clientId === undefined) return 'it has a private key and no clientId\nwrite both';
  return privateKey === undefined
    ? `it has a clientId and no privateKey\nwrite privateKey: \${file:PATH}`
    : undefined;
}

/** Where what an org says of itself was found; its secret was written as `${NAME}`. */
export interface OrgFrom extends SecretFrom {
  /** How messages name the file. */
  readonly shownAs: string;
}

/** Of an org that passed `credentialsCheck`. */
export function identityOf(org: Credentials, { shownAs, secret }: OrgFrom): FoundIdentity {
  const { token, clientId, privateKey, keyId = privateKey?.keyId } = org;
  const identityFrom = `${secret} in ${shownAs}`;
  if (token !== undefined) return { identity: { kind: 'token', token }, identityFrom };
  if (clientId === undefined || privateKey === undefined) throw new Error('unchecked credentials');
  const { key, kind } = privateKey;
  const keyIdFrom = org.keyId === undefined ? 'kid in the key' : `keyId in ${shownAs}`;
  return {
    identity: {
      kind: 'app',
      clientId,
      privateKey: key,
      ...(keyId !== undefined && { keyId }),
    },
    identityFrom,
    app: {
      clientIdFrom: `clientId in ${shownAs}`,
      keyKind: kind,
      ...(keyId !== undefined && { keyIdFrom }),
    },
  };
}
