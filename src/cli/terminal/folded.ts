/** Prose in the width of a terminal. A file or a pipe gets each line whole; so does a terminal too narrow for words. */
import type { Output } from '../io.ts';

const NARROWEST = 40;

/** Breaks `text` between words; what goes on below is indented by `indent`. Only for characters that take one place. */
export function folded(text: string, { isTTY, columns }: Output, indent: number): string[] {
  if (isTTY !== true || columns === undefined || columns < NARROWEST) return [text];
  const lines: string[] = [];
  let rest = text;
  while (rest.length > columns) {
    const at = breakOf(rest, columns, lines.length === 0 ? 0 : indent);
    if (at === -1) break;
    lines.push(rest.slice(0, at));
    rest = `${' '.repeat(indent)}${rest.slice(at).trimStart()}`;
  }
  return [...lines, rest];
}

/** The last space that leaves something before it; a word that is longer than a line goes on as it is, to be copied whole. */
function breakOf(text: string, width: number, indent: number): number {
  const start = Math.max(indent, text.search(/\S/));
  const before = text.lastIndexOf(' ', width);
  return before > start ? before : text.indexOf(' ', Math.max(width, start));
}
