/** The word that a person most likely meant, of those that are allowed. */

/** A longer text is no misspelt word, and comparing it would cost. */
const LONGEST = 64;

/** The nearest of `allowed`, when it is near enough to be worth a question; letter case does not count. */
export function didYouMean(word: string, allowed: Iterable<string>): string | undefined {
  const written = word.trim().toLowerCase();
  if (written === '' || written.length > LONGEST) return undefined;
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of allowed) {
    const distance = distanceOf(written, candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest !== undefined && least <= furthest(written, nearest) ? nearest : undefined;
}

/** A third of the letters may be wrong, and one in any case; never all of them. */
function furthest(written: string, meant: string): number {
  const length = Math.min(written.length, meant.length);
  return Math.min(Math.max(1, Math.floor(length / 3)), length - 1);
}

/** Letters to put in, take out or change, or neighbours to swap, until one is the other. */
function distanceOf(one: string, other: string): number {
  if (other.length > LONGEST) return LONGEST;
  let before: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const changed = one[row - 1] === other[column - 1] ? 0 : 1;
      current.push(
        Math.min(
          at(last, column) + 1,
          at(current, column - 1) + 1,
          at(last, column - 1) + changed,
          areSwapped(one, row, other, column) ? at(before, column - 2) + 1 : LONGEST,
        ),
      );
    }
    before = last;
    last = current;
  }
  return at(last, other.length);
}

function areSwapped(one: string, row: number, other: string, column: number): boolean {
  return one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? LONGEST;
}
