/** The one private JWK in a text: a JWK, or a set of them (JWKS). No message repeats any of it. */

export type Jwk = Readonly<Record<string, unknown>>;

/** What is wrong with a key, to be said of it: `is a certificate, …`. */
export interface KeyFault {
  readonly error: string;
  readonly hint: string;
}

export function privateJwkIn(text: string, whereToFind: string): { readonly jwk: Jwk } | KeyFault {
  const parsed = parseObject(text) ?? parseObject(text.replaceAll(/(?:\\r)?\\n/g, '\n'));
  if (parsed === undefined) {
    return { error: 'begins like a JWK, and is not JSON', hint: 'copy it again, from { to }' };
  }
  const { keys } = parsed;
  const all = Array.isArray(keys) ? keys.filter(isObject) : [parsed];
  const [first, ...others] = all.filter((jwk) => typeof jwk.d === 'string');
  if (others.length > 0) {
    return { error: 'holds several private keys', hint: 'leave the one that the app has' };
  }
  if (first !== undefined) return { jwk: first };
  const error =
    typeof all[0]?.kty === 'string'
      ? 'is a JWK without "d": the public half, not the private key'
      : 'is JSON, and no JWK: it has no "kty"';
  return { error, hint: whereToFind };
}

function parseObject(text: string): Jwk | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isObject(parsed) ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isObject(value: unknown): value is Jwk {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
