/** One pattern of a route: Go's RE2 syntax, as loghook.csv files have always had it, matched in linear time. */
import { RE2JS } from 're2js';

export interface Pattern {
  /** Whether the pattern is found anywhere in `text`: it is not anchored. */
  test(text: string): boolean;
}

/** The pattern, or why it is none in Go's own words (https://pkg.go.dev/regexp/syntax#ErrorCode). */
export function compilePattern(text: string): Pattern | { readonly error: string } {
  try {
    return RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { error: error.message.replace(/^error parsing regexp: /, '') };
  }
}
