/** Writes that are worth making and not worth stopping for: what is refused for now is tried again later. */
import { isForNow } from './sqlite.ts';

export class DeferredWrites {
  /** By what they write: a newer one takes an older one's place. */
  readonly #refused = new Map<string, () => void>();

  /** Writes now or, when that is refused for now, with `retry`. Throws what any other write would. */
  write(what: string, write: () => void): void {
    this.#refused.delete(what);
    try {
      write();
    } catch (error) {
      if (!isForNow(error)) throw error;
      this.#refused.set(what, write);
    }
  }

  retry(): void {
    for (const [what, write] of [...this.#refused]) this.write(what, write);
  }
}
