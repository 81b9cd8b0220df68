/** Patterns as they may be copied into the routes. */

/** Matches this type and no other. */
export function exactPattern(type: string): string {
  return `^${type.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`;
}
