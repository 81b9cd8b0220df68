/**
 * The first bytes of an answer's body, for people. They fill in as they come: nobody waits for them. Whoever reads them
 * gets them without the route's secrets, should the receiver repeat some.
 */
import type { Redaction } from './redaction.ts';

const MOST_SHOWN = 200;
/** What lies behind those shown tells whether they end in the middle of a secret. */
const MOST_KEPT = 512;
const NOTHING = Buffer.alloc(0);

export class AnswerHead {
  readonly #encoding: string | undefined;
  readonly #redactions: readonly Redaction[];
  #kept: Buffer = NOTHING;
  #bytes = 0;

  constructor(
    encoding: string | string[] | undefined,
    redactions: readonly (Redaction | undefined)[],
  ) {
    const named = encoding?.toString().trim().toLowerCase();
    this.#encoding = named === '' || named === 'identity' ? undefined : named;
    this.#redactions = redactions.filter((redaction) => redaction !== undefined);
  }

  /** As received but for secrets; of an encoded body no more than its encoding and size, as bombs come encoded. */
  get head(): Buffer {
    if (this.#kept.length === 0) return NOTHING;
    let shown = this.#kept;
    for (const redaction of this.#redactions) shown = redaction.of(shown);
    return shown.subarray(0, MOST_SHOWN);
  }

  /** How many bytes have come. */
  get bytes(): number {
    return this.#bytes;
  }

  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#encoding !== undefined) {
      const shown = /^[a-z0-9, -]{1,30}$/.test(this.#encoding) ? this.#encoding : 'encoded';
      this.#kept = Buffer.from(`(${shown}, ${this.#bytes} bytes)`);
    } else if (this.#kept.length < MOST_KEPT) {
      // Concat copies: a slice would keep the whole chunk in memory.
      this.#kept = Buffer.concat([this.#kept, chunk.subarray(0, MOST_KEPT - this.#kept.length)]);
    }
  }
}
