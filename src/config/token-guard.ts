/**
 * The Okta token goes to Okta only: routes that would carry it to a receiver are refused, however it came into them. No
 * message repeats any of it.
 */
import { ConfigError, RoutesError } from '../errors.ts';
import type { Route } from '../routing/route.ts';
import type { Environment } from './environment.ts';
import { readToken } from './org-settings.ts';

export const TOKEN_HINT = 'the Okta token goes to Okta only: give the receiver a secret of its own';
/** Okta's are longer; what is shorter may stand somewhere by chance. */
const SHORTEST = 20;

/** Throws RoutesError with every route that holds the token. A relative token file is looked up in the working folder. */
export function refuseToken(
  routes: readonly Route[],
  environment: Environment,
  shownAs: string,
): void {
  const token = knownToken(environment);
  if (token === undefined || token.length < SHORTEST) return;
  const problems = routes
    .filter((route) => textsOf(route).some((text) => text.includes(token)))
    .map(({ name }) => ({
      where: shownAs,
      message: `the route ${name} holds the Okta token`,
      hint: TOKEN_HINT,
    }));
  if (problems.length > 0) throw new RoutesError(problems);
}

/** Undefined when there is none that could be used: whoever needs it says what is wrong with it. */
function knownToken(environment: Environment): string | undefined {
  try {
    return readToken(environment, '').value;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** All that a request of the route carries in the clear, and what Basic auth hides in base64. */
function textsOf({ url, authorization, headers = [], proxy }: Route): string[] {
  const values = [authorization ?? '', ...headers.map(([, value]) => value)];
  const decoded = values.map((value) =>
    Buffer.from(value.split(' ').at(-1) ?? '', 'base64').toString('latin1'),
  );
  return [url.href, String(proxy), ...values, ...decoded];
}
