/** Writes that are worth making and not worth stopping for: what is refused for now is tried again later. */
import { isForNow } from './sqlite.ts';

export class DeferredWrites {
  /** By what they write: a newer one takes an older one's place. */
  readonly #refused = new Map<string, () => void>();

  /**
   * Writes now or, when that is refused for now, with `retry`. Returns whether it is written. Throws what any other
   * write would.
   */
  write(what: string, write: () => void): boolean {
    this.#refused.delete(what);
    try {
      write();
      return true;
    } catch (error) {
      if (!isForNow(error)) throw error;
      this.#refused.set(what, write);
      return false;
    }
  }

  retry(): void {
    for (const [what, write] of [...this.#refused]) this.write(what, write);
  }
}
