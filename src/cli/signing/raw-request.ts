/** A request as it went over the wire, or as somebody kept it: perhaps a request line, headers, an empty line, the body. */
import { refuse } from '../../config/problems.ts';

export type Headers = Map<string, string[]>;

const REQUEST_LINE = /^[A-Z]+ \S+ HTTP\/\d(?:\.\d)?$/;

/** @throws ConfigError */
export function parseRequest(bytes: Buffer): { readonly headers: Headers; readonly body: Buffer } {
  const { head, rest } = cut(bytes);
  const headers: Headers = new Map();
  for (const [index, line] of head.entries()) {
    if (index === 0 && REQUEST_LINE.test(line)) continue;
    addHeader(headers, line, `--request line ${index + 1}`);
  }
  if (headers.has('transfer-encoding')) {
    refuse('--request', 'its body is sent in chunks', 'Give the body by itself, and --header.');
  }
  return { headers, body: ofLength(rest, headers.get('content-length')?.[0]) };
}

/** Adds `name: value`. `where` names it in messages: what is written is not repeated. @throws ConfigError */
export function addHeader(headers: Headers, line: string, where: string): void {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    refuse(where, 'it is no header', "Write it like 'webhook-id: msg_1'.");
  }
  const known = headers.get(name.toLowerCase()) ?? [];
  headers.set(name.toLowerCase(), [...known, value.trimEnd()]);
}

/** At the first empty line; lines end with CR LF or LF alone. */
function cut(bytes: Buffer): { readonly head: string[]; readonly rest: Buffer } {
  const head: string[] = [];
  let from = 0;
  for (;;) {
    const to = bytes.indexOf(0x0a, from);
    if (to === -1) {
      return refuse('--request', 'no empty line parts its headers from its body');
    }
    const line = bytes.toString('latin1', from, to).replace(/\r$/, '');
    from = to + 1;
    if (line === '') return { head, rest: bytes.subarray(from) };
    head.push(line);
  }
}

/** Editors put a line end behind the last line, which was not sent. */
function ofLength(rest: Buffer, written: string | undefined): Buffer {
  if (written === undefined) return rest;
  const length = Number(written);
  if (!/^\d{1,12}$/.test(written)) return refuse('content-length', 'it is no number');
  if (rest.length >= length) return rest.subarray(0, length);
  return refuse('body', `it was cut short: ${rest.length} bytes of ${length} are there`);
}
