/**
 * Whether a request is signed as Standard Webhooks 1.0 says and, if not, which part of it is wrong. What would have been
 * right is never said: who can ask could forge with the answer.
 */
import { createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { formatDuration } from '../../duration.ts';
import { signatureOf } from './signature.ts';

export interface Claim {
  /** By lower-case name; all values, in the order they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

export interface Fault {
  readonly part: string;
  readonly error: string;
  readonly hint?: string;
}

interface Genuine {
  readonly id: string;
  /** Ms since 1970. */
  readonly signedAt: number;
}

interface Terms {
  /** Any of them will do. */
  readonly keys: readonly Buffer[];
  readonly toleranceMs: number;
  /** Ms since 1970. */
  readonly now: number;
}

const ID = 'webhook-id';
const TIMESTAMP = 'webhook-timestamp';
const SIGNATURE = 'webhook-signature';
const SIGNATURE_CHARACTERS = 44;

export function verify(
  claim: Claim,
  terms: Terms,
): Genuine | { readonly faults: readonly Fault[] } {
  const parts = [ID, TIMESTAMP, SIGNATURE].map((name) => only(claim, name));
  const absent = parts.filter((part) => typeof part !== 'string');
  const [id, timestamp, signature] = parts;
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') {
    return { faults: absent };
  }
  const malformed = [idFault(id), timestampFault(timestamp)].filter((fault) => fault !== undefined);
  if (malformed.length > 0) return { faults: malformed };
  const seconds = Number(timestamp);
  const wrong = signatureFault(signature, { ...claim, id, seconds }, terms.keys);
  const faults = [ageFault(seconds, terms), wrong].filter((fault) => fault !== undefined);
  return faults.length > 0 ? { faults } : { id, signedAt: seconds * 1_000 };
}

/** Receivers join or pick among several values, each in its own way. */
function only({ headers }: Claim, part: string): string | Fault {
  const [value, ...others] = headers.get(part) ?? [];
  if (value === undefined) return { part, error: 'the header is missing' };
  if (others.length > 0) return { part, error: `the header is there ${others.length + 1} times` };
  return value.trim() === '' ? { part, error: 'the header is empty' } : value.trim();
}

function idFault(id: string): Fault | undefined {
  if (/^[\x21-\x7e]+$/.test(id)) return undefined;
  return { part: ID, error: 'it holds white space or a character that no header may hold' };
}

function timestampFault(timestamp: string): Fault | undefined {
  if (/^\d{1,11}$/.test(timestamp)) return undefined;
  const isMs = /^\d{13}$/.test(timestamp);
  return {
    part: TIMESTAMP,
    error: 'it is not a whole number of seconds since 1970',
    ...(isMs && { hint: 'it looks like milliseconds' }),
  };
}

function ageFault(seconds: number, { toleranceMs, now }: Terms): Fault | undefined {
  const ageMs = now - seconds * 1_000;
  if (Math.abs(ageMs) <= toleranceMs) return undefined;
  const words = formatDuration(Math.round(Math.abs(ageMs) / 1_000) * 1_000);
  const allowed = `${formatDuration(toleranceMs)} is allowed`;
  return ageMs > 0
    ? { part: TIMESTAMP, error: `it was signed ${words} ago; ${allowed}`, hint: STALE }
    : { part: TIMESTAMP, error: `it lies ${words} in the future; ${allowed}`, hint: CLOCKS };
}

const CLOCKS = 'compare the clocks of both machines';
const STALE = `${CLOCKS}; a request that was kept can be looked at with --now or --tolerance`;

interface Seen {
  readonly id: string;
  readonly seconds: number;
  readonly body: Buffer;
}

function signatureFault(header: string, seen: Seen, secrets: readonly Buffer[]): Fault | undefined {
  const items = header.split(' ').filter((item) => item !== '');
  const given = items.filter((item) => item.startsWith('v1,')).map((item) => item.slice(3));
  if (given.length === 0) return { part: SIGNATURE, error: noneOf(items) };
  const whole = given.filter((text) => text.length === SIGNATURE_CHARACTERS);
  if (whole.length === 0) return lengthFault(given);
  const signatures = whole.map((text) => Buffer.from(text, 'base64'));
  if (matches(signatures, secrets, seen)) return undefined;
  return {
    part: SIGNATURE,
    error: 'it does not match: the body, the id, the timestamp or the secret is another one',
    hint: reasonFor(signatures, secrets, seen) ?? UNKNOWN,
  };
}

const UNKNOWN =
  'is it the body byte for byte, before anything parsed it? compare `loghook secret check` on both sides';

function noneOf(items: readonly string[]): string {
  const isBare = items.some((item) => item.length === SIGNATURE_CHARACTERS);
  if (isBare) return 'there is no v1, in front of the signature';
  const versions = items.map((item) => /^v\d{1,2}[a-z]?(?=,)/.exec(item)?.[0]);
  const known = versions.filter((version) => version !== undefined);
  const there = known.length === 0 ? '' : `, only ${[...new Set(known)].join(', ')}`;
  return `there is no v1 signature${there}`;
}

function lengthFault(given: readonly string[]): Fault {
  const length = Math.max(...given.map((text) => text.length));
  const isShort = length < SIGNATURE_CHARACTERS;
  return {
    part: SIGNATURE,
    error: `it ${isShort ? 'was cut short' : 'is too long'}: ${length} characters, not ${SIGNATURE_CHARACTERS}`,
  };
}

/** Looks at every pair, so that the time it takes tells nothing. */
function matches(signatures: readonly Buffer[], keys: readonly Buffer[], seen: Seen): boolean {
  let isMatch = false;
  for (const key of keys) {
    const right = signed(createSecretKey(key), seen);
    for (const signature of signatures) {
      const isSame = signature.length === right.length && timingSafeEqual(signature, right);
      isMatch ||= isSame;
    }
  }
  return isMatch;
}

function signed(key: KeyObject, { id, seconds, body }: Seen): Buffer {
  return signatureOf(key, { id, timestamp: seconds }, body);
}

/** What people get wrong most, tried: it says which part is wrong. */
function reasonFor(
  signatures: readonly Buffer[],
  keys: readonly Buffer[],
  seen: Seen,
): string | undefined {
  for (const [words, change] of BODIES) {
    const body = change(seen.body);
    if (body !== undefined && matches(signatures, keys, { ...seen, body })) {
      return `the body: it matches ${words}`;
    }
  }
  const asText = keys.map((key) => key.toString('base64'));
  const undecoded = [...asText, ...asText.map((text) => `whsec_${text}`)].map((text) =>
    Buffer.from(text),
  );
  if (!matches(signatures, undecoded, seen)) return undefined;
  return 'the secret: the sender signs with its text; it should decode the base64 behind whsec_';
}

const BODIES: readonly (readonly [words: string, change: (body: Buffer) => Buffer | undefined])[] =
  [
    [
      'without the line end behind it',
      (body) => edited(body, (text) => text.replace(/\r?\n$/, '')),
    ],
    ['with a line end behind it', (body) => Buffer.concat([body, Buffer.from('\n')])],
    ['with \\n where \\r\\n is', (body) => edited(body, (text) => text.replaceAll('\r\n', '\n'))],
    ['without the byte order mark', (body) => edited(body, (text) => text.replace(/^\ufeff/, ''))],
    ['when it is empty: it was read already', () => Buffer.alloc(0)],
    ['after it is parsed and printed again, as JSON without spaces', reprinted],
  ];

function edited(body: Buffer, edit: (text: string) => string): Buffer {
  return Buffer.from(edit(body.toString('utf8')));
}

function reprinted(body: Buffer): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(JSON.parse(body.toString('utf8'))));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
