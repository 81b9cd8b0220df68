/** What to do about a refusal of Okta's, by what it was asked for, the error's code, and the status. */

type Hints = Readonly<Record<string, string>>;

/** For the log with an API token, for the log as a service app, or for an app's access token. */
export type Asking = 'token' | 'app' | 'grant';

const OF_ANY: Hints = {
  E0000015: 'The feature that the request needs is not switched on in this org.',
  E0000031: 'Okta does not understand the filter.',
  E0000030: 'Okta does not understand a date in the request.',
  E0000053:
    'Okta does not take a part of the request: check the filter, and the clock of this machine, by which a first start ' +
    'reckons what to ask for (loghook doctor compares it).',
  '400': 'Check the filter: Okta does not accept what was asked for.',
  '404': "There may be no Okta org at this address: check the org's URL.",
};

const OF_TOKENS: Hints = {
  E0000004: 'The token was not accepted: check that it belongs to this org.',
  E0000011:
    'The token is wrong, expired or revoked: tokens die after 30 days without use, and with their owner. ' +
    'Create a new one in Okta: Security > API > Tokens.',
  E0000005: 'Okta takes the session for ended: create a new token.',
  E0000006:
    "The token's owner may not read the System Log: give it a role that can (Read-Only Administrator). " +
    'If it has one, check that the network zone of the token lets this machine in.',
  '401': 'Check the token and that it belongs to this org.',
  '403': "Check the role of the token's owner, and that its network zone lets this machine in.",
};

const MAY_NOT_READ =
  'The app may not read the System Log: grant it the scope okta.logs.read (Okta API Scopes) and a role that can ' +
  '(Admin roles: Read-Only Administrator). If it has both, check that its network zone lets this machine in.';
const CLOCK =
  'Okta takes only proofs that were made just now: check the clock of this machine, and that nothing repeats requests.';

const OF_APPS: Hints = {
  invalid_client:
    'Okta does not know the app, or the app does not know the key: check OKTA_CLIENT_ID, that the public key is active ' +
    'at the app, and OKTA_KEY_ID where the app has several keys.',
  unauthorized_client:
    'Okta lets the app ask for no tokens so: it must be an API Services app with "Public key / Private key".',
  invalid_scope:
    'Grant the app the scope okta.logs.read: Applications > the app > Okta API Scopes.',
  access_denied: MAY_NOT_READ,
  insufficient_scope: MAY_NOT_READ,
  E0000006: MAY_NOT_READ,
  invalid_token: 'Okta does not take the access token that it has just given: is the app active?',
  invalid_dpop_proof: CLOCK,
  use_dpop_nonce:
    'Okta asks for a nonce again and again: does something change its answers on the way?',
  '401': 'Check that the app is active and belongs to this org.',
  '403': MAY_NOT_READ,
};

const OF_GRANTS: Hints = {
  ...OF_APPS,
  consent_required: OF_APPS.invalid_scope ?? '',
  '400':
    'Okta gives no token for such a request: check OKTA_CLIENT_ID, and that it is an API Services app with ' +
    '"Public key / Private key".',
};

const OF: Readonly<Record<Asking, Hints>> = {
  token: OF_TOKENS,
  app: OF_APPS,
  grant: OF_GRANTS,
};

export function hintFor(
  kind: Asking,
  status: number,
  code: string | undefined,
): string | undefined {
  const own = OF[kind];
  const byStatus = own[status] ?? OF_ANY[status];
  const isRefusal = byStatus !== undefined;
  if (!isRefusal || code === undefined) return byStatus;
  return own[code] ?? OF_ANY[code] ?? byStatus;
}
