/** The first bytes of an answer's body, for people. They fill in as they come: nobody waits for them. */

const MOST = 200;
const NOTHING = Buffer.alloc(0);

export class AnswerHead {
  /** As received; of an encoded body no more than its encoding and size, as bombs come encoded. */
  head: Buffer = NOTHING;
  readonly #encoding: string | undefined;
  #bytes = 0;

  constructor(encoding: string | string[] | undefined) {
    const named = encoding?.toString().trim().toLowerCase();
    this.#encoding = named === '' || named === 'identity' ? undefined : named;
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#bytes;
  }

  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#encoding !== undefined) {
      const shown = /^[a-z0-9, -]{1,30}$/.test(this.#encoding) ? this.#encoding : 'encoded';
      this.head = Buffer.from(`(${shown}, ${this.#bytes} bytes)`);
    } else if (this.head.length < MOST) {
      // Concat copies: a slice would keep the whole chunk in memory.
      this.head = Buffer.concat([this.head, chunk.subarray(0, MOST - this.head.length)]);
    }
  }
}
