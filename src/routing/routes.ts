/** Which routes want an event. Answers are remembered by event type, since an org has few of them. */
import { RoutesError } from '../errors.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import type { Route } from './route.ts';

/** Okta has about 1,300 event types; the caps only bound what nonsense could fill. */
const MAX_ANSWERS = 10_000;
const MAX_REMEMBERED_LENGTH = 256;

interface Matcher {
  readonly route: Route;
  readonly patterns: readonly Pattern[];
}

/** Sees how long each route's patterns took over an event whose answer was not remembered. */
export interface Stopwatch {
  /** Ms that only move forward. */
  monotonic(): number;
  judged(route: Route, ms: number): void;
}

export class Routes {
  /** Those in force: they can be owed to, and send. */
  readonly all: readonly Route[];
  /** Switched off: they want and send nothing, and keep their queues. */
  readonly disabled: readonly Route[];
  readonly #matchers: readonly Matcher[];
  readonly #answers = new Map<string, readonly Route[]>();

  /** Throws RoutesError, with every pattern that is none, if there is one. */
  constructor(routes: readonly Route[]) {
    this.all = Object.freeze(routes.filter(({ enabled }) => enabled !== false));
    this.disabled = Object.freeze(routes.filter(({ enabled }) => enabled === false));
    this.#matchers = compileAll(this.all);
  }

  /** In the order of `all`. An event without a type is matched as if its type were empty: `.*` wants it, `^user` does not. */
  wantedBy(
    event: { readonly eventType?: string | undefined },
    stopwatch?: Stopwatch,
  ): readonly Route[] {
    const type = event.eventType ?? '';
    const remembered = this.#answers.get(type);
    if (remembered !== undefined) return remembered;

    const answer = Object.freeze(
      this.#matchers.filter((matcher) => wants(matcher, type, stopwatch)).map(({ route }) => route),
    );
    this.#remember(type, answer);
    return answer;
  }

  #remember(type: string, answer: readonly Route[]): void {
    if (type.length > MAX_REMEMBERED_LENGTH) return;
    if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
    this.#answers.set(type, answer);
  }
}

function wants({ route, patterns }: Matcher, type: string, stopwatch?: Stopwatch): boolean {
  const startedAt = stopwatch?.monotonic() ?? 0;
  const isWanted = patterns.some((pattern) => pattern.test(type));
  if (patterns.length > 0) stopwatch?.judged(route, stopwatch.monotonic() - startedAt);
  return isWanted;
}

function compileAll(routes: readonly Route[]): Matcher[] {
  const compiled = routes.map((route) => ({ route, patterns: route.patterns.map(compilePattern) }));
  const problems = compiled.flatMap(({ route, patterns }) =>
    patterns
      .filter((pattern) => 'error' in pattern)
      .map(({ error }) => ({ where: route.name, message: `not a regular expression (${error})` })),
  );
  if (problems.length > 0) throw new RoutesError(problems);
  return compiled.map(({ route, patterns }) => ({
    route,
    patterns: patterns.filter((pattern) => 'test' in pattern),
  }));
}
