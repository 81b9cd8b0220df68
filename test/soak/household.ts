/** The folder that the daemon runs in: loghook.yaml with all orgs of the soak, their secrets, and all of its state. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AppIdentity, CLIENT_ID, KEY_ID } from '../support/service-app.ts';
import type { Place } from './life.ts';
import { OrgDesk } from './org-desk.ts';
import { SOAK_ROUTES } from './routes.ts';
import type { Scene } from './scene.ts';

export interface Household extends Place {
  readonly orgs: readonly OrgDesk[];
  /** All of its state. */
  readonly state: string;
  /** What loghook.yaml says of each org, besides its routes. */
  readonly entries: ReadonlyMap<OrgDesk, Readonly<Record<string, unknown>>>;
}

export interface Resident {
  readonly scene: Scene;
  /** As in loghook.yaml. */
  readonly interval: string;
  /** Who loghook is there, when it is not the token. */
  readonly app?: AppIdentity;
}

export function openHousehold(root: string, residents: readonly Resident[]): Household {
  const cwd = join(root, 'household');
  const state = join(cwd, 'state');
  mkdirSync(state, { recursive: true });
  const { PATH = '' } = process.env;
  const tokens = residents.map(({ scene }) => [tokenName(scene), scene.org.token]);
  const secrets = residents.map(({ scene }) => [secretName(scene), scene.secret]);
  const env = {
    ...Object.fromEntries([...tokens, ...secrets]),
    PATH,
    HOME: cwd,
    TZ: 'UTC',
    LOGHOOK_STATE: state,
  };
  const entries = new Map(
    residents.map((resident) => [
      new OrgDesk(resident.scene, { cwd, env }),
      { interval: resident.interval, ...credentials(cwd, resident) },
    ]),
  );
  const household = { cwd, env, state, orgs: [...entries.keys()], entries };
  writeConfig(household, { hasMore: true });
  return household;
}

function credentials(cwd: string, { scene, app }: Resident): Readonly<Record<string, string>> {
  if (app === undefined) return { token: `\${${tokenName(scene)}}` };
  const file = `${scene.name}.pem`;
  const key = app.privateKey.export({ format: 'pem', type: 'pkcs8' });
  writeFileSync(join(cwd, file), key, { mode: 0o600 });
  return { clientId: CLIENT_ID, keyId: KEY_ID, privateKey: `\${file:${file}}` };
}

function tokenName({ name }: Scene): string {
  return `${name.toUpperCase()}_TOKEN`;
}

function secretName({ name }: Scene): string {
  return `${name.toUpperCase()}_SIEM_SECRET`;
}

export interface Variant {
  /** With one more route for each org, that is there for a while only. */
  readonly hasMore: boolean;
  /** An org that is not in the file for a while. */
  readonly without?: OrgDesk;
}

export function writeConfig(
  { cwd, entries }: Pick<Household, 'cwd' | 'entries'>,
  { hasMore, without }: Variant,
): void {
  const orgs = [...entries]
    .filter(([desk]) => desk !== without)
    .map(([{ scene }, entry]) => ({
      name: scene.name,
      url: scene.org.url,
      ...entry,
      routes: routesOf(scene, hasMore),
    }));
  // YAML holds all of JSON.
  writeFileSync(join(cwd, 'loghook.yaml'), JSON.stringify({ orgs }, null, 1));
}

function routesOf(scene: Scene, hasMore: boolean): object[] {
  const { url } = scene.receiver;
  const routes = SOAK_ROUTES.map(({ name, pattern, options }) => ({
    name,
    match: pattern.source,
    url: `${url}/${name}`,
    ...(name === 'siem' && { secrets: [`\${${secretName(scene)}}`] }),
    ...options,
  }));
  const more = { name: 'more', match: '^user\\.session', url: `${url}/more` };
  return hasMore ? [...routes, more] : routes;
}
