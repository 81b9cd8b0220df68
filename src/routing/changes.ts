/** What becomes of routes in force when others take their place: which go on as they are, and which must start anew. */
import type { Route } from './route.ts';

/**
 * The keys of routes in force that cannot go on as they are: something else than their patterns changed, or another
 * route takes their queue over. Those that are simply gone are not among them.
 */
export function changedKeys(before: readonly Route[], after: readonly Route[]): Set<string> {
  const byKey = new Map(after.map((route) => [route.key, route]));
  const taken = new Set(after.map(({ formerly }) => formerly));
  const changed = before.filter((route) => {
    const next = byKey.get(route.key);
    return next === undefined ? taken.has(route.key) : settingsOf(next) !== settingsOf(route);
  });
  return new Set(changed.map(({ key }) => key));
}

/** The same for routes that send alike. It holds secrets: not to be shown. (`isDeepStrictEqual` takes all URLs for one.) */
function settingsOf({ patterns, formerly, order, ...settings }: Route): string {
  const texts = Object.entries({ ...settings, order: order?.by })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value, sorted)}`);
  return texts.sort().join('\n');
}

/** Objects with their names in order; URLs and Buffers have turned into text and arrays before. */
function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
