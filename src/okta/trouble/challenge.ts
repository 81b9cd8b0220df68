/** `WWW-Authenticate`: where Okta says why it refuses an access token, for the body is empty then (RFC 6750, 9449). */
import type { Answer } from '../request.ts';

interface Challenge {
  readonly code: string;
  readonly description: string;
}

const CODE = /\berror="?([a-z_]{1,40})\b/;
const DESCRIPTION = /\berror_description="((?:[^"\\]|\\.)*)/;

/** Undefined where no error is named. The description is as it came: from outside. */
export function challengeOf({ headers }: Pick<Answer, 'headers'>): Challenge | undefined {
  const value = headers['www-authenticate'] ?? [];
  const text = typeof value === 'string' ? value : value.join(', ');
  const code = CODE.exec(text)?.[1];
  if (code === undefined) return undefined;
  return { code, description: (DESCRIPTION.exec(text)?.[1] ?? '').replace(/\\(.)/g, '$1') };
}
