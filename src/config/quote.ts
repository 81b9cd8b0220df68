/** Shows what a person wrote inside a message, so that it can neither move a terminal's cursor nor flood it. */
import { printable } from '../printable.ts';

const MAX_SHOWN = 60;

/** Quoted, cut short, control characters escaped. Never for anything that may be a secret. */
export function quote(text: string): string {
  return `"${printable(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)}"`;
}
