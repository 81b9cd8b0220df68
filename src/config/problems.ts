/** Lets parts of the configuration be read each alone or all together, and in both cases report every problem at once. */
import { ConfigError, type Problem, RoutesError } from '../errors.ts';

export type Parts = Readonly<Record<string, () => unknown>>;
export type Read<P extends Parts> = { readonly [Name in keyof P]: ReturnType<P[Name]> };
type PartlyRead<P extends Parts> = { readonly [Name in keyof P]?: ReturnType<P[Name]> };

/**
 * Runs every part, in order, and returns what each gave, under its name. Throws one ConfigError with the problems of
 * all parts that threw a ConfigError or a RoutesError; anything else that a part throws passes through at once.
 */
export function readAll<P extends Parts>(parts: P, known: readonly Problem[] = []): Read<P> {
  const { values, problems } = readSome(parts);
  const all = [...known, ...problems];
  if (all.length > 0) throw new ConfigError(all);
  return values as Read<P>; // without a problem every part gave its value
}

/** As `readAll`, but gives what could be read, and the problems beside it. */
export function readSome<P extends Parts>(
  parts: P,
): { readonly values: PartlyRead<P>; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(parts)) {
    try {
      values[name] = read();
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  }
  return { values: values as PartlyRead<P>, problems }; // each was set by the function of its name
}

export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ConfigError || error instanceof RoutesError) return error.problems;
  throw error;
}

export function refuse(where: string, message: string, hint?: string): never {
  throw new ConfigError([{ where, message, ...(hint !== undefined && { hint }) }]);
}
