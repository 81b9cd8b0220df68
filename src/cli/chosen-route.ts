/** The route that a person names: by its name, or by as much of the start of it as no other route has. */
import { didYouMean } from '../config/did-you-mean.ts';
import { refuse } from '../config/problems.ts';
import type { NamedRoute } from '../state/named-routes.ts';

const MOST_NAMES = 12;

/** @throws ConfigError naming what there is; what was written is not shown, for it may be a URL. */
export function chooseRoute(
  routes: readonly NamedRoute[],
  word: string,
  where: string,
): NamedRoute {
  // Of two with one name the one in force stands first.
  const exact = routes.find(({ name }) => name === word);
  if (exact !== undefined) return exact;
  const starting = word === '' ? [] : routes.filter(({ name }) => name.startsWith(word));
  const [only, ...others] = starting;
  if (only === undefined) return refuseUnknown(routes, word, where);
  if (others.length > 0) {
    return refuse(
      where,
      `several routes start so: ${namesOf(starting)}`,
      'Write more of the name.',
    );
  }
  return only;
}

function refuseUnknown(routes: readonly NamedRoute[], word: string, where: string): never {
  const meant = didYouMean(
    word,
    routes.map(({ name }) => name),
  );
  const question = meant === undefined ? '' : `Did you mean ${meant}? `;
  const known = routes.length === 0 ? 'There are none yet.' : `There are: ${namesOf(routes)}`;
  return refuse(
    where,
    'there is no route of that name in this state folder',
    `${question}${known}`,
  );
}

function namesOf(routes: readonly NamedRoute[]): string {
  const shown = routes.slice(0, MOST_NAMES).map(({ name }) => name);
  const more = routes.length > MOST_NAMES ? ` and ${routes.length - MOST_NAMES} more` : '';
  return `${shown.join(', ')}${more}`;
}
