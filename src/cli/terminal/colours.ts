/** The colours of a terminal: https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters */

export const BOLD = 1;
export const DIM = 2;
export const RED = 31;
export const GREEN = 32;
export const YELLOW = 33;
export const CYAN = 36;

export function paint(colour: number, text: string): string {
  return `\u001b[${colour}m${text}\u001b[0m`;
}
