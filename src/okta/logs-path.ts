/** Which addresses are the System Log of an org: a credential goes nowhere else. */
import { OktaError } from '../errors.ts';
import { brief } from './trouble/trouble.ts';

export const LOGS_PATH = '/api/v1/logs';

/**
 * What stands behind the origin in `url`, byte for byte, if `url` is the System Log of `org`; only then may a
 * credential go with it. Throws an OktaError (kind foreign-link) otherwise, naming no more than origin and path.
 */
export function logsPath(org: URL, url: string): string {
  const [, origin, path, query] = ABSOLUTE_URL.exec(url) ?? [];
  if (origin !== undefined && path === LOGS_PATH && originOf(origin) === org.origin) {
    return path + (query ?? '');
  }
  const shown = brief(withoutQuery(url));
  throw new OktaError(
    `refused to ask ${shown}: it is not ${org.origin}${LOGS_PATH}, where the token belongs`,
    {
      kind: 'foreign-link',
      hint: 'If the org has moved to this address, set OKTA_ORG_URL to it.',
    },
  );
}

/** Origin without userinfo, path, query; no fragment, and nothing that a URL cannot hold. */
const ABSOLUTE_URL = /^(https?:\/\/[^/?#\\@\s]+)(\/[^?#\s]*)(\?[!"$-~]*)?$/i;

/** Origin and path of a URL from outside: its query may hold what should not be shown. */
export function withoutQuery(url: string): string {
  return (url.split(/[?#]/, 1)[0] ?? '').replace(/\/\/[^/]*@/, '//');
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
