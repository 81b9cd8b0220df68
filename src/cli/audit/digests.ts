/** The digests of many events, 8 bytes of each: to see whether some of a few others are among them. */

const BYTES = 8;
const CHUNK = 65_536;

export class Digests {
  readonly #chunks: Buffer[] = [];
  #count = 0;

  add(digest: Buffer): void {
    const at = this.#count % CHUNK;
    if (at === 0) this.#chunks.push(Buffer.alloc(CHUNK * BYTES));
    digest.copy(this.#chunks.at(-1) ?? Buffer.alloc(BYTES), at * BYTES, 0, BYTES);
    this.#count += 1;
  }

  /** Those of `wanted` that were added. */
  among(wanted: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    if (wanted.size === 0) return found;
    for (let n = 0; n < this.#count; n += 1) {
      const at = (n % CHUNK) * BYTES;
      const chunk = this.#chunks[Math.floor(n / CHUNK)];
      const start = chunk?.toString('latin1', at, at + BYTES) ?? '';
      if (wanted.has(start)) found.add(start);
    }
    return found;
  }

  /** As `among` names it. */
  static startOf(digest: Buffer): string {
    return digest.toString('latin1', 0, BYTES);
  }
}
