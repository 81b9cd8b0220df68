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

/** Whom an event is most likely about, by how its type begins; the first that fits. */
const TARGETS_OF: readonly (readonly [start: RegExp, targets: readonly Target[]])[] = [
  [/^group\.(user|application)_/, ['User', 'UserGroup']],
  [/^application\.user_membership\./, ['AppUser', 'AppInstance', 'User']],
  [/^(group|directory)\b/, ['UserGroup']],
  [/^app/, ['AppInstance']],
  [/^policy\.rule\b/, ['PolicyRule']],
  [/^policy\b/, ['PolicyEntity']],
  [/^zone\b/, ['Zone']],
  [/^device\b/, ['Device', 'User']],
  [/^event_hook\b/, ['EventHook']],
  [/^workflows\b/, ['Flow']],
  [/^(role|iam)\b/, ['Role']],
  [/^system\.api_token\b/, ['Token']],
  [/^user\.session\b/, []],
  [/./, ['User']],
];

/** A kind for a type that is only known by its name. */
export function plausibleKind(eventType: string): EventKind {
  const words = (eventType.split('.').at(-1) ?? '').replaceAll('_', ' ');
  const message = words.charAt(0).toUpperCase() + words.slice(1);
  const [, targets = []] = TARGETS_OF.find(([start]) => start.test(eventType)) ?? [];
  return kind(eventType, message, { targets });
}
