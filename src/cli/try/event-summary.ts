/** What a person wants to know of an event at a glance: who did what to whom, and how it ended. */
import type { LogEvent } from '../../event.ts';

export interface EventSummary {
  readonly id: string;
  readonly type: string | null;
  readonly published: string | null;
  /** The actor, the first target and the outcome; null where the event has none. Not yet fit for a terminal. */
  readonly who: string | null;
  readonly whom: string | null;
  readonly outcome: string | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads a copy of the event's bytes; bytes that are no JSON have no who and no whom. */
export function summaryOf({ id, eventType, published, raw }: LogEvent): EventSummary {
  const event = fieldsOf(parsed(raw));
  return {
    id,
    type: eventType ?? null,
    published: published ?? null,
    who: nameOf(event.actor),
    whom: targetOf(event.target),
    outcome: outcomeOf(event.outcome),
  };
}

function parsed(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fieldsOf(value: unknown): Fields {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : {}; // an object's fields by name, each of them unknown
}

/** Okta writes `unknown` where a thing has no login. */
function nameOf(value: unknown): string | null {
  const { alternateId, displayName, id } = fieldsOf(value);
  const names = [alternateId, displayName, id].filter((name) => typeof name === 'string');
  return names.find((name) => name !== '' && name !== 'unknown') ?? names[0] ?? null;
}

/** The first person among them, else the first of them, and how many more there are. */
function targetOf(value: unknown): string | null {
  const targets: readonly unknown[] = Array.isArray(value) ? value : [];
  const person = targets.find((target) => fieldsOf(target).type === 'User');
  const name = nameOf(person ?? targets[0]);
  return name === null || targets.length < 2 ? name : `${name} +${targets.length - 1}`;
}

function outcomeOf(value: unknown): string | null {
  const { result, reason } = fieldsOf(value);
  if (typeof result !== 'string') return null;
  return typeof reason === 'string' ? `${result} ${reason}` : result;
}
