/**
 * Walks JSON text (RFC 8259) and checks every byte of it without building anything. Each method takes the offset where
 * something must begin and returns the offset behind it, or -1 when it is not there: `faultAt` and `why` then say what
 * was wrong first. Nothing recurses, so nesting costs a byte a level and no stack. The bytes must be valid UTF-8.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER_U = 0x75;
/** `]` is `[` + 2 and `}` is `{` + 2. */
const TO_CLOSING = 2;

/** 1 for the bytes that a string holds as they are: all but the quote, the backslash and control characters. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);
/** The bytes that may follow a backslash, apart from `u`. */
const ESCAPED = bytesIn('"\\/bfnrt');
const HEX_DIGIT = bytesIn('0123456789abcdefABCDEF');
const LITERALS = new Map(
  ['true', 'false', 'null'].map((word) => [word.charCodeAt(0), Buffer.from(word)]),
);

function bytesIn(characters: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    characters.includes(String.fromCharCode(byte)) ? 1 : 0,
  );
}

export class JsonText {
  readonly bytes: Buffer;
  faultAt = -1;
  why = '';
  /** Where the last escape that was passed stands: a string that begins before it holds an escape. */
  escapeAt = -1;
  /** The byte that closes each container that is open, outermost first. */
  #closings = new Uint8Array(64);
  #depth = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Notes the first thing that is wrong; returns -1. `why` holds constant words, never text of the page. */
  refuse(at: number, why: string): number {
    this.faultAt = at;
    this.why = at < this.bytes.length ? why : 'the text ends too early';
    return -1;
  }

  /** The offset of the first byte from `at` on that is not white space; the length of the text if there is none. */
  skipSpace(at: number): number {
    const { bytes } = this;
    let next = at;
    while (next < bytes.length) {
      const byte = bytes[next] ?? 0;
      if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) break;
      next++;
    }
    return next;
  }

  /** A string, from its opening quote. */
  string(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== QUOTE) return this.refuse(at, 'a string was expected');
    const end = bytes.length;
    let next = at + 1;
    for (;;) {
      while (next < end && PLAIN[bytes[next] ?? 0] === 1) next++;
      if (bytes[next] === QUOTE) return next + 1;
      next = this.#escape(next);
      if (next < 0) return next;
    }
  }

  /** The key of a member, its colon, and the white space around that: ends where the member's value must begin. */
  key(at: number): number {
    const end = this.string(at);
    return end < 0 ? end : this.colon(end);
  }

  colon(at: number): number {
    const next = this.skipSpace(at);
    if (this.bytes[next] !== COLON) return this.refuse(next, 'a colon was expected');
    return this.skipSpace(next + 1);
  }

  /** A value of any kind, with all that it holds. */
  value(at: number): number {
    this.#depth = 0;
    let next = at;
    for (;;) {
      next = this.#descend(next);
      if (next >= 0) next = this.#ascend(next);
      if (next < 0 || this.#depth === 0) return next;
    }
  }

  /** Opens containers until one begins with a value that holds no other, and passes that value. */
  #descend(at: number): number {
    const { bytes } = this;
    let next = at;
    for (;;) {
      const byte = bytes[next];
      if (byte === QUOTE) return this.string(next);
      if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return this.#scalar(next);
      const first = this.skipSpace(next + 1);
      if (bytes[first] === byte + TO_CLOSING) return first + 1;
      this.#open(byte + TO_CLOSING);
      next = byte === OPEN_BRACE ? this.key(first) : first;
      if (next < 0) return next;
    }
  }

  /** From the end of a value: closes containers, and stops where the next value must begin or when all are closed. */
  #ascend(at: number): number {
    const { bytes } = this;
    let next = at;
    while (this.#depth > 0) {
      next = this.skipSpace(next);
      const closing = this.#closings[this.#depth - 1];
      if (bytes[next] === COMMA) {
        next = this.skipSpace(next + 1);
        return closing === CLOSE_BRACE ? this.key(next) : next;
      }
      if (bytes[next] !== closing) {
        return this.refuse(next, 'a comma or the end of the object or array was expected');
      }
      this.#depth--;
      next++;
    }
    return next;
  }

  #open(closing: number): void {
    if (this.#depth === this.#closings.length) {
      const wider = new Uint8Array(this.#depth * 2);
      wider.set(this.#closings);
      this.#closings = wider;
    }
    this.#closings[this.#depth++] = closing;
  }

  #escape(at: number): number {
    const { bytes } = this;
    if (bytes[at] !== BACKSLASH) return this.refuse(at, 'a control character stands in a string');
    this.escapeAt = at;
    const letter = bytes[at + 1] ?? 0;
    if (ESCAPED[letter] === 1) return at + 2;
    if (letter !== LOWER_U) return this.refuse(at + 1, 'an unknown escape stands in a string');
    for (let digit = at + 2; digit < at + 6; digit++) {
      if (HEX_DIGIT[bytes[digit] ?? 0] !== 1) {
        return this.refuse(digit, 'four hexadecimal digits were expected');
      }
    }
    return at + 6;
  }

  #scalar(at: number): number {
    const byte = this.bytes[at] ?? 0;
    if (byte === MINUS || isDigit(byte)) return this.#number(at);
    const word = LITERALS.get(byte);
    if (word === undefined) return this.refuse(at, 'a value was expected');
    for (let index = 1; index < word.length; index++) {
      if (this.bytes[at + index] !== word[index]) {
        return this.refuse(at + index, 'true, false or null was expected');
      }
    }
    return at + word.length;
  }

  #number(at: number): number {
    const { bytes } = this;
    let next = bytes[at] === MINUS ? at + 1 : at;
    next = bytes[next] === ZERO ? next + 1 : this.#digits(next);
    if (next >= 0 && bytes[next] === DOT) next = this.#digits(next + 1);
    if (next >= 0 && ((bytes[next] ?? 0) | 0x20) === 0x65) next = this.#exponent(next + 1);
    return next;
  }

  #exponent(at: number): number {
    const byte = this.bytes[at];
    return this.#digits(byte === MINUS || byte === 0x2b ? at + 1 : at);
  }

  #digits(at: number): number {
    const { bytes } = this;
    let next = at;
    while (next < bytes.length && isDigit(bytes[next] ?? 0)) next++;
    return next > at ? next : this.refuse(at, 'a digit was expected');
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
