/** What may be used once: the `jti` of assertions and proofs, until they could not be used any more anyway. */
export class OnceOnly {
  readonly #usedUntil = new Map<string, number>();

  /** False if `id` has been used before. Forgets it at `untilMs`. */
  use(id: string, untilMs: number, nowMs: number): boolean {
    for (const [known, until] of this.#usedUntil) {
      if (until < nowMs) this.#usedUntil.delete(known);
    }
    if (this.#usedUntil.has(id)) return false;
    this.#usedUntil.set(id, untilMs);
    return true;
  }
}
