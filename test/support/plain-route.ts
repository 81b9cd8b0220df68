/** A route as the routes file would make it, with what a test adds to it. */
import { parseDestination, type Route, type RouteOptions } from '../../src/routing/route.ts';

export function plainRoute(
  name: string,
  patterns: readonly string[] = ['.*'],
  options: RouteOptions = {},
): Route {
  const destination = parseDestination(`https://${name}.example/hook`);
  if ('error' in destination) throw new Error(destination.error);
  return { ...destination, name, patterns, ...options };
}
