/** What is printed: lines, bytes and JSON, past the control-character filter where a terminal would take it. */
import { printable } from '../../printable.ts';
import type { Output } from '../io.ts';
import { folded } from './folded.ts';

/** Lines of text, past the control-character filter. */
export function writeLines(output: Output, lines: readonly string[]): void {
  for (const line of lines) output.write(`${printable(line)}\n`);
}

/** The same for prose: on a terminal lines break between words, and go on two places further in. */
export function writeProse(output: Output, lines: readonly string[]): void {
  const shown = lines.flatMap((line) => {
    const clean = printable(line);
    return folded(clean, output, clean.search(/\S|$/) + 2);
  });
  for (const line of shown) output.write(`${line}\n`);
}

/** For a terminal: every line of `text` past the control-character filter. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Byte for byte into a file or a pipe; a terminal gets the text past the control-character filter. */
export function writeRaw(output: Output, raw: Buffer): void {
  output.write(output.isTTY === true ? `${printableLines(raw.toString('utf8'))}\n` : raw);
}

/** JSON and a line's end; a terminal gets characters that could move its cursor as JSON escapes. */
export function writeJson(output: Output, value: unknown, indent?: number): void {
  output.write(jsonLine(output, value, indent));
}

export function jsonLine(output: Output, value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return `${output.isTTY === true ? printableLines(text) : text}\n`;
}
