/**
 * The kinds of events that practice events are drawn from: names from Okta's catalogue of event types
 * (https://developer.okta.com/docs/reference/api/event-types/), shapes as in the sample events, weights by guess.
 */
import type { EventKind } from './event-kind.ts';
import { ORG_EVENT_KINDS } from './org-event-kinds.ts';
import { USER_EVENT_KINDS } from './user-event-kinds.ts';

export const EVENT_KINDS: readonly EventKind[] = [...USER_EVENT_KINDS, ...ORG_EVENT_KINDS];
