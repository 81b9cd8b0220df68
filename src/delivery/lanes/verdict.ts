/** What the rule of whose-trouble.ts speaks of: how a route fares, what is known of an event, what becomes of both. */

export type RouteState =
  | { readonly kind: 'flowing' }
  | {
      readonly kind: 'slowed';
      readonly why: string;
      readonly since: number;
      readonly until: number;
    }
  | {
      readonly kind: 'held';
      readonly why: string;
      readonly since: number;
      /** When the next probe may go, ms since 1970; absent when the route waits for a person. */
      readonly until?: number;
    };

/** What the rule must know of an event that was tried. */
export interface Tried {
  readonly seq: number;
  readonly attempts: number;
  readonly tries: number;
  /** When it was tried before, ms since 1970. */
  readonly lastAttemptAt?: number;
}

export type Verdict =
  | {
      readonly kind: 'delivered';
      readonly at: number;
      readonly status: number;
      readonly ms: number;
    }
  | {
      readonly kind: 'postponed';
      readonly at: number;
      readonly dueAt: number;
      /** Whether the attempt counts against the event. */
      readonly charged: boolean;
      readonly status?: number;
      readonly why: string;
    }
  | { readonly kind: 'dead'; readonly at: number; readonly status?: number; readonly why: string };
