/** What of the settings a unit hands over: the API token, or the private key of a service app. Neither is ever printed. */
import type { Variables } from '../../config/environment.ts';

export interface UnitSecret {
  readonly what: string;
  /** Of the file, and of systemd's credential. */
  readonly file: string;
  /** The setting that names the file. */
  readonly setting: string;
  /** What else a service app is known by; both are public. */
  readonly settings: readonly (readonly [name: string, value: string])[];
}

const TOKEN: UnitSecret = {
  what: 'token',
  file: 'okta-api-key',
  setting: 'OKTA_API_KEY_FILE',
  settings: [],
};
const TOKEN_NAMES = ['OKTA_API_KEY', 'OKTA_API_KEY_FILE'];
const KEY_NAMES = ['OKTA_PRIVATE_KEY', 'OKTA_PRIVATE_KEY_FILE', 'OKTA_CLIENT_PRIVATEKEY'];
/** As Okta makes them: whatever else was pasted there may be a secret, and is not printed. */
const CLIENT_ID = /^0oa[A-Za-z0-9]{10,30}$/;
export const PLACEHOLDERS: readonly string[] = ['0oaYOURAPPSCLIENTID00', 'your-key-id'];
const [CLIENT_ID_PLACEHOLDER = '', KEY_ID_PLACEHOLDER = ''] = PLACEHOLDERS;

/** The app, when the shell that prints the unit is set up for one; else the token. */
export function secretOf(env: Variables): UnitSecret {
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  if (TOKEN_NAMES.some(isSet) || ![...KEY_NAMES, 'OKTA_CLIENT_ID'].some(isSet)) return TOKEN;
  const clientId = (env.OKTA_CLIENT_ID || env.OKTA_CLIENT_CLIENTID || '').trim();
  return {
    what: 'private key (PEM or JWK)',
    file: 'okta-private-key',
    setting: 'OKTA_PRIVATE_KEY_FILE',
    settings: [
      ['OKTA_CLIENT_ID', CLIENT_ID.test(clientId) ? clientId : CLIENT_ID_PLACEHOLDER],
      // A key id has no form of its own: it could be anything.
      ...(isSet('OKTA_KEY_ID') ? [['OKTA_KEY_ID', KEY_ID_PLACEHOLDER] as const] : []),
    ],
  };
}
