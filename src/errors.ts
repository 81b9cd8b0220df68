/**
 * What loghook throws. Anything that can be expected on the way of an event is a value (an Outcome, a fault of a page);
 * an error means that a person has to do something, and carries what: a fixed code, a message that says what was being
 * done to what, and a hint that the command line prints on a line of its own.
 */

type ErrorCode = 'LOGHOOK_CONFIG' | 'LOGHOOK_ROUTES' | 'LOGHOOK_OKTA' | 'LOGHOOK_STATE';

export abstract class LoghookError extends Error {
  abstract readonly code: ErrorCode;
  /** What to do next, in words; never a secret. */
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly cause?: unknown; readonly hint?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.hint = options.hint;
  }

  override get name(): string {
    return this.constructor.name; // not an own field, so it is not serialised twice
  }
}

/** One thing that is wrong with what a person wrote. */
export interface Problem {
  /** File and line ("loghook.csv line 3") or the setting's name ("OKTA_ORG_URL"). */
  readonly where: string;
  readonly message: string;
  readonly hint?: string;
}

export class ConfigError extends LoghookError {
  readonly code = 'LOGHOOK_CONFIG';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options: { readonly cause?: unknown } = {}) {
    super(problems.map((problem) => `${problem.where}: ${problem.message}`).join('\n'), options);
    this.problems = problems;
  }
}

export class RoutesError extends LoghookError {
  readonly code = 'LOGHOOK_ROUTES';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options: { readonly cause?: unknown } = {}) {
    super(problems.map((problem) => `${problem.where}: ${problem.message}`).join('\n'), options);
    this.problems = problems;
  }
}

/** Okta refused, in a way that waiting does not mend. `kind` decides the exit code. */
export class OktaError extends LoghookError {
  readonly code = 'LOGHOOK_OKTA';
  readonly kind: 'credentials' | 'request' | 'foreign-link';
  readonly status: number | undefined;
  /** Okta's own code, such as E0000011. */
  readonly oktaCode: string | undefined;

  constructor(
    message: string,
    options: {
      readonly kind: OktaError['kind'];
      readonly status?: number;
      readonly oktaCode?: string;
      readonly hint?: string;
      readonly cause?: unknown;
    },
  ) {
    super(message, options);
    this.kind = options.kind;
    this.status = options.status;
    this.oktaCode = options.oktaCode;
  }
}

/** State on disk cannot be opened, written or trusted. */
export class StateError extends LoghookError {
  readonly code = 'LOGHOOK_STATE';
  readonly path: string;

  constructor(
    path: string,
    doing: string,
    options: { readonly cause?: unknown; readonly hint?: string } = {},
  ) {
    super(`could not ${doing} ${path}`, options);
    this.path = path;
  }
}

/** The innermost reason in words: `ECONNREFUSED 127.0.0.1:3000`, not `fetch failed`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  return error.message || error.name;
}

/** The `code` of a system error, such as ENOSPC, if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause);
}
