/** Routes drawn as a tree: at the start of a run, and by `check`. URLs are never shown, only routes' names. */

export interface ShownRoute {
  readonly name: string;
  readonly patterns: readonly string[];
  /** Set when the URL held a user name and password. */
  readonly auth?: string;
}

/** One line a pattern; not yet filtered for a terminal. */
export function routeTree(routes: readonly ShownRoute[]): string[] {
  const width = Math.max(...routes.map(({ name }) => name.length), 0);
  return routes.flatMap(({ name, patterns, auth }, index) => {
    const [branch, stem] = index === routes.length - 1 ? ['└─', '  '] : ['├─', '│ '];
    const note = auth === undefined ? '' : `   (${auth} auth)`;
    const [first = "loghook's own events", ...others] = patterns.map((pattern) => `/${pattern}/`);
    return [
      ` ${branch} ${name.padEnd(width)}   ${first}${note}`,
      ...others.map((pattern) => ` ${stem} ${' '.repeat(width)}   ${pattern}`),
    ];
  });
}
