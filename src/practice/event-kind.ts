/** What a kind of practice event is: how often it comes, who does it to what, and how it may end. */

export type Actor = 'user' | 'admin' | 'system' | 'client' | 'stranger';

export type Target =
  | 'User'
  | 'AppInstance'
  | 'AppUser'
  | 'UserGroup'
  | 'PolicyEntity'
  | 'PolicyRule'
  | 'Token'
  | 'access_token'
  | 'AuthenticatorEnrollment'
  | 'Zone'
  | 'Device'
  | 'EventHook'
  | 'Flow'
  | 'Request'
  | 'Role'
  | 'LogStream'
  | 'URL Pattern';

export interface EventKind {
  readonly eventType: string;
  readonly legacy: string | null;
  readonly message: string;
  /** How often it comes, relative to the others. */
  readonly weight: number;
  readonly severity: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  readonly actor: Actor;
  /** Empty: `target` is null. */
  readonly targets: readonly Target[];
  /** Result and reason; one of them is drawn. */
  readonly outcomes: readonly (readonly [result: string, reason: string | null])[];
  /** Path of the request that caused it; none for a job of Okta's own. */
  readonly uri: string | undefined;
}

type Rest = Partial<Omit<EventKind, 'eventType' | 'message'>>;

export function kind(eventType: string, message: string, rest: Rest = {}): EventKind {
  return {
    eventType,
    message,
    legacy: null,
    weight: 2,
    severity: 'INFO',
    actor: 'admin',
    targets: [],
    outcomes: [['SUCCESS', null]],
    uri: '/api/v1/users',
    ...rest,
  };
}
