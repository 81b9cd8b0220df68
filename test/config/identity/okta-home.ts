/** A home with the settings of Okta's tools in it, and what loghook reads with it. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Environment } from '../../../src/config/environment.ts';
import { orgSettings } from '../../../src/config/identity/org-settings.ts';
import { file, tempFolder } from '../temp-folder.ts';

export type Names = Record<string, string>;

/** A home with this ~/.okta/okta.yaml. */
export function homeWith(t: TestContext, yaml: string): Names {
  const home = tempFolder(t);
  mkdirSync(join(home, '.okta'));
  chmodSync(file(join(home, '.okta'), 'okta.yaml', yaml), 0o600);
  return { HOME: home };
}

/** Lines below `okta: client:`. */
export function client(...lines: readonly string[]): string {
  return `okta:\n  client:\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

export function read(outer: Names, inner: Names = {}) {
  return orgSettings(new Environment(outer, inner), '/');
}

/** What would be sent where, in short, and where it was found. */
export function inShort(outer: Names, inner: Names = {}) {
  const { org, orgFrom, identity, identityFrom, app } = read(outer, inner);
  const who = identity.kind === 'token' ? identity.token : identity.clientId;
  return {
    to: org.url.host,
    who,
    from: [orgFrom, ...(app ? [app.clientIdFrom] : []), identityFrom, app?.keyIdFrom]
      .filter((where) => where !== undefined)
      .join(', '),
  };
}
