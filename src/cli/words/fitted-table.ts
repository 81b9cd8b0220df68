/** A table that keeps to the width of a terminal: cells of the columns that may be cut end in a `…` there. */
import { printable } from '../../printable.ts';
import type { Output } from '../io.ts';
import { table } from './table.ts';

/** Of a cut cell at least this much is left. */
const NARROWEST = 8;
const GAP = 2;

/** The widest of the `cuttable` columns (by their place) give way first; a file or a pipe gets everything. */
export function fittedTable(
  rows: readonly (readonly string[])[],
  { isTTY, columns }: Output,
  cuttable: readonly number[],
): string[] {
  if (isTTY !== true || columns === undefined) return table(rows);
  const shown = rows.map((row) => row.map(printable));
  const widths = (shown[0] ?? []).map((_, column) =>
    Math.max(...shown.map((row) => row[column]?.length ?? 0)),
  );
  const cut = narrowed(widths, columns, cuttable);
  return table(shown.map((row) => row.map((cell, column) => cutTo(cell, cut[column] ?? 0))));
}

/** The widths that fit, or the narrowest there are. */
function narrowed(
  widths: readonly number[],
  most: number,
  cuttable: readonly number[],
): readonly number[] {
  const fitting = [...widths];
  let tooMuch = widths.reduce((sum, width) => sum + width + GAP, -GAP) - most;
  while (tooMuch > 0) {
    const [widest] = cuttable
      .filter((column) => (fitting[column] ?? 0) > NARROWEST)
      .sort((one, other) => (fitting[other] ?? 0) - (fitting[one] ?? 0));
    if (widest === undefined) return fitting;
    fitting[widest] = (fitting[widest] ?? 0) - 1;
    tooMuch -= 1;
  }
  return fitting;
}

function cutTo(cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell;
}
