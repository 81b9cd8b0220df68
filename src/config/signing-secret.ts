/** A secret of Standard Webhooks as people write it, `whsec_…`. Never repeated. */

const PREFIX = 'whsec_';
const FEWEST_BYTES = 24;
const MOST_BYTES = 64;
const MAKE_ONE = 'make one with `loghook secret new`';

/** Its key, or what is wrong with it (https://www.standardwebhooks.com: 24 to 64 bytes, base64). */
export function parseSigningSecret(
  text: string,
): { readonly key: Buffer } | { readonly error: string; readonly hint: string } {
  const written = text.trim();
  if (!written.startsWith(PREFIX)) {
    return { error: `the secret does not begin with ${PREFIX}`, hint: MAKE_ONE };
  }
  const base64 = written.slice(PREFIX.length);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(base64)) {
    return {
      error: `what stands behind ${PREFIX} is not base64`,
      hint: `was it copied whole? Else ${MAKE_ONE}`,
    };
  }
  const key = Buffer.from(base64, 'base64');
  if (key.length < FEWEST_BYTES || key.length > MOST_BYTES) {
    const size = `the secret holds ${key.length} bytes, not ${FEWEST_BYTES} to ${MOST_BYTES}`;
    return { error: size, hint: MAKE_ONE };
  }
  return { key };
}
