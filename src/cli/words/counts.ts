/** Numbers, and what they are numbers of. */

/** `1 dead letter`, `3 dead letters`. */
export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** `41,203`. */
export function number(n: number): string {
  return n.toLocaleString('en-US');
}
