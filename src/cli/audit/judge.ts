/** Which routes wanted an event, by the patterns that were in force when it was read. */
import { compilePattern, type Pattern } from '../../routing/pattern.ts';
import { ConfigTimes, type ConfigVersion, publishedAt } from '../../state/configs.ts';

/** Okta has about 1,300 event types; the cap only bounds what nonsense could fill. */
const MOST_ANSWERS = 10_000;

interface Matcher {
  readonly id: number;
  readonly patterns: readonly Pattern[];
}

export class Judge {
  readonly #matchers = new Map<number, readonly Matcher[]>();
  readonly #times: ConfigTimes;
  readonly #answers = new Map<string, ReadonlySet<number>>();

  constructor(versions: readonly ConfigVersion[]) {
    this.#times = new ConfigTimes(versions);
    for (const { id, routes } of versions) this.#matchers.set(id, routes.map(toMatcher));
  }

  /**
   * Ids of routes. `config`: the version that it was held against; where none is remembered, it is the one that was in
   * force when the event was published.
   */
  wantedBy(
    event: { readonly eventType?: string | undefined; readonly published?: string | undefined },
    config: number | undefined,
  ): ReadonlySet<number> {
    const version = this.#versionOf(event.published, config);
    const type = event.eventType ?? '';
    const key = `${version} ${type}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const matchers = this.#matchers.get(version) ?? [];
    const wanted = matchers.filter(({ patterns }) => patterns.some((one) => one.test(type)));
    const answer = new Set(wanted.map(({ id }) => id));
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear();
    this.#answers.set(key, answer);
    return answer;
  }

  #versionOf(published: string | undefined, config: number | undefined): number {
    if (config !== undefined && this.#matchers.has(config)) return config;
    return this.#times.inForceAt(publishedAt(published) ?? Number.POSITIVE_INFINITY) ?? 0;
  }
}

/** What was in force was a pattern then, and is one now. */
function toMatcher({ id, patterns }: ConfigVersion['routes'][number]): Matcher {
  return {
    id,
    patterns: patterns.map(compilePattern).filter((pattern) => 'test' in pattern),
  };
}
