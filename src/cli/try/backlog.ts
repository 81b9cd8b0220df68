/**
 * What would wait for its turn, if a route sent so many in so much time and its receiver took all of them at once. One
 * number tells it all: when the route would be done with what has come so far.
 */
import type { Rate } from '../../routing/route.ts';

export class Backlog {
  readonly #eachMs: number;
  readonly #maxAgeMs: number;
  #doneAt = Number.NEGATIVE_INFINITY;
  #longestMs = 0;
  #longestAt: number | undefined;
  #tooOld = 0;

  constructor({ count, perMs }: Rate, maxAgeMs: number | undefined) {
    this.#eachMs = perMs / count;
    this.#maxAgeMs = maxAgeMs ?? Number.POSITIVE_INFINITY;
  }

  /** To be told of every event, oldest first, by when it was published. */
  came(at: number): void {
    const startsAt = Math.max(at, this.#doneAt);
    this.#doneAt = startsAt + this.#eachMs;
    const waitMs = startsAt - at;
    if (waitMs > this.#maxAgeMs) this.#tooOld += 1;
    if (waitMs <= this.#longestMs) return;
    this.#longestMs = waitMs;
    this.#longestAt = at;
  }

  /** The longest that an event would wait for its turn, and when that one came. */
  get longest(): { readonly ms: number; readonly at: number | undefined; readonly events: number } {
    const events = Math.ceil(this.#longestMs / this.#eachMs);
    return { ms: this.#longestMs, at: this.#longestAt, events };
  }

  /** How many would be too old when their turn comes. */
  get tooOld(): number {
    return this.#tooOld;
  }
}
