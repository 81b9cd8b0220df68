/** A table as people read it. Whatever goes into it passes the control-character filter. */
import { printable } from '../../printable.ts';

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
