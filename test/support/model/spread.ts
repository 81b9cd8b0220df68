import type { Random } from '../../../src/practice/random.ts';

/** Between `from` and `to`, small ones more often. */
export function spread(random: Random, from: number, to: number): number {
  return Math.round(from * (to / from) ** random());
}
