/** What was found of a setting, and where: messages name the place and repeat nothing of what stands there. */
import type { Environment, Setting } from '../environment.ts';

export interface Written {
  readonly value: string;
  /** What a problem is said of: `OKTA_PRIVATE_KEY_FILE`, `loghook.yaml line 4`. */
  readonly where: string;
  /** Where it was found, in words: `OKTA_PRIVATE_KEY_FILE /etc/loghook/key.pem`. */
  readonly from: string;
  /** The file that it was read from. */
  readonly path?: string;
  /** What a person should know of the place, and is no problem. */
  readonly notes?: readonly string[];
}

export interface Found extends Written {
  /** Whether it stands in a folder's `.env` itself, or anywhere else. */
  readonly isFromDotEnv: boolean;
  /** The org URL that stands beside a secret of another Okta tool: the secret is for that org alone. */
  readonly beside?: Found;
}

/** `name` of the environment or of `.env`. */
export function findSetting(environment: Environment, name: string): Found | undefined {
  const setting = environment.get(name);
  return setting === undefined ? undefined : foundSetting(setting);
}

function foundSetting({ name, value, from }: Setting): Found {
  const isFromDotEnv = from === '.env';
  const place = isFromDotEnv ? 'in .env' : 'in the environment';
  return { value, where: name, from: `${name} ${place}`, isFromDotEnv };
}

/** One of `names` where there is one: as `, set by hand`, or nothing. Names that other tools have and loghook does not read. */
export function unreadNames(environment: Environment, names: readonly string[]): string {
  const set = names.filter((name) => environment.get(name) !== undefined);
  return set.length === 0 ? '' : ` (${set.join(', ')} is set, but loghook does not read it)`;
}
