/**
 * The part of Okta's search that the practice org answers: `filter` with eq ne sw ew co pr, and or not and parentheses
 * over any attribute but `published`; `q` as keywords. https://developer.okta.com/docs/reference/system-log-query/
 */

export type Predicate = (event: unknown) => boolean;

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*")|([()])|([A-Za-z][\w.]*))/y;
const MAX_KEYWORD = 40;
const MAX_KEYWORDS = 10;

const COMPARISONS: Readonly<Record<string, (value: string, wanted: string) => boolean>> = {
  eq: (value, wanted) => value === wanted,
  ne: (value, wanted) => value !== wanted,
  sw: (value, wanted) => value.startsWith(wanted),
  ew: (value, wanted) => value.endsWith(wanted),
  co: (value, wanted) => value.includes(wanted),
};

/** Undefined when `text` is not an expression that is supported here (Okta: 400 E0000031). */
export function parseFilter(text: string): Predicate | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const reader = new FilterReader(tokens);
  const predicate = reader.either();
  return reader.done ? predicate : undefined;
}

/** Undefined when a keyword is over 40 characters or there are over 10 of them (Okta: 400 E0000001). */
export function parseKeywords(text: string): Predicate | undefined {
  const keywords = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (keywords.length > MAX_KEYWORDS) return undefined;
  if (keywords.some((keyword) => [...keyword].length > MAX_KEYWORD)) return undefined;
  return (event) => {
    const words = new Set(wordsOf(event));
    return keywords.every((keyword) => words.has(keyword));
  };
}

/** Recursive descent; every method gives undefined once the text makes no sense, and that travels up. */
class FilterReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#at === this.#tokens.length;
  }

  either(): Predicate | undefined {
    let left = this.#both();
    while (left !== undefined && this.#takeWord('or')) {
      const [first, second] = [left, this.#both()];
      left = second && ((event) => first(event) || second(event));
    }
    return left;
  }

  #both(): Predicate | undefined {
    let left = this.#one();
    while (left !== undefined && this.#takeWord('and')) {
      const [first, second] = [left, this.#one()];
      left = second && ((event) => first(event) && second(event));
    }
    return left;
  }

  #one(): Predicate | undefined {
    if (this.#takeWord('not')) {
      const inner = this.#one();
      return inner && ((event) => !inner(event));
    }
    if (!this.#takeWord('(')) return this.#comparison();
    const inner = this.either();
    return this.#takeWord(')') ? inner : undefined;
  }

  #comparison(): Predicate | undefined {
    const attribute = this.#take();
    const operator = this.#take()?.toLowerCase();
    if (attribute === undefined || operator === undefined) return undefined;
    if (!/^[A-Za-z]/.test(attribute) || attribute === 'published') return undefined;
    const path = attribute.split('.');
    if (operator === 'pr') return (event) => valuesAt(event, path).length > 0;
    const compare = COMPARISONS[operator];
    const wanted = stringLiteral(this.#take());
    if (compare === undefined || wanted === undefined) return undefined;
    return (event) => valuesAt(event, path).some((value) => compare(value, wanted));
  }

  #take(): string | undefined {
    const token = this.#tokens[this.#at];
    this.#at += 1;
    return token;
  }

  #takeWord(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }
}

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (match === null) return undefined;
    tokens.push(match[0].trimStart());
  }
  return tokens;
}

function stringLiteral(token: string | undefined): string | undefined {
  if (!token?.startsWith('"')) return undefined;
  try {
    return String(JSON.parse(token));
  } catch {
    return undefined; // a bad escape in the string: no expression
  }
}

/** All the values that a dotted path leads to, as text; arrays on the way count with each of their elements. */
function valuesAt(value: unknown, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, path));
  if (value === null || value === undefined) return [];
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'object' ? ['[object]'] : [String(value)];
  if (typeof value !== 'object' || !Object.hasOwn(value, key)) return [];
  return valuesAt(Reflect.get(value, key), rest);
}

/** Every text in the event, whole and by its parts, in lower case. */
function wordsOf(value: unknown): string[] {
  if (typeof value === 'string') {
    const text = value.toLowerCase();
    return [text, ...text.split(/\s+/), ...text.split(/[\s-]+/)];
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(wordsOf);
}
