/** A route as a person names it on the command line: by its name, or by the start of one. */
import { didYouMean } from '../config/did-you-mean.ts';
import { refuse } from '../config/problems.ts';

/** `where`: how the message names what was written, which may be a pasted URL and is never repeated. @throws ConfigError */
export function routeNamed<R extends { readonly name: string }>(
  routes: readonly R[],
  written: string,
  where: string,
): R {
  const text = written.trim();
  const exact = routes.find(({ name }) => name === text);
  if (exact !== undefined) return exact;
  const [first, ...others] = text === '' ? [] : routes.filter(({ name }) => name.startsWith(text));
  if (first !== undefined && others.length === 0) return first;
  const names = routes.map(({ name }) => name);
  if (first !== undefined) {
    const several = [first, ...others].map(({ name }) => name);
    return refuse(where, 'several routes begin like this', `name one of ${list(several)}`);
  }
  const meant = didYouMean(text, names);
  const hint = meant === undefined ? `there are ${list(names)}` : `did you mean ${meant}?`;
  return refuse(where, 'no route has this name', hint);
}

const MOST_NAMES = 8;

function list(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).join(', ')}${more}`;
}
