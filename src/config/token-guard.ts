/**
 * The Okta token goes to Okta only: routes that would carry it to a receiver are refused, however it came into them. No
 * message repeats any of it.
 */
import { ConfigError, type Problem, RoutesError } from '../errors.ts';
import type { Identity } from '../okta/credentials.ts';
import type { Route } from '../routing/route.ts';
import type { Routes } from '../routing/routes.ts';
import type { Environment } from './environment.ts';
import { readToken } from './org-settings.ts';

export const TOKEN_HINT = 'the Okta token goes to Okta only: give the receiver a secret of its own';
/** Okta's are longer; what is shorter may stand somewhere by chance. */
const SHORTEST = 20;

/** What of a file can carry a token somewhere. */
export interface Guarded {
  readonly routes: Routes;
  readonly heartbeat?: Route;
  readonly orgs?: readonly (Omit<Guarded, 'orgs'> & {
    readonly name: string;
    readonly identity: Identity;
  })[];
}

interface Known {
  readonly token: string;
  /** Whose it is, in words. */
  readonly whose: string;
}

/**
 * Throws RoutesError with every route that holds the token of any org, and every org that has another one's. A relative
 * token file is looked up in the working folder.
 */
export function refuseToken(file: Guarded, environment: Environment, shownAs: string): void {
  const { orgs = [] } = file;
  const ofOrgs = orgs.flatMap(({ name, identity }) =>
    identity.kind === 'token' ? [{ token: identity.token, whose: `the token of ${name}` }] : [],
  );
  const token = knownToken(environment);
  const known: Known[] = token === undefined ? [] : [{ token, whose: 'the Okta token' }];
  const isLong = (one: Known) => one.token.length >= SHORTEST;
  const all = [...known, ...ofOrgs].filter(isLong);
  const routes = [file, ...orgs].flatMap(routesOf);
  const problems = [
    ...routes.flatMap((route) => leaks(route, all)),
    ...sharedTokens(ofOrgs.filter(isLong)),
  ].map((problem) => ({ where: shownAs, ...problem }));
  if (problems.length > 0) throw new RoutesError(once(problems));
}

function routesOf({ routes, heartbeat }: Guarded): Route[] {
  return [...routes.all, ...routes.disabled, ...(heartbeat === undefined ? [] : [heartbeat])];
}

function leaks(route: Route, known: readonly Known[]): Pick<Problem, 'message' | 'hint'>[] {
  const texts = textsOf(route);
  return known
    .filter(({ token }) => texts.some((text) => text.includes(token)))
    .map(({ whose }) => ({ message: `the route ${route.name} holds ${whose}`, hint: TOKEN_HINT }));
}

/** A token belongs to one org: sent to another, it would be given away. */
function sharedTokens(known: readonly Known[]): Pick<Problem, 'message' | 'hint'>[] {
  return known.flatMap(({ token, whose }, index) => {
    const first = known.findIndex((other) => other.token === token);
    const message = `${whose} is ${known[first]?.whose} too: each would be sent to the other's org`;
    return first === index ? [] : [{ message, hint: 'make a token in each org' }];
  });
}

/** A route that all orgs have stands in each of them. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
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
