/** What Okta's error answers mean. The status decides; codes only add words, for Okta reuses them (E0000053 is both). */
import { single } from '../headers.ts';
import { withoutQuery } from '../logs-path.ts';
import type { Answer } from '../request.ts';
import { challengeOf } from './challenge.ts';
import { type Asking, hintFor } from './hints.ts';
import { brief, Trouble, type TroubleKind } from './trouble.ts';

/** As much of an error answer as is read, in bytes. */
export const MAX_ERROR_BYTES = 64 * 1024;

export interface Refusal {
  readonly status: number;
  /** What came, in words: `HTTP 401 E0000011 Invalid token provided`. */
  readonly text: string;
  /** Okta's own, or one of OAuth's, such as invalid_client. */
  readonly oktaCode: string | undefined;
  /** OAuth named the error, so it is about the credentials whatever the status. */
  readonly isOAuth: boolean;
  readonly hint: string | undefined;
}

const OAUTH_CODE = /^[a-z_]{1,40}$/;

/** OAuth has words for trouble of the server's own, too. */
const NOT_OURS = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);

/** Never throws: the body may be anything. `redact` takes secrets out of text that came from outside. */
export function readRefusal(
  answer: Pick<Answer, 'status' | 'raw' | 'headers'>,
  { redact, kind }: { readonly redact: (text: string) => string; readonly kind: Asking },
): Refusal {
  const { status } = answer;
  const envelope = parseObject(answer.raw);
  const named = namedError(envelope, kind === 'token' ? undefined : challengeOf(answer));
  const summary = brief(redact(named.summary));
  const errorId = /^[\w.-]{1,64}$/.exec(textOf(envelope.errorId) ?? '')?.[0];
  const shownId = errorId && `(errorId ${redact(errorId)})`;
  const words = [`HTTP ${status}`, named.code, summary, shownId];
  return {
    status,
    text: words.filter((word) => word !== undefined && word !== '').join(' '),
    oktaCode: named.code,
    isOAuth: named.isOAuth && !NOT_OURS.has(named.code ?? ''),
    hint: hintFor(kind, status, named.code),
  };
}

interface Named {
  readonly code: string | undefined;
  readonly summary: string;
  readonly isOAuth: boolean;
}

/** Okta's own envelope, OAuth's, or the header that comes with an empty body. */
function namedError(
  envelope: Readonly<Record<string, unknown>>,
  challenge: ReturnType<typeof challengeOf>,
): Named {
  const error = textOf(envelope.error);
  if (error !== undefined && OAUTH_CODE.test(error)) {
    return { code: error, summary: textOf(envelope.error_description) ?? '', isOAuth: true };
  }
  const code = textOf(envelope.errorCode);
  // Okta puts OAuth's word for an unknown client id into its own envelope.
  if (code !== undefined && OAUTH_CODE.test(code)) {
    return { code, summary: textOf(envelope.errorSummary) ?? '', isOAuth: true };
  }
  if (code === undefined && challenge !== undefined) {
    return { code: challenge.code, summary: challenge.description, isOAuth: true };
  }
  return {
    code: code !== undefined && /^[A-Z0-9]{1,20}$/.test(code) ? code : undefined,
    summary: textOf(envelope.errorSummary) ?? '',
    isOAuth: false,
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
    kind: kindOf(refusal, isLink),
    status,
    oktaCode,
    hint,
    oktaNowMs,
    fields,
  });
}

/** Where a redirect leads, fit to be shown. */
export function whereTo(
  { headers }: Pick<Answer, 'headers'>,
  redact: (text: string) => string,
): Readonly<Record<string, string>> | undefined {
  const location = single(headers.location);
  return location === undefined ? undefined : { to: brief(redact(withoutQuery(location))) };
}

function kindOf({ status, isOAuth }: Refusal, isLink: boolean): TroubleKind {
  if (status === 401 || status === 403) return 'credentials';
  if (status === 429) return 'rate-limit';
  if (status >= 300 && status < 400) return 'redirect';
  if (isOAuth && status >= 400 && status < 500) return 'credentials';
  if (isLink && (status === 400 || status === 404 || status === 410)) return 'link-refused';
  if (status === 400) return 'request';
  return status < 300 ? 'not-events' : 'unreachable';
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
