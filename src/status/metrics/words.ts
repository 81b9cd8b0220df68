/** The words that labels may have: closed sets, so that no series is without end. */
export const ATTEMPT_OUTCOMES = [
  'ok',
  'http_3xx',
  'http_4xx',
  'auth',
  'http_5xx',
  'throttled',
  'timeout',
  'dns',
  'connect',
  'tls',
  'blocked',
] as const;
export const RESULTS = ['delivered', 'dead', 'expired', 'dropped'] as const;
/** Of an event's delay. */
export const PARTS = ['okta', 'poll', 'queue', 'send'] as const;
export const ROUTE_STATES = ['flowing', 'slowed', 'held', 'paused', 'disabled', 'removed'] as const;

export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];
export type Result = (typeof RESULTS)[number];
export type RouteStateWord = (typeof ROUTE_STATES)[number];

/** Of an org; undefined where there is only one. An alias, for only that may stand where prom-client wants any labels. */
export type OrgLabels = { readonly org?: string };
