/**
 * What can go wrong with one request to Okta, and what it means: how long to wait before the next one, and the line
 * that is logged when such trouble starts and when it ends. All of it is retried for ever; what must not be (a refusal
 * at a first start) is decided in system-log.ts.
 */
import { printable } from '../../printable.ts';

export type TroubleKind =
  | 'unreachable'
  | 'redirect'
  | 'rate-limit'
  | 'credentials'
  | 'request'
  | 'link-refused'
  | 'foreign-link'
  | 'not-events'
  | 'bad-page'
  | 'woken';

/** Thrown by one attempt. Its message and fields may be logged: they never hold a secret. */
export class Trouble extends Error {
  readonly kind: TroubleKind;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly status: number | undefined;
  readonly oktaCode: string | undefined;
  readonly hint: string | undefined;
  /** By Okta's clock, ms since 1970, if it said. */
  readonly oktaNowMs: number | undefined;

  constructor(
    message: string,
    options: {
      readonly kind: TroubleKind;
      readonly fields?: Readonly<Record<string, unknown>> | undefined;
      readonly status?: number;
      readonly oktaCode?: string | undefined;
      readonly hint?: string | undefined;
      readonly oktaNowMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.kind = options.kind;
    this.fields = options.fields ?? {};
    this.status = options.status;
    this.oktaCode = options.oktaCode;
    this.hint = options.hint;
    this.oktaNowMs = options.oktaNowMs;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

interface Pace {
  readonly firstMs: number;
  readonly capMs: number;
}

const QUICK: Pace = { firstMs: 1_000, capMs: 60_000 };
const SLOW: Pace = { firstMs: 60_000, capMs: 300_000 };
/** The rate budget does the waiting. */
const NONE: Pace = { firstMs: 0, capMs: 0 };

interface TroubleRule {
  readonly pace: Pace;
  /** Absent: said elsewhere, or not worth a line. */
  readonly starts?: { readonly level: 'warn' | 'error'; readonly message: string };
  readonly ends?: string;
  /** Said from this time on that it comes in a row. Default: the first. */
  readonly saidFrom?: number;
}

export const TROUBLE_RULES: Readonly<Record<TroubleKind, TroubleRule>> = {
  unreachable: {
    pace: QUICK,
    starts: { level: 'warn', message: 'okta unreachable' },
    ends: 'okta reachable again',
  },
  redirect: {
    pace: QUICK,
    starts: { level: 'error', message: 'okta answered with a redirect, which is never followed' },
    ends: 'okta answers without a redirect again',
  },
  'not-events': {
    pace: QUICK,
    starts: { level: 'warn', message: 'okta answered with something else than events' },
    ends: 'okta answers with events again',
  },
  'bad-page': {
    pace: QUICK,
    starts: { level: 'warn', message: 'okta sent a page that cannot be read, reading it again' },
    ends: 'okta sends whole pages again',
  },
  credentials: {
    pace: SLOW,
    starts: { level: 'error', message: 'okta refused the credentials' },
    ends: 'okta accepts the credentials again',
  },
  request: {
    pace: SLOW,
    starts: { level: 'error', message: 'okta refused the request' },
    ends: 'okta accepts the request again',
  },
  'foreign-link': {
    pace: SLOW,
    starts: { level: 'error', message: 'a link that leads away from the org was not followed' },
    ends: 'okta links to the org again',
  },
  'link-refused': { pace: SLOW },
  'rate-limit': {
    pace: NONE,
    starts: { level: 'warn', message: 'okta keeps refusing requests over its rate limit' },
    ends: 'okta grants requests again',
    saidFrom: 5,
  },
  woken: { pace: NONE },
};

/** The wait before try `attempt` + 1 (`attempt` from 1): doubling to the cap, jittered, never below the first. */
export function backoffMs(pace: Pace, attempt: number, random: () => number): number {
  const cap = Math.min(pace.capMs, pace.firstMs * 2 ** Math.min(attempt, 30));
  return pace.firstMs + random() * (cap - pace.firstMs);
}

const MOST_SHOWN = 200;

/** What came from outside, made fit for one line of the log. */
export function brief(text: string): string {
  const shown = printable(text);
  return shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}…` : shown;
}
