/** Routes drawn as a tree: at the start of a run, and by `check`. URLs are never shown, only routes' names. */

export interface ShownRoute {
  readonly name: string;
  readonly patterns: readonly string[];
  /** Set when the URL held a user name and password. */
  readonly auth?: string;
  /** What it takes instead of events that match. */
  readonly takes?: string;
  /** What its options say. */
  readonly options?: readonly string[];
}

/** One line a pattern, and one an option; not yet filtered for a terminal. */
export function routeTree(routes: readonly ShownRoute[]): string[] {
  const width = Math.max(...routes.map(({ name }) => name.length), 0);
  return routes.flatMap((route, index) => {
    const [branch, stem] = index === routes.length - 1 ? ['└─', '  '] : ['├─', '│ '];
    const [first = '', ...others] = linesOf(route);
    return [
      ` ${branch} ${route.name.padEnd(width)}   ${first}`,
      ...others.map((line) => ` ${stem} ${' '.repeat(width)}   ${line}`),
    ];
  });
}

function linesOf({ patterns, takes, auth, options = [] }: ShownRoute): string[] {
  const note = auth === undefined ? '' : `   (${auth} auth)`;
  const [first, ...others] = patterns.map((pattern) => `/${pattern}/`);
  return [`${first ?? takes ?? ''}${note}`, ...others, ...options];
}
