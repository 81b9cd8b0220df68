/** Places of events, a bit each: a million of them take as little as 128 KB, wherever in the log they lie. */

const BITS = 65_536;

export class SeqSet {
  readonly #chunks = new Map<number, Uint8Array>();

  /** False when it was there already. */
  add(seq: number): boolean {
    const chunk = this.#chunkOf(seq);
    const at = (seq % BITS) >>> 3;
    const bit = 1 << (seq & 7);
    const before = chunk[at] ?? 0;
    chunk[at] = before | bit;
    return (before & bit) === 0;
  }

  has(seq: number): boolean {
    const chunk = this.#chunks.get(Math.floor(seq / BITS));
    return chunk !== undefined && ((chunk[(seq % BITS) >>> 3] ?? 0) & (1 << (seq & 7))) !== 0;
  }

  #chunkOf(seq: number): Uint8Array {
    const n = Math.floor(seq / BITS);
    const known = this.#chunks.get(n);
    if (known !== undefined) return known;
    const chunk = new Uint8Array(BITS / 8);
    this.#chunks.set(n, chunk);
    return chunk;
  }
}
