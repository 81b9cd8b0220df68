/**
 * Cuts a page of the System Log into its events, byte for byte. One pass checks the whole text and finds the three
 * fields that are read; no object is built, and no byte that is not part of valid JSON is ever taken for an event.
 */
import { isUtf8 } from 'node:buffer';
import { eventId, type LogEvent } from '../../event.ts';
import { JsonText } from './json-text.ts';

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const QUOTE = 0x22;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const FIELDS = ['uuid', 'eventType', 'published'].map((name) => Buffer.from(name));

/** What is wrong with a page that is not one valid JSON array of objects. */
interface PageFault {
  /** The offset of the first byte that is wrong; the length of the page if it ends too early. */
  readonly at: number;
  /** Constant words and the offset; never text of the page. */
  readonly why: string;
  /**
   * Everything that is not in `events`, from the start of the element that did not cut (or from the wrong byte, when
   * that stands between elements) to the end. The whole body if it is no array; empty if the page ends after an event.
   */
  readonly rest: Buffer;
}

export interface CutPage {
  /** The elements that cut cleanly, in order; `raw` of each is its exact bytes, a view of the body and not a copy. */
  readonly events: readonly LogEvent[];
  readonly fault?: PageFault;
}

/**
 * The events of one page. An element cuts cleanly once its closing brace is read, whatever follows; an element that is
 * no object is a fault. A byte order mark at the start is skipped. Of duplicate keys the last counts; a field that is
 * no string is left out. Never throws, whatever the bytes are.
 */
export function cutPage(body: Buffer): CutPage {
  const badByte = isUtf8(body) ? body.length : firstNonUtf8(body);
  const page = new Page(badByte < body.length ? body.subarray(0, badByte) : body);
  const faulty = !page.cut();
  if (!faulty && badByte === body.length) return { events: page.events };
  // a text that is whole, or only ends too early, up to the bad byte is wrong because of that byte
  const notUtf8 = badByte < body.length && (!faulty || page.faultAt >= badByte);
  const at = notUtf8 ? badByte : page.faultAt;
  const why = `${notUtf8 ? 'this is not UTF-8' : page.why}, at byte ${at}`;
  return { events: page.events, fault: { at, why, rest: body.subarray(page.cutTo) } };
}

class Page {
  readonly events: LogEvent[] = [];
  /** All before this offset is in `events`, or stands between them. */
  cutTo = 0;
  readonly #text: JsonText;
  /** Where the value of each of FIELDS begins and ends in the element at hand; 0 when it has none. */
  readonly #starts = FIELDS.map(() => 0);
  readonly #ends = FIELDS.map(() => 0);

  constructor(bytes: Buffer) {
    this.#text = new JsonText(bytes);
  }

  get faultAt(): number {
    return this.#text.faultAt;
  }

  get why(): string {
    return this.#text.why;
  }

  /** False when the page is not one array of objects; `faultAt` and `why` then say where and why. */
  cut(): boolean {
    const text = this.#text;
    const start = text.skipSpace(text.bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0);
    if (text.bytes[start] !== OPEN_BRACKET) return text.refuse(start, 'an array was expected') >= 0;
    const end = this.#elements(text.skipSpace(start + 1));
    if (end < 0) return false;
    this.cutTo = text.skipSpace(end);
    return (
      this.cutTo === text.bytes.length ||
      text.refuse(this.cutTo, 'something follows the end of the array') >= 0
    );
  }

  /** From the first element to behind the bracket that closes the array. */
  #elements(at: number): number {
    const text = this.#text;
    this.cutTo = at;
    if (text.bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      const end = this.#element(this.cutTo);
      if (end < 0) return end;
      this.events.push(this.#event(this.cutTo, end));
      this.cutTo = text.skipSpace(end);
      const byte = text.bytes[this.cutTo];
      if (byte === CLOSE_BRACKET) return this.cutTo + 1;
      if (byte !== COMMA) {
        return text.refuse(this.cutTo, 'a comma or the end of the array was expected');
      }
      this.cutTo = text.skipSpace(this.cutTo + 1);
    }
  }

  /** One element; notes where its fields stand. */
  #element(at: number): number {
    const text = this.#text;
    if (text.bytes[at] !== OPEN_BRACE) return text.refuse(at, 'an object was expected');
    this.#ends.fill(0);
    let next = text.skipSpace(at + 1);
    if (text.bytes[next] === CLOSE_BRACE) return next + 1;
    for (;;) {
      const end = this.#member(next);
      if (end < 0) return end;
      next = text.skipSpace(end);
      const byte = text.bytes[next];
      if (byte === CLOSE_BRACE) return next + 1;
      if (byte !== COMMA) {
        return text.refuse(next, 'a comma or the end of the object was expected');
      }
      next = text.skipSpace(next + 1);
    }
  }

  #member(at: number): number {
    const text = this.#text;
    const keyEnd = text.string(at);
    if (keyEnd < 0) return keyEnd;
    const field = this.#fieldOf(at, keyEnd);
    const start = text.colon(keyEnd);
    if (start < 0) return start;
    const end = text.value(start);
    if (field >= 0) {
      this.#starts[field] = start;
      this.#ends[field] = end;
    }
    return end;
  }

  /** The index in FIELDS of the key between the two offsets, quotes included, or -1. */
  #fieldOf(start: number, end: number): number {
    const { bytes, escapeAt } = this.#text;
    if (escapeAt > start) {
      const key = Buffer.from(decode(bytes, start, end));
      return FIELDS.findIndex((name) => name.equals(key));
    }
    for (let field = 0; field < FIELDS.length; field++) {
      const name = FIELDS[field];
      if (name?.length === end - start - 2 && isAt(bytes, start + 1, name)) return field;
    }
    return -1;
  }

  #event(start: number, end: number): LogEvent {
    const raw = this.#text.bytes.subarray(start, end);
    const uuid = this.#field(0);
    const eventType = this.#field(1);
    const published = this.#field(2);
    const id = eventId(uuid, raw);
    if (uuid !== undefined && eventType !== undefined && published !== undefined) {
      return { id, uuid, eventType, published, raw };
    }
    return {
      id,
      ...(uuid !== undefined && { uuid }),
      ...(eventType !== undefined && { eventType }),
      ...(published !== undefined && { published }),
      raw,
    };
  }

  #field(field: number): string | undefined {
    const { bytes } = this.#text;
    const start = this.#starts[field] ?? 0;
    const end = this.#ends[field] ?? 0;
    if (end === 0 || bytes[start] !== QUOTE) return undefined;
    return decode(bytes, start, end);
  }
}

/** The text of a valid JSON string, its quotes between the offsets. */
function decode(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start + 1, end - 1);
  if (!text.includes('\\')) return text;
  return String(JSON.parse(`"${text}"`));
}

function isAt(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++) {
    if (bytes[at + index] !== name[index]) return false;
  }
  return true;
}

/** The offset of the first byte that is not part of a whole UTF-8 sequence (RFC 3629). */
function firstNonUtf8(bytes: Buffer): number {
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes[at] ?? 0);
    if (length > 1 && !isUtf8(bytes.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}

/** How long the sequence would be that begins with `lead`, if it is one. */
function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}
