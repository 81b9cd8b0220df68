/** The digests of many events, 8 bytes of each: to see whether some other is among them. */

const BYTES = 8;
const CHUNK = 65_536;

export class Digests {
  readonly #chunks: Buffer[] = [];
  #count = 0;
  #sorted = new BigUint64Array();

  add(digest: Buffer): void {
    const at = this.#count % CHUNK;
    if (at === 0) this.#chunks.push(Buffer.alloc(CHUNK * BYTES));
    digest.copy(this.#chunks.at(-1) ?? Buffer.alloc(BYTES), at * BYTES, 0, BYTES);
    this.#count += 1;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** To be asked once all were added: it puts them in order first. */
  has(digest: Buffer): boolean {
    const wanted = digest.readBigUInt64LE();
    const sorted = this.#inOrder();
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] ?? 0n) < wanted) low = middle + 1;
      else high = middle;
    }
    return sorted[low] === wanted;
  }

  #inOrder(): BigUint64Array {
    if (this.#sorted.length === this.#count) return this.#sorted;
    this.#sorted = BigUint64Array.from({ length: this.#count }, (_, n) => this.#at(n)).sort();
    return this.#sorted;
  }

  #at(n: number): bigint {
    return this.#chunks[Math.floor(n / CHUNK)]?.readBigUInt64LE((n % CHUNK) * BYTES) ?? 0n;
  }
}
