/**
 * Which deliveries of a route must not overtake one another. It looks at a parsed copy of the event's bytes, which
 * strangers wrote: whatever is not as expected means that the event waits for nobody.
 */
import { createHash } from 'node:crypto';
import type { LogEvent } from '../event.ts';
import type { Order } from './route.ts';

/** Longer ones are remembered by their hash, and those with a NUL: SQLite gives a text back up to there. */
const LONGEST_LANE = 128;
const PATH = /^key:(.+)$/;

/** `by` is `strict`, `key`, or `key:` and a dotted path such as `target.0.id`. */
export function orderOf(by: string): Order {
  if (by === 'strict') return Object.freeze({ by, laneOf: () => 'all' });
  const steps = PATH.exec(by)?.[1]?.split('.');
  const find = steps === undefined ? whom : (event: unknown) => valueAt(event, steps);
  return Object.freeze({ by, laneOf: (event: LogEvent) => laneName(find(parse(event.raw))) });
}

/** Whom the event is about: the first target that is a user, else who acted. */
function whom(event: unknown): unknown {
  const targets = valueAt(event, ['target']);
  const user = Array.isArray(targets)
    ? targets.find((target) => valueAt(target, ['type']) === 'User')
    : undefined;
  return valueAt(user, ['id']) ?? valueAt(event, ['actor', 'id']);
}

function valueAt(within: unknown, steps: readonly string[]): unknown {
  let value = within;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step]; // an object with this key of its own, as just seen
  }
  return value;
}

function laneName(value: unknown): string | undefined {
  const name = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof name !== 'string' || name === '') return undefined;
  if (name.length <= LONGEST_LANE && !name.includes('\0')) return name;
  return `sha256-${createHash('sha256').update(name).digest('base64url')}`;
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
