/** A folder to run in, with loghook.yaml for an org of the soak, and the settings that lead there. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AppIdentity, CLIENT_ID, KEY_ID } from '../support/service-app.ts';
import type { Place } from './life.ts';
import { SOAK_ROUTES } from './routes.ts';
import type { Scene } from './scene.ts';

export interface Household extends Place {
  readonly scene: Scene;
  /** All of its state. */
  readonly state: string;
}

/** `app`: who loghook is there, when it is not the token. */
export function openHousehold(root: string, scene: Scene, app: AppIdentity | undefined): Household {
  const cwd = join(root, scene.name);
  const state = join(cwd, 'state');
  mkdirSync(state, { recursive: true });
  const { PATH = '' } = process.env;
  const env = {
    PATH,
    HOME: cwd,
    TZ: 'UTC',
    LOGHOOK_STATE: state,
    OKTA_ORG_URL: scene.org.url,
    SIEM_SECRET: scene.secret,
    ...(app === undefined ? { OKTA_API_KEY: scene.org.token } : appSettings(cwd, app)),
  };
  const household = { cwd, env, scene, state };
  writeRoutes(household, true);
  return household;
}

function appSettings(cwd: string, { privateKey }: AppIdentity): Record<string, string> {
  const path = join(cwd, 'app.pem');
  writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
  return { OKTA_CLIENT_ID: CLIENT_ID, OKTA_PRIVATE_KEY_FILE: path, OKTA_KEY_ID: KEY_ID };
}

/** Writes loghook.yaml; `hasMore`: with one more route, that is there for a while only. */
export function writeRoutes({ cwd, scene }: Omit<Household, 'state'>, hasMore: boolean): void {
  const { url } = scene.receiver;
  const routes = SOAK_ROUTES.map(({ name, pattern, options }) => ({
    name,
    match: pattern.source,
    url: `${url}/${name}`,
    ...(name === 'siem' && { secrets: [`\${SIEM_SECRET}`] }),
    ...options,
  }));
  const more = { name: 'more', match: '^user\\.session', url: `${url}/more` };
  // YAML holds all of JSON.
  const text = JSON.stringify({ routes: hasMore ? [...routes, more] : routes }, null, 1);
  writeFileSync(join(cwd, 'loghook.yaml'), text);
}
