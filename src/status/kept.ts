/**
 * Something costly that others may ask for as often as they like: it is kept for so long that making it anew takes but a
 * tenth of the time, and never for long.
 */
import type { Clock } from '../clock.ts';

const TIMES_COST = 10;
const LONGEST_MS = 1_000;

export class Kept<T> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #make: () => Promise<T>;
  #known: { readonly value: T; readonly until: number } | undefined;
  /** How often it was forgotten. */
  #age = 0;

  constructor(clock: Pick<Clock, 'monotonic'>, make: () => Promise<T>) {
    this.#clock = clock;
    this.#make = make;
  }

  async get(): Promise<T> {
    const startedAt = this.#clock.monotonic();
    if (this.#known !== undefined && startedAt < this.#known.until) return this.#known.value;
    const age = this.#age;
    const value = await this.#make();
    const endedAt = this.#clock.monotonic();
    const keptMs = Math.min(LONGEST_MS, TIMES_COST * (endedAt - startedAt));
    // What was forgotten meanwhile is as old as what was made before.
    if (age === this.#age) this.#known = { value, until: endedAt + keptMs };
    return value;
  }

  /** The next one is a fresh one: something was changed. */
  forget(): void {
    this.#age += 1;
    this.#known = undefined;
  }
}
