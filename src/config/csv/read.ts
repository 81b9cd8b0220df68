/** loghook.csv: `regex,URL` on each line. Every bad line is reported at once, by its number, and no URL is ever repeated. */
import { type Problem, RoutesError } from '../../errors.ts';
import { printable } from '../../printable.ts';
import { joinLines, type Line } from '../../routing/join.ts';
import { compilePattern } from '../../routing/pattern.ts';
import { parseDestination } from '../../routing/route.ts';
import { Routes } from '../../routing/routes.ts';
import { quote } from '../quote.ts';
import { decodeUtf8, isUtf16, readBytes } from '../text-file.ts';
import { splitFields } from './line.ts';

const EXAMPLE = 'write a line like ^user\\.session\\.start$,https://example.com/hook';
const HEADER_PATTERN = /^(regex|regexp|pattern|match|event|event_?type)$/i;
const HEADER_URL = /^(url|destination)$/i;

type Fault = Omit<Problem, 'where'>;

/** A line as it was written, for whoever writes it anew. */
export interface CsvLine extends Line {
  /** From 1. */
  readonly number: number;
  /** May hold secrets. */
  readonly urlAsWritten: string;
}

/**
 * Reads the file from scratch. Throws RoutesError with every bad line, or with the one reason why there are no routes.
 * `shownAs` is how messages name the file.
 */
export function loadRoutes(path: string, shownAs: string = path): Routes {
  const lines = parseRoutes(readRoutesFile(path, shownAs), shownAs);
  return new Routes(joinLines(lines));
}

/** The lines of a routes file; throws RoutesError as loadRoutes does. */
export function parseRoutes(bytes: Buffer, shownAs: string): CsvLine[] {
  const lines: CsvLine[] = [];
  const problems: Problem[] = [];
  let isFirst = true;
  for (const [index, text] of splitLines(bytes).entries()) {
    if (text !== undefined && isBlankOrComment(text)) continue;
    const { line, faults } = readLine(text, isFirst);
    isFirst = false;
    if (line !== undefined) lines.push({ ...line, number: index + 1 });
    problems.push(...faults.map((fault) => ({ where: `${shownAs} line ${index + 1}`, ...fault })));
  }

  if (problems.length > 0) throw new RoutesError(problems);
  if (lines.length === 0) refuse(shownAs, 'it holds no routes', EXAMPLE);
  return lines;
}

export function readRoutesFile(path: string, shownAs: string): Buffer {
  const file = readBytes(path);
  if (file.kind === 'folder') refuse(shownAs, 'it is a folder, not a file', 'name the file itself');
  if (file.kind === 'unreadable') refuse(shownAs, `could not read it: ${file.message}`, file.hint);
  if (file.kind === 'absent') {
    refuse(
      shownAs,
      'there is no such file',
      `make it and ${EXAMPLE}; or try \`loghook listen 3000\`, which needs no file`,
    );
  }
  if (isUtf16(file.bytes)) refuse(shownAs, 'it is UTF-16 text', 'save it as UTF-8');
  return file.bytes;
}

/** Each line without its end; undefined where the bytes are not UTF-8. */
export function splitLines(bytes: Buffer): (string | undefined)[] {
  return bytes
    .toString('latin1') // one character a byte, so that each line can be decoded by itself
    .split(/\r\n|\n|\r/)
    .map((line) => decodeUtf8(Buffer.from(line, 'latin1')));
}

export function isBlankOrComment(text: string): boolean {
  return /^\s*(#|$)/.test(text);
}

function readLine(
  text: string | undefined,
  isFirst: boolean,
): { line?: Omit<CsvLine, 'number'>; faults: Fault[] } {
  if (text === undefined) return fault('it holds bytes that are not UTF-8', 'save it as UTF-8');
  if (text.includes('\0')) return fault('it holds a NUL byte', 'was the file written to its end?');
  const split = splitFields(text);
  if ('error' in split) {
    return fault(split.error, 'put quotes around the whole field, and write a quote in it as ""');
  }

  const [pattern = '', url = ''] = split.fields;
  if (split.fields.length === 1)
    return fault('it holds one column, not a regex and a URL', EXAMPLE);
  if (split.fields.length > 2) {
    return fault(
      `it holds ${split.fields.length} columns, not 2`,
      'quote a pattern that holds a comma: "^user\\.(a|b){1,2}",https://example.com/hook',
    );
  }
  if (isFirst && HEADER_PATTERN.test(pattern) && HEADER_URL.test(url)) return { faults: [] };
  return readRoute(pattern, url);
}

function readRoute(
  pattern: string,
  url: string,
): { line?: Omit<CsvLine, 'number'>; faults: Fault[] } {
  const destination = parseDestination(url);
  const faults: Fault[] = [];
  // With the columns swapped the pattern is a URL: it is shown only where it cannot be one.
  const mayShow = !('error' in destination) && !/[/@]/.test(pattern);
  const patternFault = checkPattern(pattern, mayShow);
  if (patternFault !== undefined) faults.push(patternFault);
  if (!('error' in destination)) {
    return faults.length > 0
      ? { faults }
      : { line: { pattern, destination, urlAsWritten: url.trim() }, faults };
  }

  const isSwapped = /^https?:\/\//i.test(pattern);
  const hint = isSwapped ? 'the URL stands in the first column: swap the two' : destination.hint;
  return { faults: [...faults, { message: destination.error, hint }] };
}

function checkPattern(pattern: string, mayShow: boolean): Fault | undefined {
  if (pattern === '') return { message: 'the pattern is empty', hint: 'write .* for every event' };
  const compiled = compilePattern(pattern);
  if (!('error' in compiled)) return undefined;
  const hint = 'patterns are Go (RE2) regular expressions: https://pkg.go.dev/regexp/syntax';
  if (!mayShow) return { message: 'the pattern is not a regular expression', hint };
  return {
    message: `${quote(pattern)} is not a regular expression (${printable(compiled.error)})`,
    hint,
  };
}

function fault(message: string, hint: string): { faults: Fault[] } {
  return { faults: [{ message, hint }] };
}

function refuse(where: string, message: string, hint?: string): never {
  throw new RoutesError([{ where, message, ...(hint !== undefined && { hint }) }]);
}
