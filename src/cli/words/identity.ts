/** Which org, who loghook is to it, and where each was found: names of settings and files, nothing of what stands there. */
import type { OrgSettings } from '../../config/identity/org-settings.ts';

/** Where it was found, as a session is told it. */
export type IdentityOrigins = Pick<OrgSettings, 'orgFrom' | 'identityFrom' | 'app'>;

/** One line for each, with its label. */
export function identityLines(settings: OrgSettings & { readonly orgName?: string }): string[] {
  const { org, orgName, orgFrom, identityFrom, app } = settings;
  const name = orgName === undefined ? '' : `${orgName}   `;
  const url = `org       ${name}${org.url.origin}, from ${orgFrom}`;
  if (app === undefined) return [url, `token     ${identityFrom}`];
  return [
    url,
    `app       ${app.clientIdFrom}`,
    `key       ${identityFrom} (${app.keyKind})`,
    ...(app.keyIdFrom === undefined ? [] : [`key id    ${app.keyIdFrom}`]),
  ];
}

/** The same as fields of a log line. */
export function identityFields({
  orgFrom,
  ...found
}: Partial<IdentityOrigins>): Readonly<Record<string, string>> {
  return { ...(orgFrom !== undefined && { orgFrom }), ...credentialFields(found) };
}

export function credentialFields({
  identityFrom,
  app,
}: Partial<IdentityOrigins>): Readonly<Record<string, string>> {
  return {
    ...(identityFrom !== undefined && {
      [app === undefined ? 'tokenFrom' : 'keyFrom']: identityFrom,
    }),
    ...(app !== undefined && { appFrom: app.clientIdFrom }),
  };
}
