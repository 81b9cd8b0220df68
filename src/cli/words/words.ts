/** Instants, durations and tables as people read them. Whatever goes into a table passes the control-character filter. */

import { printable } from '../../printable.ts';
import type { Output } from '../io.ts';
import { ago } from './duration.ts';

/** Local time: `2026-11-21 09:46:04`. */
export function localTime(at: number): string {
  const local = new Date(at);
  const pad = (part: number) => String(part).padStart(2, '0');
  const day = `${local.getFullYear()}-${pad(local.getMonth() + 1)}-${pad(local.getDate())}`;
  return `${day} ${pad(local.getHours())}:${pad(local.getMinutes())}:${pad(local.getSeconds())}`;
}

/** Local time as a narrow column: `09:46:04`, or `11-20 09:46` on another day than `now`. */
export function shortTime(at: number, now: number): string {
  const [then, today] = [localTime(at), localTime(now)];
  return then.slice(0, 10) === today.slice(0, 10) ? then.slice(11) : then.slice(5, 16);
}

/** `2026-11-21 09:46:04 (45 s ago)`, or `never`. */
export function when(at: number | undefined, now: number): string {
  return at === undefined ? 'never' : `${localTime(at)} (${ago(now - at)})`;
}

/** Lines with columns two spaces apart; columns of numbers stand to the right. The first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const shown = rows.map((row) => row.map(printable));
  const [heading = [], ...body] = shown;
  const widths = heading.map((_, column) =>
    Math.max(...shown.map((row) => row[column]?.length ?? 0)),
  );
  const isNumber = heading.map((_, column) => areNumbers(body.map((row) => row[column] ?? '')));
  return shown.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return isNumber[column] ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Or a `-` where there is none. */
function areNumbers(cells: readonly string[]): boolean {
  return (
    cells.some((cell) => /\d/.test(cell)) && cells.every((cell) => /^(?:[\d,]*|-)$/.test(cell))
  );
}

/** ISO 8601, for JSON. */
export function iso(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}

/** `1 dead letter`, `3 dead letters`. */
export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** `41,203`. */
export function number(n: number): string {
  return n.toLocaleString('en-US');
}

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
