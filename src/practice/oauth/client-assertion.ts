/** Checks what a service app signs to prove who it is (private_key_jwt, RFC 7523), with all the rules of Okta's. */
import { decodeJwt, decodeProtectedHeader, importJWK, type JWTPayload, jwtVerify } from 'jose';
import type { OnceOnly } from './once-only.ts';
import type { PracticeApp } from './practice-app.ts';
import { OAuthRefusal } from './refusals.ts';

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
const LONGEST_S = 3_600;

interface AssertionRules {
  readonly apps: ReadonlyMap<string, PracticeApp>;
  readonly tokenUrl: string;
  readonly nowMs: number;
  readonly used: OnceOnly;
}

/** The app that has signed it; throws an OAuthRefusal if none has. */
export async function appOf(assertion: string, rules: AssertionRules): Promise<PracticeApp> {
  const app = rules.apps.get(subjectOf(assertion));
  if (app === undefined) throw refused('The client_id in the client_assertion is unknown.');
  const { exp = 0, iat, jti } = await verified(assertion, app, rules);
  const now = rules.nowMs / 1_000;
  if (exp > now + LONGEST_S) {
    throw refused('The client_assertion token has an expiration too far into the future.');
  }
  if (iat !== undefined && iat > Math.ceil(now)) {
    throw refused('The client_assertion token was issued in the future.');
  }
  if (jti !== undefined && !rules.used.use(`${app.clientId} ${jti}`, exp * 1_000, rules.nowMs)) {
    throw refused('The client_assertion token has a jti that was used before.');
  }
  return app;
}

async function verified(
  assertion: string,
  app: PracticeApp,
  { nowMs, tokenUrl }: AssertionRules,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(assertion, ({ kid, alg }) => keyOf(app, kid, alg), {
      algorithms: ALGORITHMS,
      issuer: app.clientId,
      subject: app.clientId,
      audience: tokenUrl,
      requiredClaims: ['exp'],
      currentDate: new Date(nowMs),
    });
    if (payload.aud !== tokenUrl) throw refused('The audience of the client_assertion is wrong.');
    return payload;
  } catch (error) {
    if (error instanceof OAuthRefusal) throw error;
    throw refused(`The client_assertion token is invalid: ${wordsOf(error)}.`);
  }
}

async function keyOf(app: PracticeApp, kid: string | undefined, algorithm: string | undefined) {
  const [only, ...more] = app.keys;
  const key =
    kid === undefined ? only : app.keys.find((candidate) => Reflect.get(candidate, 'kid') === kid);
  if (key === undefined || (kid === undefined && more.length > 0)) {
    throw refused('The client_assertion names no key that is registered for the client (kid).');
  }
  return importJWK(key, algorithm);
}

function subjectOf(assertion: string): string {
  try {
    decodeProtectedHeader(assertion);
    return decodeJwt(assertion).sub ?? '';
  } catch {
    throw refused('The client_assertion is no JWT.');
  }
}

function refused(description: string): OAuthRefusal {
  return new OAuthRefusal('invalid_client', description);
}

/** Fit for a JSON string or a quoted string of a header. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.replaceAll('"', "'") : String(error);
}
