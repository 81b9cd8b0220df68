/**
 * The secrets of Standard Webhooks as people pass them round: `whsec_` and the base64 of 24 to 64 bytes. What is said of
 * one never repeats any of it.
 */
import { createHash, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';
const NEW_BYTES = 32;
const FEWEST_BYTES = 24;
const MOST_BYTES = 64;
const FINGERPRINT_DIGITS = 12;

interface SecretFault {
  readonly error: string;
  readonly hint: string;
}

/** One that nobody has seen before. */
export function newSecret(): string {
  return `${PREFIX}${randomBytes(NEW_BYTES).toString('base64')}`;
}

/** Reads a secret as a person wrote it; white space around it does not count. */
export function parseSecret(text: string): { readonly key: Buffer } | SecretFault {
  const secret = text.trim();
  const fault = prefixFault(secret);
  if (fault !== undefined) return fault;
  const base64 = secret.slice(PREFIX.length);
  const wrong = base64Fault(base64);
  if (wrong !== undefined) return { error: `behind ${PREFIX} ${wrong}`, hint: COPY };
  const key = Buffer.from(base64, 'base64');
  if (key.length >= FEWEST_BYTES && key.length <= MOST_BYTES) return { key };
  const error = `it holds ${key.length} bytes, not ${FEWEST_BYTES} to ${MOST_BYTES}`;
  return { error, hint: `${key.length < FEWEST_BYTES ? CUT : COPY}, or ${MAKE}` };
}

/** Short, to compare two sides: what can be told from it about a secret is nothing. */
export function fingerprintOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, FINGERPRINT_DIGITS);
}

const MAKE = 'make one with `loghook secret new`';
const COPY = 'copy it once more, whole and without quotes';
const CUT = 'it may have been cut: copy it once more';

function prefixFault(secret: string): SecretFault | undefined {
  if (secret === '') return { error: 'it is empty', hint: MAKE };
  if (/\s/.test(secret)) return { error: 'there is white space inside', hint: COPY };
  if (secret.startsWith(PREFIX)) return undefined;
  if (/^wh[sp]k_/.test(secret)) {
    return {
      error: `it begins with ${secret.slice(0, 5)}: half of an ed25519 key pair`,
      hint: `only the symmetric kind (v1, HMAC-SHA256) is known here: ${MAKE}`,
    };
  }
  if (/^["'].*["']$/.test(secret)) return { error: 'it stands in quotes', hint: COPY };
  return { error: `it does not begin with ${PREFIX}`, hint: `${COPY}, or ${MAKE}` };
}

/** Node's decoder skips what it does not know, and so would make another key without a word. */
function base64Fault(base64: string): string | undefined {
  if (base64 === '') return 'there is nothing';
  const place = base64.search(/[^A-Za-z0-9+/=]/) + 1;
  if (place > 0 && /[-_]/.test(base64.charAt(place - 1))) {
    return `character ${place} is of the URL's base64 (- and _), where + and / are wanted`;
  }
  if (place > 0) return `character ${place} is none of base64`;
  if (/=[^=]|={3}/.test(base64)) return 'there is an = before the end';
  if (base64.length % 4 !== 0) return 'the base64 is not whole: = is missing, or more';
  const isExact = Buffer.from(base64, 'base64').toString('base64') === base64;
  return isExact ? undefined : 'the base64 does not end as it should';
}
