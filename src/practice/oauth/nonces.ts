/** The nonce that proofs must hold. Okta's changes each day; here it changes when it is told to. */
import { randomBytes } from 'node:crypto';

export class Nonces {
  #current = newNonce();
  #announced: string | undefined;

  get current(): string {
    return this.#current;
  }

  /** The one before counts no more: whoever uses it is told the new one with a refusal. */
  rotate(): void {
    this.#current = newNonce();
  }

  /** The next good answer brings a new one. */
  announce(): void {
    this.#announced = newNonce();
  }

  /** What a good answer brings along, if anything; from then on nothing else counts. */
  takeAnnounced(): string | undefined {
    const nonce = this.#announced;
    this.#announced = undefined;
    this.#current = nonce ?? this.#current;
    return nonce;
  }
}

function newNonce(): string {
  return randomBytes(24).toString('base64url');
}
