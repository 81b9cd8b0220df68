/** Columns that may be NULL, as fields that may be absent. */
import type { Row } from './sqlite.ts';

type Column = Row[string] | undefined;

/** Those of them that are numbers. */
export function numbers<K extends string>(
  values: { readonly [_ in K]: Column },
): {
  readonly [_ in K]?: number;
} {
  const known = Object.entries(values).filter(([, value]) => typeof value === 'number');
  return Object.fromEntries(known) as { readonly [_ in K]?: number }; // filtered to numbers above
}

/** Those of them that are texts. */
export function texts<K extends string>(
  values: { readonly [_ in K]: Column },
): {
  readonly [_ in K]?: string;
} {
  const known = Object.entries(values).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(known) as { readonly [_ in K]?: string }; // filtered to texts above
}
