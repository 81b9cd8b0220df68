/** What is wrong with a text as YAML, and what to do: the parser's own words may repeat what stands there. */
import type { ErrorCode } from 'yaml';

interface Words {
  readonly message: string;
  readonly hint: string;
}

const QUOTE_REGEX =
  "text or a regex that begins with [ { * & ! | > % @ ` or holds ': ' needs single quotes: '[a-z]+'";

const WORDS: Partial<Record<ErrorCode, Words>> = {
  BAD_ALIAS: { message: 'a * begins an alias, and no name follows', hint: QUOTE_REGEX },
  BAD_DIRECTIVE: {
    message: 'a line that begins with % is not understood',
    hint: 'take it away, or put quotes around the text',
  },
  BAD_DQ_ESCAPE: {
    message: 'in double quotes a backslash begins an escape, and this is none',
    hint: "use single quotes around a regex: '^user\\.session\\.start$'",
  },
  BAD_INDENT: {
    message: 'the indentation does not fit, or a [ or { is never closed',
    hint: `indent with spaces, two a level; ${QUOTE_REGEX}`,
  },
  BAD_SCALAR_START: {
    message: 'YAML keeps this character for itself at the start of text',
    hint: QUOTE_REGEX,
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: "a second ': ' stands in this line",
    hint: "put single quotes around text that holds ': '",
  },
  MISSING_CHAR: {
    message: 'something is opened and never closed, or a : or , is missing',
    hint: "close the quote or bracket; write a single quote inside '…' as ''",
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a line is no `key: value`',
    hint: 'put a space behind the colon, and indent what belongs together alike',
  },
  MULTIPLE_DOCS: {
    message: 'a second document begins here (---)',
    hint: 'put all routes into one document',
  },
  RESOURCE_EXHAUSTION: {
    message: 'it is nested too deeply',
    hint: 'write it flat',
  },
  TAB_AS_INDENT: { message: 'a tab stands where YAML wants spaces', hint: 'indent with spaces' },
  TAG_RESOLVE_FAILED: {
    message: 'a ! begins a tag, which is not understood here',
    hint: QUOTE_REGEX,
  },
  UNEXPECTED_TOKEN: {
    message: 'something stands here that YAML does not expect',
    hint: `is the line above whole, and indented with spaces? ${QUOTE_REGEX}`,
  },
};

const OTHER: Words = { message: 'it is not YAML', hint: QUOTE_REGEX };

export function syntaxFault(code: ErrorCode): Words {
  return WORDS[code] ?? OTHER;
}
