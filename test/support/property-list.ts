/** Reads the part of Apple's property lists that a launch agent uses, and throws at anything that is not well-formed XML. */
import assert from 'node:assert/strict';

export type PropertyValue =
  | string
  | number
  | boolean
  | PropertyValue[]
  | { [key: string]: PropertyValue };

const PROLOGUE =
  /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<!DOCTYPE plist PUBLIC "[^"<&]*" "[^"<&]*">\n(?:<!--(?:(?!--)[\s\S])*-->\n)?/;
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

export function parsePropertyList(xml: string): PropertyValue {
  const prologue = PROLOGUE.exec(xml)?.[0];
  assert.ok(prologue !== undefined, `not the start of a property list: ${xml.slice(0, 200)}`);
  const list = new Reader(xml.slice(prologue.length));
  list.take(/<plist version="1\.0">/y);
  const value = list.value();
  list.take(/<\/plist>\s*$/y);
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): PropertyValue {
    const tag = this.take(/<(string|integer|true\/|false\/|array|dict)>/y);
    if (tag === 'true/' || tag === 'false/') return tag === 'true/';
    if (tag === 'array') return this.#until('array', () => this.value());
    if (tag === 'dict')
      return Object.fromEntries(this.#until('dict', () => [this.#key(), this.value()]));
    const text = this.#content(tag);
    return tag === 'integer' ? Number.parseInt(text, 10) : text;
  }

  /** Skips white space, then takes what `pattern` matches here; gives its first group. */
  take(pattern: RegExp): string {
    const start = this.#at + (/^\s*/.exec(this.#text.slice(this.#at))?.[0].length ?? 0);
    pattern.lastIndex = start;
    const match = pattern.exec(this.#text);
    assert.ok(match, `expected ${pattern} at ${this.#text.slice(start, start + 80)}`);
    this.#at = pattern.lastIndex;
    return match[1] ?? '';
  }

  #key(): string {
    this.take(/<key>/y);
    return this.#content('key');
  }

  #until<T>(tag: string, read: () => T): T[] {
    const values: T[] = [];
    const end = new RegExp(`^\\s*</${tag}>`);
    while (!end.test(this.#text.slice(this.#at))) values.push(read());
    this.take(new RegExp(`</${tag}>`, 'y'));
    return values;
  }

  #content(tag: string): string {
    const end = this.#text.indexOf(`</${tag}>`, this.#at);
    assert.notEqual(end, -1, `<${tag}> does not end`);
    const text = this.#text.slice(this.#at, end);
    this.#at = end + tag.length + 3;
    assert.doesNotMatch(text, /<|\]\]>|&(?!(?:amp|lt|gt|quot|apos);)|(?![\t\n\r])\p{Cc}/u);
    return text.replace(/&(\w+);/g, (_, name: string) => ENTITIES[name] ?? '');
  }
}
