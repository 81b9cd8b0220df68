/** Writes the loghook.yaml that says what a loghook.csv says. The URLs are the same, so each route finds its queue again. */
import { joinLines } from '../../routing/join.ts';
import type { Route } from '../../routing/route.ts';
import { type CsvLine, isBlankOrComment, parseRoutes, splitLines } from './read.ts';

export interface Converted {
  readonly text: string;
  readonly routes: readonly { readonly before: string; readonly name: string }[];
  /** A URL holds what others should not see, as far as that can be told from its shape. */
  readonly looksSecret: boolean;
}

const LONGEST_NAME = 64;
/** The shipped file begins so, and goes on about how lines of CSV are written. */
const ABOUT_CSV = /^#\s*loghook\.csv:/;

/** Throws RoutesError as `loadRoutes` does. `schema` is where an editor finds the JSON Schema. */
export function csvToYaml(bytes: Buffer, shownAs: string, schema: string): Converted {
  const lines = parseRoutes(bytes, shownAs);
  const routes = joinLines(lines);
  const names = nameAll(routes);
  const comments = new Comments(bytes, lines);
  const entries = routes.map((route) => {
    const own = lines.filter(({ destination }) => destination.key === route.key);
    return entryOf(names.get(route) ?? route.key, own, comments);
  });
  const text = [
    `# yaml-language-server: $schema=${schema}`,
    ...comments.top,
    'routes:',
    ...entries.flatMap((entry, index) => (index === 0 ? entry : ['', ...entry])),
    ...comments.bottom,
  ];
  return {
    text: `${text.join('\n')}\n`,
    routes: routes.map((route) => ({ before: route.name, name: names.get(route) ?? '' })),
    looksSecret: routes.some(looksSecret),
  };
}

/** `hooks.example.com#96a1` becomes `hooks.example.com-96a1`. */
function nameAll(routes: readonly Route[]): Map<Route, string> {
  const names = new Map<Route, string>();
  const taken = new Set<string>();
  for (const route of routes) {
    const [host = '', hash = ''] = route.name.replace(/[^A-Za-z0-9.#_-]+/g, '-').split('#');
    const start = host.replace(/^-+|-+$/g, '');
    for (let more = 0; ; more += 1) {
      const end = more === 0 ? `-${hash}` : `-${hash}-${more}`;
      const name = `${start.slice(0, LONGEST_NAME - end.length)}${end}`;
      if (taken.has(name)) continue;
      taken.add(name);
      names.set(route, name);
      break;
    }
  }
  return names;
}

function entryOf(name: string, lines: readonly CsvLine[], comments: Comments): string[] {
  const [first, ...others] = unique(lines);
  if (first === undefined) return [];
  const above = comments.above(first).map((comment) => `  ${comment}`);
  const match =
    others.length === 0
      ? [`    match: ${quoted(patternOf(first))}`]
      : [
          '    match:',
          `      - ${quoted(patternOf(first))}`,
          ...others.flatMap((line) => [
            ...comments.above(line).map((comment) => `      ${comment}`),
            `      - ${quoted(patternOf(line))}`,
          ]),
        ];
  return [...above, `  - name: ${name}`, ...match, `    url: ${quoted(first.urlAsWritten)}`];
}

/** A pattern that stands twice for one URL counts once. */
function unique(lines: readonly CsvLine[]): CsvLine[] {
  return lines.filter(
    ({ pattern }, index) => lines.findIndex((other) => other.pattern === pattern) === index,
  );
}

/** YAML takes control characters for line ends, or not at all; to a regex they are the same written out. */
function patternOf({ pattern }: CsvLine): string {
  return pattern.replace(/\p{Cc}/gu, (one) => `\\x{${one.codePointAt(0)?.toString(16)}}`);
}

/** How loghook.yaml writes a ${ that begins no variable. */
const DOLLAR = '$${';

/** In single quotes nothing but the quote itself has a meaning; for loghook ${ has one. */
function quoted(text: string): string {
  return `'${text.replaceAll('${', () => DOLLAR).replaceAll("'", "''")}'`;
}

/** Comments go where the line below them goes. */
class Comments {
  readonly top: readonly string[];
  readonly bottom: readonly string[];
  readonly #above = new Map<number, readonly string[]>();

  constructor(bytes: Buffer, lines: readonly CsvLine[]) {
    const texts = splitLines(bytes).map((text = '') => text.trim());
    const first = (lines[0]?.number ?? 1) - 1;
    // What stands above the first empty line speaks of the whole file.
    const top = texts.slice(0, first).indexOf('') + 1;
    this.top = ABOUT_CSV.test(texts[0] ?? '') ? [] : commentsOf(texts.slice(0, top));
    let next = top;
    for (const { number } of lines) {
      this.#above.set(number, commentsOf(texts.slice(next, number - 1)));
      next = number;
    }
    const rest = commentsOf(texts.slice(next));
    this.bottom = rest.length === 0 ? [] : ['', ...rest];
  }

  above({ number }: CsvLine): readonly string[] {
    return this.#above.get(number) ?? [];
  }
}

function commentsOf(texts: readonly string[]): string[] {
  return texts.filter((text) => text !== '' && isBlankOrComment(text));
}

/** Such as a user name, a query, or the long random part of a chat's web hook. */
function looksSecret({ url, authorization }: Route): boolean {
  return authorization !== undefined || url.search !== '' || /[\w-]{16}/.test(url.pathname);
}
