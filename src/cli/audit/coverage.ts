/**
 * How much of what the ledger has Okta's list has, too: a list with holes proves nothing. A few may be left out, for
 * bounded answers of Okta may miss what reached its log late; an answer that is empty, or cut off, is no such thing.
 */

/** Of what the ledger has. */
const FEW = 0.01;

export class Coverage {
  /** Events that both have. */
  listed = 0;
  /** Events that the ledger has alone. */
  leftOut = 0;

  /** Of the window, as the ledger has it. */
  get known(): number {
    return this.listed + this.leftOut;
  }

  /** Whether the list can prove something. */
  get isEnough(): boolean {
    if (this.leftOut === 0) return true;
    return this.listed > 0 && this.leftOut <= Math.max(1, this.known * FEW);
  }
}
