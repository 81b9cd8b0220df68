/** Lets parts of the configuration be read each alone or all together, and in both cases report every problem at once. */
import { ConfigError, type Problem, RoutesError } from '../errors.ts';

export type Parts = Readonly<Record<string, () => unknown>>;
export type Read<P extends Parts> = { readonly [Name in keyof P]: ReturnType<P[Name]> };

/**
 * Runs every part, in order, and returns what each gave, under its name. Throws one ConfigError with the problems of
 * all parts that threw a ConfigError or a RoutesError; anything else that a part throws passes through at once.
 */
export function readAll<P extends Parts>(parts: P, known: readonly Problem[] = []): Read<P> {
  const problems = [...known];
  const values: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(parts)) {
    try {
      values[name] = read();
    } catch (error) {
      problems.push(...problemsOf(error));
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Read<P>; // every name of `parts` was set above, by the function of that name
}

export function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ConfigError || error instanceof RoutesError) return error.problems;
  throw error;
}

export function refuse(where: string, message: string, hint?: string): never {
  throw new ConfigError([{ where, message, ...(hint !== undefined && { hint }) }]);
}
