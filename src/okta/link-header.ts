/**
 * Reads `Link` headers. A header that is there but cannot be read is a fault, never the end of the log.
 *
 * parse-link-header does the parsing of parameters, behind a guard: it blocks for minutes on runs of white space,
 * returns null above 2,000 characters, throws on an array, and drops `REL=`, `rel='…'` and links that hold `, <`. So
 * each link is cut out here, its URL is put aside for a short stand-in, its white space is collapsed, and it is parsed
 * alone.
 */
import parseLinkHeader from 'parse-link-header';

export interface Links {
  /** URLs byte for byte as they stand between `<` and `>`, by relation in lower case. */
  readonly byRel: ReadonlyMap<string, string>;
  /** Why the header cannot be trusted, if so; then no relation may be taken for absent. */
  readonly fault?: string;
}

/** Far above two links of the longest URL that a server takes, far below what would be worth parsing. */
const MAX_HEADER_CHARS = 256 * 1024;
const MAX_PARAMETER_CHARS = 1_000;
const URL_STAND_IN = 'x:';

/** `header` as undici gives it: missing, one value (which may be several joined by commas), or several. */
export function readLinks(header: string | readonly string[] | undefined): Links {
  const byRel = new Map<string, string>();
  const values = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  for (const value of values) {
    const fault = addLinks(value, byRel);
    if (fault !== undefined) return { byRel: new Map(), fault };
  }
  return { byRel };
}

/** Walks `<URL>; parameters, <URL>; parameters`; returns what is wrong with it, if anything. */
function addLinks(value: string, byRel: Map<string, string>): string | undefined {
  if (value.length > MAX_HEADER_CHARS) return `a Link header of ${value.length} characters`;
  let at = skip(value, 0, ' \t,');
  if (at === value.length) return 'an empty Link header';
  while (at < value.length) {
    if (value[at] !== '<') return 'a Link header without <…> around its URL';
    const close = value.indexOf('>', at);
    if (close === -1) return 'a Link header that was cut short';
    const end = endOfParameters(value, close + 1);
    const fault = addLink(value.slice(at + 1, close), value.slice(close + 1, end), byRel);
    if (fault !== undefined) return fault;
    at = skip(value, end, ' \t,');
  }
  return undefined;
}

function addLink(url: string, written: string, byRel: Map<string, string>): string | undefined {
  const parameters = written.replace(/[ \t]+/g, ' ').trim();
  if (parameters.length > MAX_PARAMETER_CHARS) return 'a Link header with overlong parameters';
  const links = parseLinkHeader(`<${URL_STAND_IN}>${plainRel(parameters)}`);
  const rels = Object.keys(links ?? {});
  if (rels.length === 0) return 'a Link header without a relation';
  for (const rel of rels) {
    const name = rel.toLowerCase();
    const known = byRel.get(name);
    if (known !== undefined && known !== url) return `two different "${name.slice(0, 20)}" links`;
    byRel.set(name, url);
  }
  return undefined;
}

/** Spells the relation as the parser knows it: `REL = 'Next'` becomes `rel="Next"`. */
function plainRel(parameters: string): string {
  return parameters.replace(
    /; ?rel ?= ?(?:"([^"]*)"|'([^']*)'|([^\s;,"']+))/i,
    (_, double?: string, single?: string, bare?: string) =>
      `; rel="${(double ?? single ?? bare ?? '').trim()}"`,
  );
}

/** Where this link's parameters end: at a comma outside quotes, or at the end of the value. */
function endOfParameters(value: string, from: number): number {
  let quoted = false;
  for (let at = from; at < value.length; at++) {
    const char = value[at];
    if (char === '"') quoted = !quoted;
    else if (char === '\\' && quoted) at++;
    else if (char === ',' && !quoted) return at;
  }
  return value.length;
}

function skip(value: string, from: number, chars: string): number {
  let at = from;
  while (at < value.length && chars.includes(value.charAt(at))) at++;
  return at;
}
