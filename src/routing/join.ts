/** Makes routes of single lines: those with one destination become one route, and each route gets a name of its own. */
import type { Destination, Route } from './route.ts';

const HASH_DIGITS = 4;

export interface Line {
  readonly pattern: string;
  readonly destination: Destination;
}

/** In the order in which destinations first appear; a pattern that stands twice for one destination counts once. */
export function joinLines(lines: readonly Line[]): Route[] {
  const byKey = new Map<string, { destination: Destination; patterns: Set<string> }>();
  for (const { pattern, destination } of lines) {
    const joined = byKey.get(destination.key) ?? { destination, patterns: new Set<string>() };
    joined.patterns.add(pattern);
    byKey.set(destination.key, joined);
  }

  const joined = [...byKey.values()];
  const names = nameAll(joined.map(({ destination }) => destination));
  return joined.map(({ destination, patterns }) =>
    Object.freeze({
      ...destination,
      name: names.get(destination) ?? destination.key,
      patterns: Object.freeze([...patterns]),
    }),
  );
}

/** Host and the fewest digits of the key, at least 4, that no other destination of this host begins with. */
export function nameAll(destinations: readonly Destination[]): Map<Destination, string> {
  const names = new Map<Destination, string>();
  let unnamed = destinations;
  for (let digits = HASH_DIGITS; unnamed.length > 0; digits++) {
    const claims = new Map<string, Destination[]>();
    for (const destination of unnamed) {
      const name = `${destination.url.host}#${destination.key.slice(0, digits)}`;
      claims.set(name, [...(claims.get(name) ?? []), destination]);
    }
    for (const [name, [only, ...others]] of claims) {
      if (only !== undefined && others.length === 0) names.set(only, name);
    }
    unnamed = unnamed.filter((destination) => !names.has(destination));
  }
  return names;
}
