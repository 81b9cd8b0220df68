import type { Log } from '../log.ts';

/** What a person should know of the settings, and nothing is wrong with. */
export function sayNotes(log: Log, notes: readonly string[]): void {
  for (const note of notes) log.warn({ note }, 'setting put right');
}
