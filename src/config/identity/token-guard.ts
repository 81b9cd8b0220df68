/**
 * What loghook is known by to Okta goes to Okta only: routes that would carry the token or the private key to a receiver
 * are refused, however it came into them. No message repeats any of it.
 */
import type { KeyObject } from 'node:crypto';
import { ConfigError, type Problem, RoutesError } from '../../errors.ts';
import type { Identity } from '../../okta/credentials.ts';
import type { Route } from '../../routing/route.ts';
import type { Routes } from '../../routing/routes.ts';
import type { Environment } from '../environment.ts';
import { cleanToken } from './api-token.ts';
import { parsePrivateKey } from './private-key.ts';
import { type FoundSettings, Sources } from './sources.ts';

export type SecretKind = 'token' | 'private key';

/** A text that no route may hold. */
interface GuardedSecret {
  readonly kind: SecretKind;
  readonly text: string;
}

export function secretHint(kind: SecretKind): string {
  return `the Okta ${kind} goes to Okta only: give the receiver a secret of its own`;
}

/** Okta's are longer; what is shorter may stand somewhere by chance. */
const SHORTEST = 20;

/** What of a file can carry a secret somewhere. */
interface Guarded {
  readonly routes: Routes;
  readonly heartbeat?: Route;
  readonly orgs?: readonly (Omit<Guarded, 'orgs'> & {
    readonly name: string;
    readonly identity: Identity;
  })[];
}

interface Known extends GuardedSecret {
  /** What it is and whose, in words. */
  readonly words: string;
}

/**
 * Throws RoutesError with every route that holds a secret of the settings or of any org, and every org that has another
 * one's token. Relative files begin at the working folder.
 */
export function refuseSecrets(file: Guarded, environment: Environment, shownAs: string): void {
  const { orgs = [] } = file;
  const ofSettings = knownSecrets(environment).map((secret) => ({
    ...secret,
    words: `the Okta ${secret.kind}`,
  }));
  const ofOrgs = orgs.flatMap(({ name, identity }) =>
    guarded(identity).map((secret) => ({ ...secret, words: `the ${secret.kind} of ${name}` })),
  );
  const isLong = ({ text }: GuardedSecret) => text.length >= SHORTEST;
  const all: Known[] = [...ofSettings, ...ofOrgs].filter(isLong);
  if (all.length === 0) return;
  const problems = [
    ...[file, ...orgs].flatMap(routesOf).flatMap((route) => leaks(route, all)),
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
    .filter(({ text }) => texts.some((carried) => carried.includes(text)))
    .map(({ kind, words }) => ({
      message: `the route ${route.name} holds ${words}`,
      hint: secretHint(kind),
    }));
}

/** A token belongs to one org: sent to another, it would be given away. */
function sharedTokens(known: readonly Known[]): Pick<Problem, 'message' | 'hint'>[] {
  const tokens = known.filter(({ kind }) => kind === 'token');
  return tokens.flatMap(({ text, words }, index) => {
    const first = tokens.findIndex((other) => other.text === text);
    const message = `${words} is ${tokens[first]?.words} too: each would be sent to the other's org`;
    return first === index ? [] : [{ message, hint: 'make a token in each org' }];
  });
}

/** A route that all orgs have stands in each of them, and a secret has several forms. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}

/** In every form in which it may stand somewhere. */
function guarded(identity: Identity): readonly GuardedSecret[] {
  if (identity.kind === 'token') return [{ kind: 'token', text: identity.token }];
  return formsOf(identity.privateKey).map((text) => ({ kind: 'private key', text }));
}

/** The number that makes it private, and each PEM's base64 without line ends. */
function formsOf(key: KeyObject): readonly string[] {
  const { d = '' } = key.export({ format: 'jwk' });
  const types = ['pkcs8', key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'] as const;
  const bodies = types.map((type) => key.export({ format: 'der', type }).toString('base64'));
  return [d, Buffer.from(d, 'base64url').toString('base64'), ...bodies];
}

/** Of every place, also of those that another one goes before. */
function knownSecrets(environment: Environment): readonly GuardedSecret[] {
  return new Sources(environment, '').each((read) => usable(read) ?? []).flat();
}

/** Undefined when there is none that could be used: whoever needs it says what is wrong with it. */
function usable(read: () => FoundSettings): readonly GuardedSecret[] | undefined {
  try {
    const { token, privateKey } = read();
    const key = privateKey && parsePrivateKey(privateKey.value);
    return [
      ...(token === undefined ? [] : [{ kind: 'token' as const, text: cleanToken(token).token }]),
      ...(key === undefined || 'error' in key
        ? []
        : guarded({ kind: 'app', clientId: '', privateKey: key.key })),
    ];
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** All that a request of the route carries in the clear, and what Basic auth hides in base64; without line ends. */
function textsOf({ url, authorization, headers = [], proxy }: Route): string[] {
  const values = [authorization ?? '', ...headers.map(([, value]) => value)];
  const decoded = values.map((value) =>
    Buffer.from(value.split(' ').at(-1) ?? '', 'base64').toString('latin1'),
  );
  const texts = [url.href, String(proxy), ...values, ...decoded];
  return [...texts, ...texts.map(onOneLine)];
}

const PERCENT: Readonly<Record<string, string>> = { '%2b': '+', '%2f': '/', '%3d': '=' };

/** A key is written on many lines: with their ends taken out, however they are written, its base64 is one text. */
function onOneLine(text: string): string {
  return text
    .replaceAll(/\s|\\[rn]|%0[ad]|%20/gi, '')
    .replaceAll(/%(?:2b|2f|3d)/gi, (code) => PERCENT[code.toLowerCase()] ?? code);
}
