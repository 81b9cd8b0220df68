/** What must never be shown of what a service app sends: its tokens, old ones too, its assertions and proofs. */

/** Tokens: the one in use, and those that requests may still be under way with. */
const KEPT = 4;
/** No token is so short, and taking it out would tear words apart. */
const SHORTEST = 8;
/** A JWT (assertions, proofs, Okta's tokens), or the beginning of one: its head begins with `{"`. */
const SIGNED = /eyJ[\w-]{8,}(?:\.[\w-]*)*/g;

export class Secrets {
  readonly #known: string[] = [];

  add(secret: string): void {
    if (secret.length < SHORTEST || this.#known.includes(secret)) return;
    this.#known.push(secret);
    if (this.#known.length > KEPT) this.#known.shift();
  }

  redact(text: string): string {
    const known = this.#known.reduce((rest, one) => rest.replaceAll(one, '[redacted]'), text);
    return known.replace(SIGNED, '[redacted]');
  }
}
