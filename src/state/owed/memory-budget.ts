/**
 * How many event bytes may wait in memory, all routes together. Each may take as much as is still free for all: one
 * alone gets half, and however many are held up, the next one still finds some.
 */
const BYTES = 8 * 1024 * 1024;

export class MemoryBudget {
  #used = 0;

  /** Whether a route that holds `bytes` may take more. */
  hasRoomFor(bytes: number): boolean {
    return bytes < BYTES - this.#used;
  }

  /** `bytes` more are held or, negative, fewer. */
  held(bytes: number): void {
    this.#used += bytes;
  }
}
