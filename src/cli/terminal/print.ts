/** What is printed: lines and JSON, past the control-character filter where a terminal would take it. */
import { printable } from '../../printable.ts';
import type { Output } from '../io.ts';

/** Lines of text, past the control-character filter. */
export function writeLines(output: Output, lines: readonly string[]): void {
  for (const line of lines) output.write(`${printable(line)}\n`);
}

/** For a terminal: every line of `text` past the control-character filter. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON and a line's end; a terminal gets characters that could move its cursor as JSON escapes. */
export function writeJson(output: Output, value: unknown, indent?: number): void {
  output.write(jsonLine(output, value, indent));
}

export function jsonLine(output: Output, value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return `${output.isTTY === true ? printableLines(text) : text}\n`;
}
