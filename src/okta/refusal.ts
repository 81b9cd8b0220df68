/** What Okta's error answers mean. The status decides; codes only add words, for Okta reuses them (E0000053 is both). */

import { brief, Trouble, type TroubleKind } from './trouble.ts';

/** As much of an error answer as is read, in bytes. */
export const MAX_ERROR_BYTES = 64 * 1024;

const HINTS: Readonly<Record<string, string>> = {
  E0000004: 'The token was not accepted: check that it belongs to this org.',
  E0000011:
    'The token is wrong, expired or revoked: tokens die after 30 days without use, and with their owner. ' +
    'Create a new one in Okta: Security > API > Tokens.',
  E0000015: 'The feature that the request needs is not switched on in this org.',
  E0000005: 'Okta takes the session for ended: create a new token.',
  E0000006:
    "The token's owner may not read the System Log: give it a role that can (Read-Only Administrator).",
  E0000031: 'Okta does not understand the filter.',
  E0000030: 'Okta does not understand a date in the request.',
};

const STATUS_HINTS: Readonly<Record<number, string>> = {
  400: 'Check the filter: Okta does not accept what was asked for.',
  401: 'Check the token and that it belongs to this org.',
  403: "Check the role of the token's owner, and that its network zone lets this machine in.",
};

export interface Refusal {
  readonly status: number;
  /** What came, in words: `HTTP 401 E0000011 Invalid token provided`. */
  readonly text: string;
  readonly oktaCode: string | undefined;
  readonly hint: string | undefined;
}

/** Never throws: the body may be anything. `redact` takes secrets out of text that came from outside. */
export function readRefusal(
  status: number,
  body: Buffer,
  redact: (text: string) => string,
): Refusal {
  const envelope = parseObject(body);
  const code = textOf(envelope.errorCode);
  const oktaCode = code !== undefined && /^[A-Z0-9]{1,20}$/.test(code) ? code : undefined;
  const summary = brief(redact(textOf(envelope.errorSummary) ?? ''));
  const errorId = /^[\w.-]{1,64}$/.exec(textOf(envelope.errorId) ?? '')?.[0];
  const words = [`HTTP ${status}`, oktaCode, summary, errorId && `(errorId ${redact(errorId)})`];
  return {
    status,
    text: words.filter((word) => word !== undefined && word !== '').join(' '),
    oktaCode,
    hint: hintFor(status, oktaCode),
  };
}

/** The trouble that an answer other than 200 is. `isLink`: the request was a link of Okta's, not a start of our own. */
export function troubleOf(
  refusal: Refusal,
  about: {
    readonly isLink: boolean;
    readonly oktaNowMs: number | undefined;
    readonly fields?: Readonly<Record<string, unknown>> | undefined;
  },
): Trouble {
  const { status, oktaCode, hint, text } = refusal;
  const { isLink, oktaNowMs, fields } = about;
  return new Trouble(text, {
    kind: kindOf(status, isLink),
    status,
    oktaCode,
    hint,
    oktaNowMs,
    fields,
  });
}

function kindOf(status: number, isLink: boolean): TroubleKind {
  if (status === 401 || status === 403) return 'credentials';
  if (status === 429) return 'rate-limit';
  if (status >= 300 && status < 400) return 'redirect';
  if (isLink && (status === 400 || status === 404 || status === 410)) return 'link-refused';
  if (status === 400) return 'request';
  return status < 300 ? 'not-events' : 'unreachable';
}

function hintFor(status: number, oktaCode: string | undefined): string | undefined {
  const byStatus = STATUS_HINTS[status];
  if (byStatus === undefined || oktaCode === undefined) return byStatus;
  return HINTS[oktaCode] ?? byStatus;
}

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    // Checked just before: an object, of which every field is checked where it is read.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // an error page that is no JSON says no more than its status
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
