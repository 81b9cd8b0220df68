/** Shows what a person wrote inside a message, so that it can neither move a terminal's cursor nor flood it. */

const MAX_SHOWN = 60;

/** Quoted, cut short, control characters escaped. Never for anything that may be a secret. */
export function quote(text: string): string {
  return `"${printable(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)}"`;
}

/** Control and formatting characters, such as ESC or a right-to-left override, as `\u001b`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return `\\u${codePoint.toString(16).padStart(4, '0')}`;
  });
}
