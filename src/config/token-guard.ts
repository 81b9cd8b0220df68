/**
 * What loghook is known by to Okta goes to Okta only: routes that would carry the token or the private key to a receiver
 * are refused, however it came into them. No message repeats any of it.
 */
import type { KeyObject } from 'node:crypto';
import { ConfigError, RoutesError } from '../errors.ts';
import type { Identity } from '../okta/credentials.ts';
import type { Route } from '../routing/route.ts';
import { cleanToken } from './api-token.ts';
import type { Environment } from './environment.ts';
import { parsePrivateKey } from './private-key.ts';
import { type FoundSettings, Sources } from './sources.ts';

export type SecretKind = 'token' | 'private key';

/** A text that no route may hold. */
export interface GuardedSecret {
  readonly kind: SecretKind;
  readonly text: string;
}

export function secretHint(kind: SecretKind): string {
  return `the Okta ${kind} goes to Okta only: give the receiver a secret of its own`;
}

/** Okta's are longer; what is shorter may stand somewhere by chance. */
const SHORTEST = 20;

/** Throws RoutesError with every route that holds a secret of the settings. Relative files begin at the working folder. */
export function refuseSecrets(
  routes: readonly Route[],
  environment: Environment,
  shownAs: string,
): void {
  refuseHolding(routes, knownSecrets(environment), shownAs);
}

/** The same for secrets that are known otherwise. */
export function refuseHolding(
  routes: readonly Route[],
  secrets: readonly GuardedSecret[],
  shownAs: string,
): void {
  const long = secrets.filter(({ text }) => text.length >= SHORTEST);
  if (long.length === 0) return;
  const problems = routes.flatMap((route) => {
    const texts = textsOf(route);
    const held = long.find(({ text }) => texts.some((carried) => carried.includes(text)));
    if (held === undefined) return [];
    const message = `the route ${route.name} holds the Okta ${held.kind}`;
    return [{ where: shownAs, message, hint: secretHint(held.kind) }];
  });
  if (problems.length > 0) throw new RoutesError(problems);
}

/** In every form in which it may stand somewhere. */
export function guarded(identity: Identity): readonly GuardedSecret[] {
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
